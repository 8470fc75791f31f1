"""``landslip bench all``.

Each benchmark runs in a process of its own, as when it is asked for alone: what those before it have loaded would slow
it down. After the throughput's engines and TensorFlow, a map without a network took a fifth longer.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from landslip.benchmarks.commands.bench_options import artifacts_option
from landslip.benchmarks.reports.machine_names import machine_name
from landslip.benchmarks.reports.report import Table, table_lines
from landslip.benchmarks.studies.entrants import has_monai
from landslip.runtime.cli.paths import PATH
from landslip.runtime.errors import LandslipError
from landslip.runtime.system.machine import describe_environment

log = logging.getLogger(__name__)


@click.command("all", context_settings={"show_default": True})
@click.option("-o", "--out", type=PATH, required=True, help="Folder for the reports.")
@artifacts_option
@click.option("--hdf5", type=PATH, help="Keras file of the same network, for the published loop.")
@click.option("--by-machine", is_flag=True, help="Write into a folder below --out, named after this machine.")
@click.option("--only", multiple=True, help="Leave out all others than this benchmark. Repeatable.")
@click.pass_context
def everything(
    context: click.Context, out: Path, model: Path | None, hdf5: Path | None, by_machine: bool, only: tuple[str, ...]
) -> int:
    """Run all benchmarks with their defaults, and show what they say of each target.

    Goes on where one fails, says so, and then exits with 1. At the end it says how many minutes each took.
    """
    folder = out / machine_name(describe_environment()) if by_machine else out
    folder.mkdir(parents=True, exist_ok=True)
    if not has_monai():
        log.warning("MONAI is not measured: it is not installed (pip install 'landslip[bench-peers]')")
    voice = _voice(context.find_root().params)
    done: list[bool] = []
    minutes: list[tuple[str, float]] = []
    for name, options in _steps(model, hdf5):
        if not only or name in only:
            began = time.monotonic()
            done.append(_done([*voice, "bench", name, *_flags({**options, "out": folder})]))
            minutes.append((_told(name, options), (time.monotonic() - began) / 60.0))
    done.append(_done([*voice, "bench", "summary", str(folder)]))
    total = ("all", sum(taken for _, taken in minutes))
    click.echo("\n".join(["", *table_lines(Table("", ("study", "minutes"), [*minutes, total]))]))
    return 0 if all(done) else LandslipError.exit_code


def _steps(model: Path | None, hdf5: Path | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Commands and their options, what is asked for most often first.

    Where the default of a command would take minutes for figures that no target asks for, it repeats less here.
    """
    yield "throughput", {"model": model, "hdf5": hdf5}
    yield "roofline", {"model": model}
    yield "placing", {"model": model}
    yield "parity", {"model": model}
    yield "memory", {}
    if has_monai():
        yield "memory", {"monai": True}
    yield "memory", {"sentinel2": True}
    yield "pipeline", {"repeats": 2}
    yield "peers", {"model": model, "repeats": 2}
    yield "shards", {"model": model if model is None or model.is_file() else None, "repeats": 2}
    yield "alert", {}
    yield "products", {"model": model}
    yield "start", {}
    yield "presets", {"repeats": 2}
    yield "scaling", {"seconds": 4.0, "repeats": 3}


def _told(name: str, options: dict[str, Any]) -> str:
    """Name of a step, with the options that say which of its measurements it is."""
    return " ".join([name, *(f"--{option}" for option, value in options.items() if value is True)])


def _voice(params: dict[str, Any]) -> list[str]:
    """Options of ``landslip`` itself, as they were given."""
    form = params.get("log_format")
    return [
        *["--verbose"] * params.get("verbose", 0),
        *["--quiet"] * params.get("quiet", False),
        *([] if form is None else ["--log-format", form]),
    ]


def _flags(options: dict[str, Any]) -> Iterator[str]:
    for option, value in options.items():
        if value is not None:
            yield f"--{option}"
            if value is not True:
                yield str(value)


def _done(arguments: Sequence[str]) -> bool:
    """Run a command, and say whether it went well; what is wrong it says itself."""
    told = " ".join(["landslip", *arguments])
    log.info("%s", told)
    code = run_apart(arguments)
    if code:
        log.warning("%s ended with exit code %d.", told, code)
    return not code


def run_apart(arguments: Sequence[str]) -> int:
    """Run ``landslip`` in a process of its own, which says what it says where this one does.

    Args:
        arguments: of its command line.

    Returns:
        Its exit code.
    """
    return subprocess.run([sys.executable, "-m", "landslip", *arguments], check=False).returncode
