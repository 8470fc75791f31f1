"""Wish for a scene from a catalogue: area, times and bands, checked before anything is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rasterio.warp import transform_bounds

from landslip.models.fetching.sentinel2_assets import CLASSES, PICTURE
from landslip.runtime.access.degree_box import DegreeBox, is_box, parsed_box
from landslip.runtime.access.location import as_location
from landslip.runtime.artifacts.channels import Date
from landslip.runtime.declared.acquired import parsed_time
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.geo.areas import bounds_around
from landslip.runtime.inputs.sentinel2_bands import BANDS
from landslip.runtime.scene.polygon_files import read_polygons

EARTH_SEARCH = "https://earth-search.aws.element84.com/v1"
"""Catalogue of public Sentinel-2 COGs and of the Copernicus elevation model."""
NO_DEM = "none"
"""Name of the collection of elevation for a scene without it."""
_LARGEST = 5.0
"""Most degrees along a side of the area."""


@dataclass(frozen=True)
class SceneRequest:
    """Wish for a scene."""

    aoi: str
    """Area: ``WEST,SOUTH,EAST,NORTH`` in degrees, or a file of polygons."""
    pre_date: str | None = None
    """Day, or first and last day with a slash between them, of the image before; None for none."""
    post_date: str | None = None
    """Day, or first and last day, of the image after."""
    catalog: str = EARTH_SEARCH
    """Address of a STAC API."""
    collection: str = "sentinel-2-l2a"
    """Collection of Sentinel-2 L2A."""
    dem_collection: str = "cop-dem-glo-30"
    """Collection of elevation, or :data:`NO_DEM`."""
    bands: tuple[str, ...] = ()
    """Common names or labels of bands to fetch beside picture and classes; all where none are named."""

    def spans(self) -> dict[Date, str]:
        """Intervals of RFC 3339 times, ``START/END``, of the dates that are wanted.

        Raises:
            UsageError: none is given, one is no time, or that before the event ends after the other one begins.
        """
        given: dict[Date, str | None] = {"pre": self.pre_date, "post": self.post_date}
        found: dict[Date, str] = {}
        for date, text in given.items():
            if text is not None:
                found[date] = _span(text, f"{date}_date")
        if not found:
            raise UsageError("No time is given.", "Give `pre_date`, `post_date`, or both.", option="post_date")
        if len(found) > 1 and found["pre"].split("/")[1] > found["post"].split("/")[0]:
            raise UsageError(
                f"The time of the image before, {self.pre_date}, ends after that of the image after, {self.post_date}, "
                "begins.",
                "The event lies between them: give the time before it as `pre_date`, that after it as `post_date`.",
                option="pre_date",
            )
        return found

    def box(self) -> DegreeBox:
        """West, south, east, north of the area, in degrees.

        Raises:
            UsageError: it is no box, too large, or lies across the date line.
            InputError: its file holds no polygons.
        """
        return _box(self.aoi)

    def labels(self) -> set[str]:
        """Labels of what is fetched of each product.

        Raises:
            UsageError: a band is not known.
        """
        return _labels(self.bands)


def _span(text: str, option: str) -> str:
    """Interval of RFC 3339 times for a day, or two with a slash between them."""
    try:
        first, last = ([*text.split("/"), text] if "/" not in text else text.split("/"))[:2]
        (start, _), (end, day) = parsed_time(first), parsed_time(last)
        if end < start or text.count("/") > 1:
            raise ValueError(text)  # noqa: TRY301 - as a text that is no date
    except ValueError as error:
        raise UsageError(
            f"`{option}` {text!r} is no time.", "Give a day, or two: 2024-08-01/2024-08-20.", option=option
        ) from error
    end += timedelta(days=1, seconds=-1) if day else timedelta(0)
    return f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"


def _box(aoi: str) -> DegreeBox:
    """West, south, east, north of the area."""
    if is_box(aoi):
        box = parsed_box(aoi)
    else:
        found = read_polygons(as_location(aoi), "area of interest")
        if found is None:
            raise InputError(f"{aoi} holds no polygons.", "Give polygons, or W,S,E,N in degrees.", option="aoi")
        crs, shapes = found
        box = transform_bounds(crs, "EPSG:4326", *bounds_around(shapes))
    west, south, east, north = box
    if not (west < east and west >= -180 and east <= 180):
        raise UsageError("The area lies across the date line.", "Fetch both sides, one after the other.", option="aoi")
    if max(east - west, north - south) > _LARGEST:
        raise UsageError(f"The area is more than {_LARGEST:g} degrees wide.", "Give a smaller one.", option="aoi")
    return west, south, east, north


def _labels(bands: Sequence[str]) -> set[str]:
    by_name = {name: label for label, band in BANDS.items() for name in (label.lower(), band.common_name)}
    unknown = [band for band in bands if band.lower() not in by_name]
    if unknown:
        raise UsageError(
            f"Sentinel-2 has no band {unknown[0]!r}.", f"It has {', '.join(sorted(by_name))}.", option="bands"
        )
    return {PICTURE, CLASSES, *([by_name[band.lower()] for band in bands] or BANDS)}
