"""Order of the axes of a network's inputs and outputs: channels first or last, found from sizes."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Layout: TypeAlias = Literal["channels first", "channels last", "one channel"]
"""Order of axes: (n, channels, rows, cols), (n, rows, cols, channels), or (n, rows, cols) without any."""


def layouts_of_input(dims: tuple[int | None, ...], channels: int) -> list[Layout]:
    """Layouts in which an input can have so many channels, the more usual one first.

    Args:
        dims: sizes with the batch, None for open ones.
        channels: number of channels it is given.
    """
    second, last = dims[1], dims[3]
    if second is not None and last is None:  # a number is that of channels where sizes are open
        return ["channels first"] if second == channels else []
    if second is None and last is not None and dims[2] is None:
        return ["channels last"] if last == channels else []
    first: list[Layout] = ["channels first"] * (second in {None, channels})
    behind: list[Layout] = ["channels last"] * (last in {None, channels})
    return first + behind


def layout_of_output(shape: tuple[int, ...], tile: int, usual: Layout) -> Layout | None:
    """Layout of an answer for each pixel of a tile; None where it is none.

    Args:
        shape: of the answer, with the batch.
        tile: edge of the tile in pixels.
        usual: layout of the inputs, which decides where both fit.
    """
    found: list[Layout] = []
    if len(shape) == 4 and shape[2:] == (tile, tile):
        found.append("channels first")
    if len(shape) == 4 and shape[1:3] == (tile, tile):
        found.append("channels last")
    if len(shape) == 3 and shape[1:] == (tile, tile):
        found.append("one channel")
    return usual if usual in found else next(iter(found), None)


def laid_out(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Values (n, channels, rows, cols) in a layout."""
    return np.ascontiguousarray(np.moveaxis(values, 1, -1)) if layout == "channels last" else values


def channels_last(values: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Values of a layout as (n, rows, cols, channels)."""
    if layout == "one channel":
        return values[..., None]
    return np.moveaxis(values, 1, -1) if layout == "channels first" else values
