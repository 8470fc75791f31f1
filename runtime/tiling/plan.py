"""Protocols: which tiles are laid, which are predicted, and how they make a map."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.tiling.stitch import ROUNDING, centre_weights, gaussian_weights
from landslip.runtime.tiling.tile_grid import TileGrid


@dataclass(frozen=True)
class Plan:
    """Plan for one map."""

    protocol: str
    """``gaussian`` or ``notebook``."""
    tiles: TileGrid
    """The tiles."""
    weights: NDArray[np.float64]
    """(tile,) weight of a tile's pixels along one axis."""
    least_valid: int
    """A tile is predicted when at least this many of its pixels are valid."""
    slack: float
    """Percent added before truncation; see :func:`landslip.runtime.tiling.kernels.to_percent`."""


def gaussian(grid: MapGrid, tile: int, overlap: float) -> Plan:
    """Every pixel covered, tiles blended with Gaussian weights; a tile with any valid pixel is predicted."""
    tiles = TileGrid.even(grid.height, grid.width, tile, overlap)
    return Plan("gaussian", tiles, gaussian_weights(tile), 1, ROUNDING)


def notebook(grid: MapGrid, tile: int, overlap: float) -> Plan:
    """The authors' notebook: tiles half a tile apart, at least half of a tile valid, central halves pasted.

    Source: ``LS_mapping.ipynb`` of Prakash, Manconi & Loew (2021). Its border and the tiles it passes over are
    written as not observed, where the notebook leaves zeros.
    """
    del overlap  # fixed by the protocol
    tiles = TileGrid.published(grid.height, grid.width, tile)
    return Plan("notebook", tiles, centre_weights(tile), (tile * tile + 1) // 2, 0.0)


PROTOCOLS: dict[str, Callable[[MapGrid, int, float], Plan]] = {"gaussian": gaussian, "notebook": notebook}
"""Planners by the name a user gives."""


def make_plan(protocol: str, grid: MapGrid, spec: ModelSpec, tile: int | None, overlap: float) -> Plan:
    """Lay the tiles of a map.

    Args:
        protocol: a key of :data:`PROTOCOLS`.
        grid: the map.
        spec: the model.
        tile: edge of a tile in pixels; None for what the model was trained with.
        overlap: share of a tile that the next one covers again (gaussian protocol only).

    Raises:
        UsageError: an argument is out of range, or the model cannot take such tiles.
    """
    if protocol not in PROTOCOLS:
        raise UsageError(f"Protocol {protocol!r} is unknown: choose one of {', '.join(PROTOCOLS)}.", option="protocol")
    if not 0.0 <= overlap <= 0.9:
        raise UsageError(
            f"An overlap of {overlap:g} is out of range: give a share from 0 to 0.9, such as 0.5.", option="overlap"
        )
    return PROTOCOLS[protocol](grid, spec.checked_tile(tile), overlap)
