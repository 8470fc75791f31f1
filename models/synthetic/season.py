"""Seasons: what differs between the two images of an event, which is sun, snow line, river level, crops and air."""

from __future__ import annotations

import math
from typing import NamedTuple

from landslip.models.synthetic.noise import hash_unit


class Season(NamedTuple):
    """The conditions of one date; a named tuple of floats, because numba takes those as they are."""

    date: float
    """0 before the event, 1 after it."""
    sun_east: float
    """East component of the unit vector towards the sun."""
    sun_south: float
    """South component of it."""
    sun_up: float
    """Vertical component of it: the sine of the sun's elevation."""
    dryness: float
    """0 lush green to 1 straw: the colour of grass and leaves."""
    snow_line: float
    """Altitude in metres above which snow lies."""
    river: float
    """Half the width of rivers in metres."""
    haze: float
    """Share of light that haze scatters in, 0..1, where it is thickest."""
    gain: float
    """Overall brightness, about 1."""
    warmth: float
    """Colour cast: red is multiplied by 1 + warmth and blue by 1 - warmth."""
    shift: float
    """Metres by which the image is misregistered, east and south."""


def seasons(seed: int) -> tuple[Season, Season]:
    """The conditions before and after the event of this seed."""
    snow_line = 1900.0 + 500.0 * hash_unit(0, 0, seed)
    river = 7.0 + 11.0 * hash_unit(1, 0, seed)
    return _season(0, snow_line, river, seed), _season(1, snow_line, river, seed)


def _season(date: int, snow_line: float, river: float, seed: int) -> Season:
    def draw(quantity: int, low: float, high: float) -> float:
        return low + (high - low) * hash_unit(quantity, 1 + date, seed)

    elevation = math.radians(draw(2, 34.0, 62.0))
    azimuth = math.radians(draw(3, 135.0, 175.0))
    return Season(
        date=float(date),
        sun_east=math.sin(azimuth) * math.cos(elevation),
        sun_south=-math.cos(azimuth) * math.cos(elevation),
        sun_up=math.sin(elevation),
        dryness=draw(4, 0.0, 0.75),
        snow_line=snow_line + draw(5, -90.0, 90.0),
        river=river * draw(6, 0.75, 1.35),
        haze=draw(7, 0.0, 0.28),
        gain=draw(8, 0.88, 1.12),
        warmth=draw(9, -0.05, 0.05),
        shift=draw(10, -2.5, 2.5),
    )
