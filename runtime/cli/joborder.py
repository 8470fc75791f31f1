"""``landslip joborder``, which is ``landslip-ipf`` as well."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import click

from landslip.runtime.cli.log_formats import formatter_for
from landslip.runtime.cli.log_setup import JOB_ORDER, StreamOfLines, usual_format
from landslip.runtime.cli.paths import PATH
from landslip.runtime.errors import LandslipError
from landslip.runtime.system.log_fields import set_log_fields


@click.command(JOB_ORDER)
@click.argument("order", type=PATH, metavar="JOBORDER.xml")
@click.option(
    "--config",
    type=PATH,
    help="What file types and parameters mean.  [default: landslip-ipf.toml beside the order, else the one that it "
    "names, else the user's]",
)
@click.option(
    "--working-dir",
    "working",
    type=PATH,
    help="Folder that relative paths start at, and where the list of products goes.  [default: that of the order]",
)
@click.option("--task", help="Run this task alone, of an order with several of landslip's.")
@click.option("--check", is_flag=True, help="Check everything, say what mapping takes, and write nothing.")
@click.version_option(package_name="landslip", prog_name="landslip-ipf", message="%(prog)s %(version)s")
@click.pass_context
def joborder_command(
    ctx: click.Context, order: Path, config: Path | None, working: Path | None, task: str | None, check: bool
) -> int:
    """Carry out a job order of an ESA processing facility.

    JOBORDER.xml is of the Generic IPF (Sentinels) or of the Generic Processor ICD (Earth Explorers). What its file
    types and parameters mean is said by a landslip-ipf.toml. Products get the names that the order asks for, and are
    listed in ORDER_ID.LIST. Exit codes are 0 done, 1 done with warnings, 128 and more failed.
    """
    # Here, so that --help does not wait for GDAL and numba.
    from landslip.runtime.joborder.ipf_config import config_path, read_config  # noqa: PLC0415
    from landslip.runtime.joborder.job_orders import read_job_order  # noqa: PLC0415
    from landslip.runtime.joborder.order_log import ordered_levels  # noqa: PLC0415
    from landslip.runtime.joborder.order_run import run_order  # noqa: PLC0415
    from landslip.runtime.system.progress import progress_for  # noqa: PLC0415

    path = order.absolute()
    ordered = read_job_order(path)
    set_log_fields(
        job=ordered.order_id, processor=ordered.processor, version=ordered.version, node=ordered.node,
        task=task or (ordered.tasks[0].name if len(ordered.tasks) == 1 else None),
    )  # fmt: skip
    folder = path.parent if working is None else working.absolute()
    form = ctx.find_root().params.get("log_format") or usual_format(JOB_ORDER)
    # One that is closed is none; a handler without a stream would write to the other.
    stdout, stderr = (
        logging.NullHandler() if each is None else StreamOfLines(each) for each in (sys.stdout, sys.stderr)
    )
    for handler in (stdout, stderr):
        handler.setFormatter(formatter_for(form))
    with ordered_levels(ordered, stdout, stderr):
        try:
            meaning = read_config(config_path(ordered, folder, config))
            return run_order(ordered, meaning, folder, only=task, check=check, progress=progress_for(sys.stderr))
        except LandslipError as error:
            stdout.handle(_said(error))  # on standard error it is the last line
            raise


def _said(error: LandslipError) -> logging.LogRecord:
    record = logging.LogRecord("landslip", logging.ERROR, __file__, 0, "%s", (str(error),), None)
    record.code = 128 + error.exit_code
    return record
