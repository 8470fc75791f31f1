"""``landslip bench``: its commands are found by name and loaded only when they are run."""

from __future__ import annotations

import click

from landslip.runtime.cli.lazy_group import LazyGroup

_COMMANDS = "landslip.benchmarks.commands"

COMMANDS = {
    "throughput": (
        f"{_COMMANDS}.bench_throughput:throughput",
        "Maps, engines, the published loop, MONAI in one run.",
    ),
    "roofline": (
        f"{_COMMANDS}.bench_roofline:roofline",
        "The network in every engine against the machine's best.",
    ),
    "placing": (f"{_COMMANDS}.bench_placing:placing", "INT8 as landslip places it, against convolutions alone."),
    "parity": (f"{_COMMANDS}.bench_parity:parity", "Compare every artifact, in every engine, with the network."),
    "memory": (f"{_COMMANDS}.bench_memory:memory", "Peak memory by scene height, at large, against MONAI."),
    "pipeline": (f"{_COMMANDS}.bench_pipeline:pipeline", "The pipeline without a network, and its stages' shares."),
    "peers": (f"{_COMMANDS}.bench_peers:peers", "From files to a file, against others who map rasters."),
    "shards": (f"{_COMMANDS}.bench_shards:shards", "Maps in shards by several processes, against one process."),
    "alert": (f"{_COMMANDS}.bench_alert:alert", "From the last row of a landslide to its polygon."),
    "products": (f"{_COMMANDS}.bench_products:products", "What all products cost, in time and in memory."),
    "presets": (
        f"{_COMMANDS}.bench_presets:presets",
        "Measure what the presets do to the map, to operations, and to speed.",
    ),
    "start": (f"{_COMMANDS}.bench_start:start", "What a command costs before it does anything."),
    "scaling": (f"{_COMMANDS}.bench_scaling:scaling", "Speed over scene size, threads, batch and tile."),
    "tune": (f"{_COMMANDS}.bench_tune:tune", "Find the fastest settings that pass the gate, and keep them for maps."),
    "compare": (
        f"{_COMMANDS}.bench_compare:compare",
        "Show what got better or worse between two reports of one benchmark.",
    ),
    "summary": (f"{_COMMANDS}.bench_summary:summary", "Show what the reports in a folder say of each target."),
    "all": (f"{_COMMANDS}.bench_everything:everything", "Run all benchmarks with their defaults, and the summary."),
}
"""Place of each command, as ``module:attribute``, and what it does, the widest question first."""

_EXTRAS = dict.fromkeys(("torch", "monai", "geoai", "terratorch"), "bench-peers")
"""Extras of landslip that install a package; ``bench`` brings the others."""


@click.group(cls=LazyGroup, known=COMMANDS, calls="landslip bench", extra="bench", extras=_EXTRAS)
@click.pass_context
def bench(context: click.Context) -> None:
    """Measure this machine: speed, parity and memory, each with its context."""
    from landslip.benchmarks.measuring.other_load import watch_load  # noqa: PLC0415 - the help imports no benchmark

    watch_load(context.meta)
