"""A sheet of paper and what is on it, as values; lengths in millimetres from its upper left corner."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

MILLIMETRES_PER_INCH = 25.4

WIDTH, HEIGHT = 297.0, 210.0
"""Width of every sheet, that of A4 on its side, and the greatest height that prints on it."""

MARGIN = 9.0
"""Empty paper along the edges, as printers need it."""

Colour = tuple[int, int, int]
"""Red, green, blue; 0 to 255."""

INK: Colour = (20, 20, 20)
PAPER: Colour = (255, 255, 255)


@dataclass(frozen=True)
class Text:
    """A text on one line."""

    x: float
    """Left edge; right edge or middle where ``align`` says so."""
    y: float
    """Upper edge of the line."""
    text: str
    """Characters as users give them."""
    size: float
    """Height of its letters from the top of the tallest to the bottom of the deepest, about."""
    bold: bool = False
    """True for bold letters."""
    align: str = "left"
    """``left``, ``middle`` or ``right``."""
    colour: Colour = INK
    """Colour of the letters."""


@dataclass(frozen=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour = INK


@dataclass(frozen=True)
class Triangle:
    """A filled triangle."""

    points: tuple[tuple[float, float], ...]
    """Three corners, (x, y)."""
    colour: Colour = INK
    """Colour of it."""


@dataclass(frozen=True)
class Picture:
    """Pixels that are put on the sheet as they are, in a thin frame."""

    x: float
    y: float
    pixels: NDArray[np.uint8]
    """(height, width, 3), pixels of the sheet."""


Item: TypeAlias = Text | Box | Triangle | Picture


@dataclass(frozen=True)
class Block:
    """Items that belong together, placed from the block's own upper left corner."""

    items: tuple[Item, ...]
    """Items, the lowest first."""
    height: float
    """Height of all of them."""
    width: float = 0.0
    """Width, where it is not that which was asked for."""

    def at(self, x: float, y: float) -> tuple[Item, ...]:
        """The items, moved."""
        return tuple(_moved(item, x, y) for item in self.items)


@dataclass(frozen=True)
class Sheet:
    """A sheet of A4's width on its side, as high as it needs to be."""

    items: tuple[Item, ...]
    """Items, the lowest first."""
    height: float
    """Height of the sheet."""
    dots_per_inch: int
    """Pixels for each inch."""


def _moved(item: Item, x: float, y: float) -> Item:
    if isinstance(item, Triangle):
        return replace(item, points=tuple((px + x, py + y) for px, py in item.points))
    return replace(item, x=item.x + x, y=item.y + y)
