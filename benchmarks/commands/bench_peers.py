"""``landslip bench peers``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from landslip.benchmarks.commands.bench_options import artifacts_option, out_option, show
from landslip.benchmarks.studies.peer_memory import measure_peers_memory
from landslip.benchmarks.studies.peers_race import PeersBench, measure_peers
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.errors import UsageError


@click.command(context_settings={"show_default": True})
@out_option
@artifacts_option
@click.option("--size", type=int, default=4592, help="Rows and columns of the scene without a network.")
@click.option("--seconds", type=float, default=20.0, help="About how long a map with the network takes.")
@click.option("--repeats", type=click.IntRange(1), default=3, help="Timed maps of each; the median counts.")
@click.option("--memory", is_flag=True, help="Peak memory alone, without a network; for a large --size.")
def peers(out: Path | None, model: Path | None, size: int, seconds: float, repeats: int, memory: bool) -> None:
    """Maps from files to a file, against the published loop, MONAI, geoai and TerraTorch, as far as they are here."""
    if memory and model is not None:
        raise UsageError("--memory compares without a network: leave --model out.")
    with tempfile.TemporaryDirectory() as folder:
        if memory:
            report = measure_peers_memory(Path(folder), size)
        else:
            report = measure_peers(PeersBench(model or DEMO_MODEL, size, seconds, repeats), Path(folder))
    show(report, out)
