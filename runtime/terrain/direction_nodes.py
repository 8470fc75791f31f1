"""Directions over an elevation model: computed at some of its pixels and linear in between, whatever the window."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.errors import InputError
from landslip.runtime.geo.cell_size import OnGlobe
from landslip.runtime.geo.resample_kernels import between_nodes

NODE = 32
"""Distance of the places where directions are computed, in pixels of the elevation model."""

Array = NDArray[np.float64]


def over_window(elevation: OnGlobe, window: Window, at: Callable[[Array, Array], Sequence[Array]]) -> list[Array]:
    """Numbers that change little from pixel to pixel, at the pixel centres of a window.

    Args:
        elevation: the model.
        window: of the model.
        at: function from places (n,), (n,) in the model's CRS to numbers there, (n,) each.

    Returns:
        each number over the window: (rows, cols).

    Raises:
        InputError: the model's CRS is not related to the globe there.
    """
    top, left, height, width = (int(x) for x in (window.row_off, window.col_off, window.height, window.width))
    first_row, first_col = top // NODE, left // NODE
    rows, cols = np.meshgrid(
        np.arange(first_row, (top + height) // NODE + 2) * float(NODE),
        np.arange(first_col, (left + width) // NODE + 2) * float(NODE),
        indexing="ij",
    )
    transform = elevation.transform
    xs = np.asarray(transform.a * cols + transform.c, dtype=np.float64)
    ys = np.asarray(transform.e * rows + transform.f, dtype=np.float64)
    offset = (top - first_row * NODE, left - first_col * NODE)
    with explained(elevation):
        nodes = at(xs.ravel(), ys.ravel())
    return [_between(part.reshape(xs.shape), offset, (height, width)) for part in nodes]


@contextlib.contextmanager
def explained(elevation: OnGlobe) -> Iterator[None]:
    """A block in which directions are computed; what PROJ cannot do becomes an error that names the model."""
    try:
        yield
    except RASTER_ERRORS as error:
        raise InputError(
            f"{elevation.role}: the direction of north cannot be told on the grid of {elevation.path} in "
            f"{elevation.crs} ({reason(error)}).",
            "Reproject it first, for example with gdalwarp.",
        ) from error


def _between(nodes: Array, offset: tuple[int, int], shape: tuple[int, int]) -> Array:
    out = np.empty(shape, dtype=np.float64)
    between_nodes(np.ascontiguousarray(nodes), *offset, NODE, out)
    return out
