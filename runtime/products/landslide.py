"""A landslide of a map, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass

import shapely

CONFIDENCE_CLASSES = {"possible": 0.0, "probable": 0.7, "likely": 0.9}
"""Least mean confidence of each ``confidence_class``, ascending."""


@dataclass(frozen=True)
class Landslide:
    """An 8-connected set of map pixels at or above a confidence level.

    Lengths and areas are true ones on the ground. What is not known is None.
    """

    geometry: shapely.MultiPolygon
    """Outline along pixel edges in map coordinates, valid; parts that touch at a corner only are separate polygons."""
    pixels: int
    """Number of map pixels."""
    area_m2: float
    """Area in square metres."""
    area_ha: float
    """Area in hectares."""
    perimeter_m: float
    """Length of its outlines in metres, those of holes included."""
    length_m: float
    """Longer side of the least rotated rectangle around it, metres."""
    width_m: float
    """Shorter side of that rectangle, metres."""
    elev_min: float | None
    """Elevation of its lowest pixel, metres."""
    elev_max: float | None
    """Elevation of its highest pixel, metres."""
    relief_m: float | None
    """Difference of these two, metres."""
    reach_angle: float | None
    """Angle below the horizon, in degrees, at which its lowest pixel is seen from its highest one."""
    slope_mean: float | None
    """Mean slope in degrees over the pixels whose slope is known."""
    aspect_mean: float | None
    """Direction in which the ground falls, degrees clockwise from true north, 0 up to 360; None where it is flat."""
    confidence_mean: float
    """Mean confidence of its pixels, 0..1."""
    confidence_max: float
    """Highest confidence of its pixels, 0..1."""
    confidence_class: str
    """Name in :data:`CONFIDENCE_CLASSES`, by the mean confidence."""
    lon: float | None
    """Longitude of a point inside, degrees of WGS 84, -180 up to 180."""
    lat: float | None
    """Latitude of that point, degrees of WGS 84."""
    date_from: str | None
    """Day, or instant in UTC, of the earliest image before the event (ISO 8601)."""
    date_to: str | None
    """Day, or instant in UTC, of the latest image after the event (ISO 8601)."""
    edge: bool
    """True if it touches what was not observed, or the border of the map: it may be larger than what is seen of it."""
    class_name: str | None = None
    """Name of the class of landslides that most of its pixels have; None where none has one, or no classes are told
    apart."""
    class_share: float | None = None
    """Share of its pixels that have this class, 0..1; None where ``class_name`` is."""
