"""``landslip products``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from landslip.runtime.access.location import Location
from landslip.runtime.cli.paths import PATH
from landslip.runtime.cli.product_flags import product_flags, products_asked
from landslip.runtime.cli.scene_options import FILE


@click.command("products", context_settings={"show_default": True})
@click.argument("out", type=PATH)
@product_flags
@click.option(
    "--scene",
    type=FILE,
    help="Scene again, as it was mapped, where its images lie elsewhere now: SCENE.toml, or a STAC Item, "
    "ItemCollection or Catalog. The report shows them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the run record as JSON.")
def products_command(out: Path, scene: Location | None, as_json: bool, **options: Any) -> None:
    """Make products of the finished map in the folder OUT, and add them to it.

    Neither model nor engine is needed. The files of OUT have to be those that its run.json lists.
    """
    # Here, so that --help does not wait for GDAL.
    from landslip.runtime.cli.printing import print_json, print_paths  # noqa: PLC0415
    from landslip.runtime.delivery.further_products import add_to_finished  # noqa: PLC0415
    from landslip.runtime.inputs.scene_toml import read_scene_file  # noqa: PLC0415
    from landslip.runtime.system.progress import progress_for  # noqa: PLC0415

    asked = products_asked(options)
    given = None if scene is None else read_scene_file(scene)
    record = add_to_finished(out, asked, progress_for(sys.stderr), given)
    if as_json:
        print_json(record, out)
    else:
        print_paths([out / name for name in asked.names], out)
