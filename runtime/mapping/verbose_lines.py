"""Details that ``landslip -v`` tells of a run, before the first tile and after the last."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import rasterio

from landslip.runtime.tiling.plan import Plan

log = logging.getLogger(__name__)


def tell_beginning(facts: Mapping[str, Any], plan: Plan, batch: Mapping[str, Any], cache: int) -> None:
    """Log what is mapped, on which grid, in which tiles.

    Args:
        facts: entries of the run record that are known before the map is.
        plan: the tiles.
        batch: tiles per call of the engine, as asked for and as taken.
        cache: bytes that GDAL may use for blocks.
    """
    if not log.isEnabledFor(logging.DEBUG):
        return
    log.debug("landslip %s, rasterio %s, GDAL %s", facts["landslip"], rasterio.__version__, rasterio.__gdal_version__)
    for entry in facts["inputs"]:
        log.debug("input %s: %s", entry["role"], entry["path"])
    grid, tiles = facts["grid"], plan.tiles
    log.debug("grid: %d x %d pixels of %g m", grid["width"], grid["height"], grid["transform"][0])
    log.debug(
        "tiles: %d in %d rows, of %d pixels (%s), %d per call; GDAL may cache %.0f MB",
        len(tiles), len(tiles.rows), tiles.tile, facts["protocol"], batch["taken"], cache / 1e6,
    )  # fmt: skip


def tell_end(record: Mapping[str, Any]) -> None:
    """Log where the time went, from the run record."""
    seconds = ", ".join(f"{stage} {time:.1f}" for stage, time in record["seconds"].items())
    tiles, speed, memory = record["tiles"], record["tiles_per_second"], record["peak_rss_bytes"] or 0
    log.debug("tiles: %d predicted, %d skipped, %.1f/s", tiles["predicted"], tiles["skipped"], speed)
    log.debug("seconds (stages run side by side): %s; memory at most %.0f MB", seconds, memory / 1e6)
