"""Arrangement of panels on a sheet: beside or below each other, and how much larger they are drawn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from landslip.runtime.cartography.paper import MILLIMETRES_PER_INCH

FEWEST_DOTS, MOST_DOTS = 200, 300
"""Pixels of a sheet for each inch: enough for letters in print, and not more than printers show."""

GAP = 4.0
"""Millimetres between panels."""

HEADING = 6.5
"""Millimetres above a panel for its heading."""


@dataclass(frozen=True)
class Room:
    """Room for panels with their headings."""

    width: float
    """Millimetres."""
    height: float
    """Millimetres."""
    stacked: bool
    """True for panels below each other."""
    beside: bool
    """True if the facts stand beside the panels instead of below."""

    def panel(self, count: int) -> tuple[float, float]:
        """Width and height in millimetres of each of some panels."""
        between = GAP * (count - 1)
        if self.stacked:
            return self.width, (self.height - between) / count - HEADING
        return (self.width - between) / count, self.height - HEADING


@dataclass(frozen=True)
class Arrangement:
    """Arrangement of panels in a room."""

    room: Room
    """Room of the panels."""
    factor: int
    """Pixels of the sheet along the edge of one of a panel."""
    dots_per_inch: int
    """Pixels of the sheet for each inch."""

    @property
    def pixel(self) -> float:
        """Edge of a panel's pixel on paper, in millimetres."""
        return self.factor * MILLIMETRES_PER_INCH / self.dots_per_inch


def arrange(shape: tuple[int, int], count: int, rooms: Sequence[Room]) -> Arrangement:
    """The arrangement in which panels are largest on paper, in whole pixels of the sheet; the first of equal ones.

    Args:
        shape: rows and columns of a panel.
        count: panels.
        rooms: there is to choose from. Where panels fit into none at :data:`MOST_DOTS`, the first gets the height that
            they need.
    """
    fitting = [found for room in rooms if (found := _fitted(shape, count, room)) is not None]
    return max(fitting, key=lambda each: round(each.pixel, 6)) if fitting else Arrangement(rooms[0], 1, MOST_DOTS)


def _fitted(shape: tuple[int, int], count: int, room: Room) -> Arrangement | None:
    width, height = room.panel(count)
    largest = min(height / shape[0], width / shape[1]) / MILLIMETRES_PER_INCH
    factor = math.floor(largest * MOST_DOTS + 1e-9)
    if factor < 1:
        return None
    return Arrangement(room, factor, max(FEWEST_DOTS, math.ceil(factor / largest - 1e-9)))
