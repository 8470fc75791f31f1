"""Facts that a printed map states."""

from __future__ import annotations

from dataclasses import dataclass

from landslip.runtime.geo.map_grid import MapGrid


@dataclass(frozen=True)
class MapFacts:
    """Facts of a finished map, as its sheet states them."""

    grid: MapGrid
    """Grid of the map."""
    landslides: int
    """Number of polygons."""
    landslide_km2: float
    """Area of the polygons, square kilometres."""
    observed_km2: float
    """Area of all that was observed."""
    not_observed_km2: float
    """Area of the rest of the map."""
    threshold: float
    """Confidence from which on a pixel counts as landslide, 0.01 to 1."""
    min_area_m2: float
    """Area of the smallest polygon, square metres."""
    model: str
    """Name of the model."""
    version: str
    """Version of landslip."""
    before: str | None = None
    """Date of the image before the event: a day, a time, or a period; None where nobody says, or there is no image."""
    after: str | None = None
    """Date of the image after the event, likewise."""
    reasons: tuple[tuple[str, float], ...] = ()
    """Reasons why ground was not observed, in words, with their areas in square kilometres; empty where not told."""
    title: str | None = None
    """Name of the event; None where none was given."""
    notice: str = ""
    """Notice of the model that everybody who sees the map has to know; empty where there is none."""
    kinds: tuple[str | None, ...] = ()
    """Names of the kinds of landslides that the legend has samples of; None for landslides of no kind; empty where the
    map tells no classes apart, or shows no landslide."""
    further_kinds: int = 0
    """Number of kinds in the map that the legend leaves out."""
    map_pixels: int = 1
    """Rows and columns of the map that make one pixel of the panels."""
