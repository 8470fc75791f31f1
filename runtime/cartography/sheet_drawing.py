"""Drawing of a sheet, item by item, into pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.cartography.paper import (
    INK,
    MILLIMETRES_PER_INCH,
    PAPER,
    WIDTH,
    Box,
    Colour,
    Picture,
    Sheet,
    Text,
    Triangle,
)
from landslip.runtime.cartography.typeset import plain, text_coverage

Canvas = NDArray[np.uint8]

_FRAME = 1
"""Pixels of the line around a picture."""

_PARTS = 4
"""Rows and columns of points in a pixel that are looked at for the edges of triangles."""


def drawn(sheet: Sheet) -> Canvas:
    """A sheet in pixels: (height, width, 3) uint8; what is beyond its edges is left out."""
    scale = sheet.dots_per_inch / MILLIMETRES_PER_INCH
    canvas = _of_colour((round(sheet.height * scale), round(WIDTH * scale)), PAPER)
    for item in sheet.items:
        if isinstance(item, Text):
            _draw_text(canvas, item, scale)
        elif isinstance(item, Box):
            _fill(canvas, item, scale)
        elif isinstance(item, Picture):
            _put(canvas, item, scale)
        else:
            _draw_triangle(canvas, item, scale)
    return canvas


def _of_colour(shape: tuple[int, int], colour: Colour) -> Canvas:
    """A part of a sheet in one colour, copied row by row: pixel by pixel takes ten times as long."""
    row = np.tile(np.array(colour, dtype=np.uint8), shape[1])
    return np.full((shape[0], 3 * shape[1]), row).reshape(*shape, 3)


def _draw_text(canvas: Canvas, item: Text, scale: float) -> None:
    text = plain(item.text)
    if not text:
        return
    covered = text_coverage(text, max(1, round(item.size * scale)), bold=item.bold)
    left = round(item.x * scale) - {"left": 0, "middle": covered.shape[1] // 2, "right": covered.shape[1]}[item.align]
    _blend(canvas, covered, left, round(item.y * scale), item.colour)


def _fill(canvas: Canvas, item: Box, scale: float) -> None:
    left, top = round(item.x * scale), round(item.y * scale)
    right, bottom = round((item.x + item.width) * scale), round((item.y + item.height) * scale)
    canvas[max(0, top) : max(top + 1, bottom, 0), max(0, left) : max(left + 1, right, 0)] = item.colour


def _put(canvas: Canvas, item: Picture, scale: float) -> None:
    left, top = round(item.x * scale), round(item.y * scale)
    high, wide = item.pixels.shape[:2]
    framed = canvas[top - _FRAME : top + high + _FRAME, left - _FRAME : left + wide + _FRAME]
    framed[:_FRAME] = framed[-_FRAME:] = framed[:, :_FRAME] = framed[:, -_FRAME:] = INK
    target = canvas[top : top + high, left : left + wide]
    target[:] = item.pixels[: target.shape[0], : target.shape[1]]


def _draw_triangle(canvas: Canvas, item: Triangle, scale: float) -> None:
    corners = np.array(item.points) * scale
    left, top = np.floor(corners.min(axis=0)).astype(int) - 1
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    ys = top + (np.arange((bottom - top) * _PARTS) + 0.5) / _PARTS
    xs = left + (np.arange((right - left) * _PARTS) + 0.5) / _PARTS
    sides = [_side(corners[each], corners[(each + 1) % 3], xs, ys) for each in range(3)]
    inside = np.all([side >= 0 for side in sides], axis=0) | np.all([side <= 0 for side in sides], axis=0)
    share = inside.reshape(bottom - top, _PARTS, right - left, _PARTS).mean(axis=(1, 3))
    _blend(canvas, np.rint(255 * share).astype(np.uint8), int(left), int(top), item.colour)


def _side(
    start: NDArray[np.float64], stop: NDArray[np.float64], xs: NDArray[np.float64], ys: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Sign for the side of a line on which points lie: (rows, cols)."""
    along = stop - start
    side: NDArray[np.float64] = np.subtract.outer(along[0] * (ys - start[1]), along[1] * (xs - start[0]))
    return side


def _blend(canvas: Canvas, covered: NDArray[np.uint8], left: int, top: int, colour: Colour) -> None:
    """Mix a colour into a part of the sheet, by how much of each pixel is covered."""
    rows = slice(max(0, top), max(0, min(len(canvas), top + covered.shape[0])))
    cols = slice(max(0, left), max(0, min(canvas.shape[1], left + covered.shape[1])))
    part = covered[rows.start - top : rows.stop - top, cols.start - left : cols.stop - left]
    share = part[:, :, None].astype(np.uint16)
    below = canvas[rows, cols]
    canvas[rows, cols] = (below * (255 - share) + np.array(colour, dtype=np.uint16) * share + 127) // 255
