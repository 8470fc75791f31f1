"""Locations of what programs give for a file of a scene: names, open datasets of rasterio, and arrays with a place.

This is the one place where a raster in memory becomes a location. It is done in the thread that gives the raster, and
nothing of a dataset is used afterwards but its name: GDAL's handles are not safe across threads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

from landslip.runtime.access.degree_box import box_text
from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.access.location import Location, Locations, as_location
from landslip.runtime.errors import UsageError

if TYPE_CHECKING:
    from landslip.runtime.access.raster_array import RasterArray


class OpenDataset(Protocol):
    """Open dataset of rasterio, as far as its kind is told by types."""

    @property
    def name(self) -> str:
        """Name it was opened by."""
        ...

    @property
    def mode(self) -> str:
        """Mode it was opened in."""
        ...

    @property
    def closed(self) -> bool:
        """Tell whether it is closed."""
        ...

    @property
    def count(self) -> int:
        """Number of bands."""
        ...


Given: TypeAlias = Union[str, os.PathLike[str], OpenDataset, "RasterArray"]
"""A name, an open dataset of rasterio's, or an array with its place."""

Givens: TypeAlias = Given | Iterable[Given]
"""One raster of a role, or several that belong together."""


def given_location(given: object, option: str) -> Location:
    """Location of one raster that a program gives.

    Args:
        given: a name, an open dataset or a :class:`~landslip.runtime.access.raster_array.RasterArray`.
        option: argument it is given as, such as ``pre`` or ``dem[1]``.

    Raises:
        UsageError: it is none of these, or a dataset that cannot be read; ``option`` is its.
        InputError: a dataset cannot be read.
    """
    if isinstance(given, str | os.PathLike):
        return given if isinstance(given, HeldRaster) else as_location(given)
    return _held(given, option)


def given_locations(given: object, option: str) -> Locations:
    """Locations of what a program gives for a role: nothing, one raster, or several in any collection."""
    if given is None:
        return None
    if isinstance(given, str | os.PathLike) or not isinstance(given, Iterable) or hasattr(given, "__array__"):
        return given_location(given, option)
    return tuple(given_location(each, f"{option}[{number}]") for number, each in enumerate(given))


def given_area(given: object) -> Location:
    """Location of an area of interest: four numbers in degrees, or as for :func:`given_location`."""
    return box_text(given) or given_location(given, "aoi")


def free_rasters(locations: Iterable[Location]) -> None:
    """Free what was made for rasters in memory."""
    for location in locations:
        if isinstance(location, HeldRaster):
            location.free()


def _held(given: Any, option: str) -> Location:
    # Imported here: the command line, which gives names alone, needs this module for its help.
    from rasterio._base import DatasetBase  # noqa: PLC0415 - readers, writers and virtual ones have no other root

    from landslip.runtime.access.memory_rasters import held_array, held_dataset  # noqa: PLC0415
    from landslip.runtime.access.raster_array import RasterArray  # noqa: PLC0415

    role = option.partition("[")[0]
    if isinstance(given, RasterArray):
        return held_array(given, f"array {option}", role)
    if isinstance(given, DatasetBase):
        return held_dataset(given, f"dataset {option}", role)
    if hasattr(given, "__array__"):
        raise UsageError(
            f"`{option}` is an array, which does not say where on the ground it lies.",
            "Give landslip.RasterArray(values, transform, crs).",
            option=role,
        )
    raise UsageError(
        f"{str(given)[:200]!r} is no file name, and no raster.",
        "Give a text, a Path, an open dataset of rasterio, a RasterArray, or several of them.",
        option=role,
    )
