"""Colours of what maps show, and the words of their legends: one place for QGIS, the quicklook and the report."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from itertools import count

Colour = tuple[int, int, int]
"""Red, green, blue; 0 to 255."""

LANDSLIDE: Colour = (255, 0, 120)
"""Landslides where no class is told apart. Magenta is in no landscape."""

RIM: Colour = (60, 0, 30)
"""Outline of landslides: dark, so that they are seen on bright ground."""

CASING: Colour = (255, 255, 255)
"""Line around the outline, where there is room for one: light, so that dark ground and print in greys show it too."""

CLASS_COLOURS: dict[str, Colour] = {"likely": LANDSLIDE, "probable": (255, 92, 170), "possible": (255, 166, 210)}
"""Colour of each ``confidence_class``, the surest first: the paler, the less sure."""

RAMP: tuple[Colour, Colour, Colour] = ((255, 205, 230), (255, 110, 182), LANDSLIDE)
"""Confidence at the threshold, half-way from it to 100 percent, and at 100 percent."""

DENSITY: tuple[Colour, ...] = ((255, 205, 230), (255, 158, 206), (255, 110, 182), LANDSLIDE, (165, 0, 78))
"""Shares of the ground that slid, the smallest first."""

OBSERVED: Colour = (247, 243, 230)
"""Ground that was observed, where no image lies below: so that its end is seen, and white means nothing."""

NOT_OBSERVED_FILL: Colour = (128, 128, 128)
"""Ground below the hatch where nothing was observed."""

NOT_OBSERVED_HATCH: Colour = (235, 235, 235)
"""Diagonal lines over it."""

NO_KIND: Colour = (255, 255, 255)
"""Landslides of which no class that means landslide is the surest, in maps of several classes: a colour without hue."""

_TURN = 0.618034
"""Step around the circle of hues that keeps any number of them apart: the golden section."""


def class_colours(is_landslide: Sequence[bool]) -> tuple[Colour, ...]:
    """Colour of each class of a network: full ones for those that are landslide, pale ones for the others.

    Args:
        is_landslide: of each class, whether it means landslide.
    """
    first = colorsys.rgb_to_hsv(*LANDSLIDE)[0]
    numbers = {True: count(), False: count()}
    found = []
    for full in is_landslide:
        hue = (first + _TURN * next(numbers[full])) % 1 if full else (0.25 + _TURN * next(numbers[full])) % 1
        red, green, blue = colorsys.hsv_to_rgb(hue, 1.0 if full else 0.18, 1.0 if full else 0.9)
        found.append((round(255 * red), round(255 * green), round(255 * blue)))
    return tuple(found)


CLASS_LABELS: dict[str, str] = {
    "likely": "likely (confidence from 90 %)",
    "probable": "probable (70 to 90 %)",
    "possible": "possible (below 70 %)",
}
"""Legend text of each ``confidence_class``, with the mean confidence that it stands for."""

REASON_LABELS: dict[str, str] = {
    "outside": "outside the images or the area",
    "nodata": "no data in an image",
    "mask": "masked (cloud, shadow, water)",
    "void": "no elevation",
    "damaged": "damaged part of a file",
    "unmapped": "not covered by a tile",
}
"""Legend text of each reason why ground was not observed."""


def hexadecimal(colour: Colour) -> str:
    """Colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)
