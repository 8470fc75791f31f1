"""Large maps on paper: what a country and a continent take, from figures that were measured on a small map."""

from __future__ import annotations

import math
from dataclasses import dataclass

from landslip.benchmarks.reports.report import Table
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.shards.cuts import computed_twice, pieces_of
from landslip.runtime.tiling.tile_grid import TileGrid

AREAS = {"a country, 300 000 km2": 300_000.0, "a continent, 10 000 000 km2": 10_000_000.0}
"""Square kilometres by name."""
WORKERS = (10, 50, 200)


@dataclass(frozen=True)
class MeasuredRates:
    """Figures of a map that was measured."""

    tiles_per_second: float
    """Tiles that one worker computes."""
    read_tiles_per_second: float
    """Tiles whose rows one worker reads and resamples."""
    bytes_per_shard: float
    """Bytes that pass the scheduler."""


def paper_table(spec: ModelSpec, rates: MeasuredRates, tile: int, overlap: float) -> Table:
    """Table of what such maps take.

    Args:
        spec: the model.
        rates: what was measured.
        tile: edge of a tile.
        overlap: share of a tile that the next one covers again.
    """
    rows = [
        _row(name, area, workers, spec, rates, tile, overlap) for name, area in AREAS.items() for workers in WORKERS
    ]
    columns = (
        "map, as a square", "workers", "shards", "Gpixels", "tiles", "raw rows GB", "computed twice",
        "hours, computing", "hours, reading", "bytes through the scheduler",
    )  # fmt: skip
    return Table(
        "An estimate and no measurement: workers are taken to be as fast as those measured here, each with a machine "
        "of its own, and not to slow each other at storage",
        columns,
        rows,
    )


def _row(
    name: str, area: float, workers: int, spec: ModelSpec, rates: MeasuredRates, tile: int, overlap: float
) -> tuple[object, ...]:
    edge = round(math.sqrt(area) * 1000 / spec.resolution)
    tiles = TileGrid.even(edge, edge, tile, overlap)
    shards = [piece.shard for piece in pieces_of(tiles, workers)]
    sizes = [shard.stop - shard.first + computed_twice(tiles, shard.first) for shard in shards]
    twice = sum(sizes) / len(tiles.rows) - 1
    busiest = math.ceil(len(shards) / workers) * max(sizes) * len(tiles.cols)
    return (
        name,
        workers,
        len(shards),
        edge**2 / 1e9,
        len(tiles),
        edge**2 / 1e9,
        f"{100 * twice:.1f} %",
        busiest / rates.tiles_per_second / 3600,
        busiest / rates.read_tiles_per_second / 3600,
        round(len(shards) * rates.bytes_per_shard),
    )
