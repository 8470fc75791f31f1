"""Facts and texts of a map that a project for QGIS shows, apart from how QGIS wants them."""

from __future__ import annotations

from dataclasses import dataclass

from landslip.runtime.artifacts.spec import ClassSpec

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in metres of the map."""


@dataclass(frozen=True)
class SystemUsed:
    """A coordinate reference system, as QGIS is told of it."""

    wkt: str
    """Definition as WKT."""
    code: str
    """``EPSG:CODE``; empty where it has none."""


@dataclass(frozen=True)
class ImageShown:
    """An image below a map."""

    path: str
    """Path relative to the project, with slashes."""
    system: SystemUsed
    """CRS of the image."""
    bands: tuple[int, int, int]
    """Numbers of its red, green and blue band, from 1."""
    low: tuple[float, ...] = ()
    """Value that is shown black, for each colour; empty where values are shown as they are."""
    high: tuple[float, ...] = ()
    """Value that is shown in full, likewise."""


@dataclass(frozen=True)
class MapSheet:
    """One map: where it is, and the words around it. Its texts are data: QGIS computes nothing that stands in them."""

    title: str
    """Title on top."""
    subtitle: str
    """Line below it: of when the images are."""
    findings: tuple[str, ...]
    """Lines with what was found, and what was not observed."""
    provenance: str
    """Line at the bottom: made with what."""
    notice: str
    """Notice that users of the map have to know; empty where there is none."""
    level: int
    """Percent from which on a pixel counts as landslide."""
    bounds: Box
    """Box around the map."""
    system: SystemUsed
    """CRS of the map."""
    bar_metres: float
    """Length of each of the two parts of the scale bar, metres on the ground."""
    image: ImageShown | None = None
    """Image of after the event."""
    classes: tuple[ClassSpec, ...] = ()
    """Classes that the map tells apart, in the order of their numbers."""


_MARGIN = 0.03
"""Margin around a map as a share of it."""


def view_of(bounds: Box, proportion: float) -> Box:
    """Box around a map that is ``proportion`` times as wide as it is high, with a margin."""
    left, bottom, right, top = bounds
    width, height = (right - left) * (1 + 2 * _MARGIN), (top - bottom) * (1 + 2 * _MARGIN)
    width, height = max(width, height * proportion), max(height, width / proportion)
    x, y = (left + right) / 2, (bottom + top) / 2
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2
