"""Judgement of whether a ready hillshade and a ready slope can be of one ground, from their values.

Light that stands :data:`~landslip.runtime.terrain.slope_and_hillshade.ALTITUDE` degrees high falls on level ground at
45 degrees. Ground on which it falls at ``i`` degrees, which is what a hillshade says, is at least ``|i - 45|`` and at
most ``i + 45`` degrees steep, wherever the light comes from. Slopes in radians lie below that, slopes in percent above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.terrain.slope_and_hillshade import ALTITUDE

TOLERANCE = 10.0
"""Degrees for other altitudes of the light (40 in QGIS), rounding, and values that were resampled."""
FEWEST = 1000
"""Pixels; with fewer nothing is said."""
LEVEL = 3.0
"""Degrees that a slope passes wherever there is relief; in radians and as rise over run slopes do not."""
LEAST_RELIEF = 0.02
"""Share of pixels that a hillshade shows to be steeper than :data:`TOLERANCE`, from which on there is relief."""
LARGEST_FLAT = 0.2
"""Share of pixels that may be less steep than the hillshade says; 0.05 in a scene lit by Google Earth Engine."""
LARGEST_STEEP = 0.005
"""Share of pixels that may be steeper than the hillshade allows: none in right pairs, 0.03 to 0.06 in percent."""
WALL = 80.0
"""Degrees that slopes pass nearly everywhere where cells in degrees were taken for metres: a metre makes 89.98."""
MOST_WALLS = 0.5
"""Share of pixels that may be steeper than that; no ground is."""


@dataclass
class ReadyTerrain:
    """Evidence that ready hillshade and slope have shown so far."""

    pixels: int = 0
    brightest: int = 0
    """Greatest value of the hillshade."""
    steepest: float = 0.0
    """Greatest value of the slope, degrees."""
    walls: int = 0
    """Pixels that are steeper than :data:`WALL`."""
    relief: int = 0
    """Pixels that the hillshade shows to be steeper than :data:`TOLERANCE`."""
    flat: int = 0
    """Pixels that are less steep than the hillshade says, by more than :data:`TOLERANCE`."""
    steep: int = 0
    """Pixels that are steeper than it allows likewise."""

    def add(self, hillshade: NDArray[np.uint8] | None, slope: NDArray[np.float32] | None) -> None:
        """Look at valid pixels, (n,) each; None for what the scene does not have."""
        given = [array for array in (hillshade, slope) if array is not None]
        self.pixels += len(given[0]) if given else 0
        if slope is not None:
            self.steepest = max(self.steepest, float(slope.max(initial=0.0)))
            self.walls += int(np.count_nonzero(slope > WALL))
        if hillshade is None:
            return
        self.brightest = max(self.brightest, int(hillshade.max(initial=0)))
        if slope is not None:
            incidence = _INCIDENCE[hillshade]
            least, most = np.abs(incidence - ALTITUDE), incidence + (90.0 - ALTITUDE)
            self.relief += int(np.count_nonzero(least >= TOLERANCE))
            self.flat += int(np.count_nonzero(slope < least - TOLERANCE))
            self.steep += int(np.count_nonzero(slope > most + TOLERANCE))

    def of_ones(self, hillshade: str) -> str | None:
        """Sentence for a hillshade that goes from 0 to 1."""
        if self.pixels < FEWEST or self.brightest > 1:
            return None
        return (
            f"The {hillshade} has no value above 1, where 181 is level ground. If it goes from 0 to 1, write it as 0 "
            "to 255: gdal_translate -ot Byte -scale 0 1 0 255."
        )

    def of_another_unit(self, slope: str) -> str | None:
        """Sentence for a slope that is level where the hillshade shows relief."""
        if self.pixels < FEWEST or self.steepest > LEVEL or self.relief < LEAST_RELIEF * self.pixels:
            return None
        return (
            f"The {slope} never passes {self.steepest:.3g} degrees, though the hillshade shows that "
            f"{100 * self.relief / self.pixels:.0f} % of the ground is steeper than {TOLERANCE:g}: it may be in "
            "radians or show rise over run. Make it in degrees: gdaldem slope, without -p, or state its unit: "
            "gdal_edit.py -units radians FILE."
        )

    def of_walls(self, slope: str) -> str | None:
        """Sentence for a slope that is next to vertical in most places."""
        if self.pixels < FEWEST or self.walls <= MOST_WALLS * self.pixels:
            return None
        return (
            f"The {slope} is steeper than {WALL:g} degrees in {100 * self.walls / self.pixels:.0f} % of the places: it "
            "was made on a grid in degrees as if those were metres, and a hillshade beside it probably, too. Give the "
            "elevation model with `dem` instead, or make both with gdaldem -s 111120 (GDAL 3.11 does without)."
        )

    def at_odds(self, hillshade: str, slope: str) -> str | None:
        """Sentence for a hillshade and a slope that contradict each other."""
        if self.pixels < FEWEST or (
            self.flat <= LARGEST_FLAT * self.pixels and self.steep <= LARGEST_STEEP * self.pixels
        ):
            return None
        return (
            f"The {slope} and the {hillshade} do not fit together: {100 * self.flat / self.pixels:.1f} % of the pixels "
            f"are less steep than their light says and {100 * self.steep / self.pixels:.1f} % steeper than it allows. "
            "They may be of other ground, the slope in percent, or the light not 45 degrees high."
        )


_INCIDENCE = np.array([math.degrees(math.acos(min(max(level - 1, 0), 254) / 254)) for level in range(256)])
"""Degrees at which light falls on ground of a level of ``gdaldem``'s hillshade."""
