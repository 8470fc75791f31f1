"""Units that files state of elevation and slope: in the unit of a band, in a vertical CRS, in scale and offset.

Nothing is guessed from the values. Where a file states nothing, elevation is in metres and slope in degrees.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import CRSError

from landslip.runtime.errors import InputError

log = logging.getLogger(__name__)

FOOT, US_SURVEY_FOOT = 0.3048, 1200 / 3937

METRES: Mapping[str, float] = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), 1.0),
    **dict.fromkeys(("ft", "foot", "feet", "international foot", "international feet", "ift"), FOOT),
    **dict.fromkeys(
        ("us survey foot", "us survey feet", "foot us", "us ft", "ft us", "ftus", "us foot"), US_SURVEY_FOOT
    ),
    **dict.fromkeys(("dm", "decimetre", "decimetres", "decimeter", "decimeters"), 0.1),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeter", "centimeters"), 0.01),
    **dict.fromkeys(("mm", "millimetre", "millimetres", "millimeter", "millimeters"), 0.001),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), 1000.0),
    **dict.fromkeys(("yd", "yard", "yards"), 3 * FOOT),
}
"""Metres in a unit of elevation, by its name in lower case with single blanks."""

SteepnessUnit = Literal["degrees", "radians", "percent", "rise over run"]

STEEPNESS: Mapping[str, SteepnessUnit] = {
    **dict.fromkeys(("deg", "degree", "degrees", "°"), "degrees"),
    **dict.fromkeys(("rad", "radian", "radians"), "radians"),
    **dict.fromkeys(("%", "percent", "pct", "per cent", "percent rise"), "percent"),
    **dict.fromkeys(("m/m", "m m 1", "rise/run", "rise over run", "ft/ft"), "rise over run"),
}
"""Units of slope by their names."""

LARGEST_RISE = 57.0
"""Metres per metre: 89 degrees."""

_NOTHING = {"", "1", "-", "none", "unknown", "n/a", "unitless", "dimensionless"}
"""Words that are written where no unit is meant."""
_REFERENCE = re.compile(r"^(\S+?) ?(?:\(.*\)|above .*|a\.?m?\.?s\.?l\.?|asl|amsl)$")
"""A unit with what the heights are above: "m a.s.l.", "meters above mean sea level"."""


class Stated(Protocol):
    """Statements of a raster file about its values."""

    role: str
    path: str
    crs: CRS
    units: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]


@dataclass(frozen=True)
class Linear:
    """Stored numbers as values: times a factor, plus an offset."""

    factor: float = 1.0
    """Units of the value per unit stored."""
    offset: float = 0.0
    """The value of a stored 0."""

    def of(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Values of stored numbers; these themselves where nothing has to be changed, else float64."""
        if self == Linear():
            return stored
        values: NDArray[np.float64] = stored.astype(np.float64) * self.factor + self.offset
        return values

    def times(self, factor: float) -> Linear:
        """Conversion of the same values into a unit of which ``factor`` make one of theirs."""
        return Linear(self.factor * factor, self.offset * factor)


def plain(name: str) -> str:
    """A name of a unit as it stands in :data:`METRES`; empty where it says nothing."""
    found = " ".join(name.replace("_", " ").replace("-", " ").lower().split())
    if found in _NOTHING:
        return ""
    found_reference = _REFERENCE.match(found)
    return found_reference.group(1) if found_reference else found


def metres_of(name: str) -> float | None:
    """Metres in a unit of elevation; None for a unit that is not one of length, or not known."""
    return METRES.get(plain(name))


def steepness_of(name: str) -> SteepnessUnit | None:
    """A unit of slope; None where it is not known."""
    return STEEPNESS.get(plain(name)) or STEEPNESS.get(name.strip().lower())


def in_degrees(values: NDArray[Any], unit: SteepnessUnit) -> NDArray[Any]:
    """Slopes in degrees; those in degrees are given back as they are, the others as float64 of the same shape.

    A rise over run of more than :data:`LARGEST_RISE` becomes NaN: it is no slope but a number for unknown ground.
    """
    if unit == "degrees":
        return values
    if unit == "radians":
        return np.degrees(values.astype(np.float64))
    rise = values.astype(np.float64) / (100.0 if unit == "percent" else 1.0)
    return np.where(rise <= LARGEST_RISE, np.degrees(np.arctan(rise)), np.nan)


@dataclass(frozen=True)
class Vertical:
    """The third axis of a CRS."""

    unit: str
    """Name of the unit."""
    metres: float
    """Metres in it."""
    down: bool
    """Numbers grow downwards: they are depths."""


def vertical_of(crs: CRS) -> Vertical | None:
    """The vertical axis of a compound or three-dimensional CRS; None where it has none."""
    try:
        described: dict[str, Any] = crs.to_dict(projjson=True)
    except CRSError:
        return None
    for part in described.get("components", [described]):
        for axis in part.get("coordinate_system", {}).get("axis", ()):
            if axis.get("direction") in {"up", "down"}:
                return _vertical(axis)
    return None


def _vertical(axis: Mapping[str, Any]) -> Vertical:
    unit = axis.get("unit", "metre")
    if isinstance(unit, str):
        return Vertical(unit, METRES.get(unit, 1.0), axis["direction"] == "down")
    return Vertical(str(unit.get("name")), float(unit.get("conversion_factor", 1.0)), axis["direction"] == "down")


def scaling_of(raster: Stated) -> Linear:
    """Scale and offset of the first band.

    Raises:
        InputError: they make every value the same, or none.
    """
    scale, offset = raster.scales[0], raster.offsets[0]
    if not (math.isfinite(scale) and scale and math.isfinite(offset)):
        raise InputError(
            f"{raster.role}: {raster.path} states a scale of {scale:g} and an offset of {offset:g}, which make no "
            "values.",
            "Give them as they are meant: gdal_edit.py -scale 1 -offset 0 FILE.",
            where=raster.path,
        )
    return Linear(scale, offset)


def heights_of(raster: Stated, unit: str | None = None) -> Linear:
    """Conversion of the stored numbers of an elevation model into metres.

    Args:
        raster: its file.
        unit: the unit of its values after scale and offset, whatever the file states; None for what it states.

    Raises:
        InputError: it holds depths or angles.
    """
    return scaling_of(raster).times(METRES[plain(unit)] if unit is not None else _stated_metres(raster))


def _stated_metres(raster: Stated) -> float:
    stated, vertical = raster.units[0], vertical_of(raster.crs)
    if vertical is not None and vertical.down:
        raise InputError(
            f"{raster.role}: the vertical axis of {raster.path} points down, so it holds depths.",
            "Give elevation above a datum.",
            where=raster.path,
        )
    if steepness_of(stated) is not None:
        raise InputError(
            f"{raster.role}: {raster.path} states its values in {stated}, so it is no elevation.",
            "Give a ready slope with `slope`, and an elevation model here.",
            where=raster.path,
        )
    metres = metres_of(stated)
    if metres is not None:
        return metres
    if plain(stated):
        log.warning(
            "%s: %s states its values in %s, a unit landslip does not know: they are taken as metres. If they are "
            "not, give `dem_unit`.", raster.role, raster.path, stated,
        )  # fmt: skip
    return 1.0 if vertical is None or plain(stated) else vertical.metres


def unit_in_doubt(raster: Stated) -> str | None:
    """Tell whether the unit of an elevation model is open: x and y are not in metres, and of z nothing is stated.

    Surveyors of the United States give all three in feet, and tools that reproject elevation leave it in metres.
    """
    if not raster.crs.is_projected or plain(raster.units[0]) or vertical_of(raster.crs) is not None:
        return None
    unit, metres = raster.crs.linear_units_factor
    if abs(metres - 1.0) < 1e-6:
        return None
    return (
        f"The {raster.role} {raster.path} lies on a grid in {unit}, and it does not state whether its heights are in "
        "that unit or in metres. Say it with `dem_unit` ft or `dem_unit` m."
    )


def slopes_of(raster: Stated) -> tuple[Linear, SteepnessUnit]:
    """Conversion of the stored numbers of a ready slope into a unit, and which unit that is.

    Raises:
        InputError: its scale and offset make no values.
    """
    stated = raster.units[0]
    unit = steepness_of(stated)
    # GDAL states the unit of a vertical CRS for every band, whatever the band shows.
    if unit is None and plain(stated) and not (metres_of(stated) and vertical_of(raster.crs)):
        log.warning(
            "%s: %s states its values in %s, which is no unit of slope that landslip knows: they are taken as degrees.",
            raster.role, raster.path, stated,
        )  # fmt: skip
    return scaling_of(raster), unit or "degrees"
