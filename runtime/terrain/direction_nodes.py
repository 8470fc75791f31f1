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


At = Callable[[Array, Array], Sequence[Array]]
"""Function from places (n,), (n,) in the CRS of an elevation model to numbers there, (n,) each."""


def over_window(elevation: OnGlobe, window: Window, at: At) -> list[Array]:
    """Numbers that change little from pixel to pixel, at the pixel centres of a window.

    Args:
        elevation: the model.
        window: of the model.
        at: gives the numbers.

    Returns:
        each number over the window: (rows, cols).

    Raises:
        InputError: the model's CRS is not related to the globe there.
    """
    nodes, offset = nodes_around(elevation, window, at)
    return [_between(part, offset, (int(window.height), int(window.width))) for part in nodes]


def nodes_around(elevation: OnGlobe, window: Window, at: At) -> tuple[Array, tuple[int, int]]:
    """Numbers at the nodes around the pixels of a window.

    Args:
        elevation: see :func:`over_window`.
        window: see :func:`over_window`.
        at: see :func:`over_window`.

    Returns:
        (numbers, rows, cols) at every :data:`NODE`-th pixel corner; rows and columns of pixels from the first node to
        the first pixel.

    Raises:
        InputError: see :func:`over_window`.
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
    with explained(elevation):
        nodes = np.stack([part.reshape(xs.shape) for part in at(xs.ravel(), ys.ravel())])
    return nodes, (top - first_row * NODE, left - first_col * NODE)


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
