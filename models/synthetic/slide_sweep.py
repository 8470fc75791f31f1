"""Sweep over the landslides of a scene from north to south, each kept while windows that it touches are painted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from landslip.models.synthetic.debris import paint_debris, pixel_cover
from landslip.models.synthetic.slides import CELL, REACH, Slide

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray
    from rasterio.windows import Window

    SlidesOfRow = Callable[[int, range], Iterator[Slide]]


@dataclass(frozen=True)
class PlacedSlide:
    """A landslide on the pixels of the image."""

    slide: Slide
    """The landslide on the ground."""
    cover: NDArray[np.float32]
    """(rows, cols) share of every pixel it covers."""
    row: int
    """Image row of the first row of `cover`; may be negative."""
    col: int
    """Image column of the first column of `cover`; may be negative."""

    def paint(self, albedo: NDArray[np.float32], window: Window, pixel: float, weathering: float) -> None:
        """Lay the part inside a window of the image on its (3, rows, cols) colours."""
        top, left = max(self.row, window.row_off), max(self.col, window.col_off)
        bottom = min(self.row + self.cover.shape[0], window.row_off + window.height)
        right = min(self.col + self.cover.shape[1], window.col_off + window.width)
        if top >= bottom or left >= right:
            return
        target = albedo[
            :, top - window.row_off : bottom - window.row_off, left - window.col_off : right - window.col_off
        ]
        cover = self.cover[top - self.row : bottom - self.row, left - self.col : right - self.col]
        slide = self.slide
        paint_debris(target, cover, (top, left), pixel, slide.path, slide.half_width, weathering, slide.seed)


class SlideSweep:
    """Gives the landslides that touch a band of rows, for bands from north to south."""

    def __init__(self, slides_of_row: SlidesOfRow, width: float, pixel: float) -> None:
        """Start above the scene.

        Args:
            slides_of_row: gives the landslides that start in a row and a range of columns of the lattice.
            width: of the scene in metres.
            pixel: pixel size in metres.
        """
        self._slides_of_row = slides_of_row
        self._pixel = pixel
        self._cols = lattice_range(0.0, width)
        self._next_row = lattice_range(0.0, 0.0).start
        self._present: list[PlacedSlide] = []

    def through(self, top: int, bottom: int) -> list[PlacedSlide]:
        """The landslides that touch the image rows from `top` up to `bottom`, always in the same order."""
        for row in range(self._next_row, lattice_range(0.0, bottom * self._pixel).stop):
            for slide in self._slides_of_row(row, self._cols):
                cover, (first_row, first_col) = pixel_cover(slide.outline, self._pixel)
                self._present.append(PlacedSlide(slide, cover, first_row, first_col))
            self._next_row = row + 1
        self._present = [placed for placed in self._present if placed.row + placed.cover.shape[0] > top]
        return [placed for placed in self._present if placed.row < bottom]


def lattice_range(start: float, stop: float) -> range:
    """The lattice rows or columns from which a landslide can get to the metres from `start` to `stop`."""
    return range(math.floor((start - REACH) / CELL), math.ceil((stop + REACH) / CELL))
