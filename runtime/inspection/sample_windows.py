"""Windows to look at when all of a map would be too much: a few, spread over it. Pure geometry."""

from __future__ import annotations

from collections.abc import Iterator

from rasterio.windows import Window

from landslip.runtime.geo.windows import make_window

EDGES = (256, 128, 64)
"""Pixels: edges of windows, the largest that fits often enough is taken."""

_FEW, _MORE = 3, 5
"""Windows along an axis: first these, then those as well."""


def sample_windows(height: int, width: int) -> Iterator[Window]:
    """Choose up to 9 windows in even rows and columns over a map, then those of a finer lattice; no two overlap.

    The windows are squares of the first of :data:`EDGES` of which the map holds four; a map that is smaller than that,
    or than a window in one direction, is shown as far as it goes.

    Args:
        height: rows of the map, at least 1.
        width: columns of the map, at least 1.
    """
    edge = next((edge for edge in EDGES if (height // edge) * (width // edge) >= 4), EDGES[0])
    high, wide = min(edge, height), min(edge, width)
    taken: list[tuple[int, int]] = []
    for most in (_FEW, _MORE):
        for row in _starts(height, high, most):
            for col in _starts(width, wide, most):
                if all(abs(row - top) >= high or abs(col - left) >= wide for top, left in taken):
                    taken.append((row, col))
                    yield make_window(col, row, wide, high)


def _starts(length: int, edge: int, most: int) -> list[int]:
    """Starts of windows along an axis: each in the middle of its share of the axis."""
    count = min(most, length // edge)
    return [(2 * index + 1) * length // (2 * count) - edge // 2 for index in range(count)]
