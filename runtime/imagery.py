"""Images as users have them: one file or one per band, any bands, any type, Sentinel-2 products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime import sentinel2
from landslip.runtime.colours import band_count, check_order, chosen_bands, coloured
from landslip.runtime.declared.bands import COLOURS
from landslip.runtime.declared.fill import Fill
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.fill_evidence import HALO, is_filled
from landslip.runtime.gdal import make_window
from landslip.runtime.location import Location, shown
from landslip.runtime.raster import Raster
from landslip.runtime.reading import Reading
from landslip.runtime.spec import Role
from landslip.runtime.stretch import Stretch

Opener = Callable[[Location, str], Raster]
"""Opens a file in a role."""


@dataclass(frozen=True)
class Bands:
    """Some bands of one raster, read as 8 bits on its own grid."""

    raster: Raster
    """The opened file."""
    numbers: tuple[int, ...]
    """Which bands, from 1."""
    zero_is_nodata: bool = False
    """A pixel that is 0 in every one of these bands is unknown, though the file does not say so."""
    stretch: Stretch | None = None
    """What brings its values to 8 bits; None for values that are in 8 bits already."""
    fills: tuple[Fill, ...] = ()
    """Numbers that are unknown besides those that the file declares."""
    beside: tuple[Raster, ...] = ()
    """The other files of one band on the same grid that have to be fill, too, for a pixel to be it."""

    @property
    def type(self) -> str:
        """Type of the stored numbers, such as ``uint16``."""
        return self.raster.dtypes[self.numbers[0] - 1]

    @property
    def count(self) -> int:
        """How many bands."""
        return len(self.numbers)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of what is read."""
        return np.dtype(np.uint8)

    def read(self, window: Window) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Values (bands, rows, cols) uint8 and where they are known (rows, cols), on a window of the file."""
        stored, valid = self.stored(window)
        return (stored if self.stretch is None else self.stretch.apply(stored)), valid

    def stored(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """The same before the stretch: the numbers of the file."""
        stored, valid = self.raster.read(window, self.numbers, each=self.each)
        if self.zero_is_nodata:
            valid &= (stored != 0).any(axis=0)
        for fill in self.fills:
            valid &= ~self._filled(window, stored, fill)
        return stored, valid

    def _filled(self, window: Window, stored: NDArray[Any], fill: Fill) -> NDArray[np.bool_]:
        """Where a window is fill: the same whatever the window."""
        if not fill.tolerance:
            if not self.beside or fill.any_band or not (stored == fill.value).any():
                return is_filled(stored, fill)
            return is_filled(self._picture(window), fill)
        top, left = (max(0, int(first) - HALO) for first in (window.row_off, window.col_off))
        bottom = min(self.raster.height, int(window.row_off + window.height) + HALO)
        right = min(self.raster.width, int(window.col_off + window.width) + HALO)
        wide = is_filled(self._picture(make_window(left, top, right - left, bottom - top)), fill)
        row, col = int(window.row_off) - top, int(window.col_off) - left
        return wide[row : row + int(window.height), col : col + int(window.width)]

    def _picture(self, window: Window) -> NDArray[Any]:
        """The stored numbers of these bands and those beside them."""
        others = [raster.read(window, (1,))[0] for raster in self.beside]
        return np.concatenate([self.raster.read(window, self.numbers)[0], *others])

    @property
    def each(self) -> bool:
        """Whether nodata in one of the bands makes a pixel unknown.

        In pictures, and where nodata is 0, a single 0 is dark, not unknown. A number such as -9999 never is a colour.
        """
        declared = {self.raster.nodata_values[number - 1] for number in self.numbers}
        return self.type != "uint8" and not declared <= {None, 0.0}


@dataclass(frozen=True)
class Image:
    """Red, green and blue of one date."""

    role: Role
    """pre or post."""
    parts: tuple[Bands, ...]
    """One part with three bands, or three parts with one band each, which may differ in their grids."""
    facts: dict[str, Any] = field(default_factory=dict)
    """How it is read, for the run record."""
    doubts: tuple[str, ...] = ()
    """What speaks against it, for the user to judge."""
    levels: tuple[tuple[float, float], ...] | None = None
    """Of each band, what the network sees of its 2nd and 98th percentile, 0 to 255; None where that is not known."""

    @property
    def rasters(self) -> tuple[Raster, ...]:
        """Its files, the one with the smallest pixels last: that one leads where the map grid is laid."""
        files = [part.raster for part in self.parts]
        finest = min(files, key=lambda raster: abs(raster.transform.determinant))
        return (*(raster for raster in files if raster is not finest), finest)


def open_image(role: Role, given: Sequence[Location], reading: Reading, opened: Opener) -> Image:
    """Open what a user gives as the image of one date.

    A file's bands are those of ``reading.bands``, else those the file calls red, green and blue, else its only three.
    Of a Sentinel-2 product the true colour image is taken. Three files are red, green and blue in this order, each on
    its own grid: the bands of a sensor may have different resolutions, and each is resampled on its own anyway.

    Args:
        role: pre or post.
        given: one location, or three.
        reading: the user's choices.
        opened: opens a raster in a role, as messages name it.

    Raises:
        UsageError: there are neither one nor three files, or too few bands for those that are chosen.
        InputMissingError: a file is not there.
        InputError: a file is no image.
    """
    name = f"{role}-event image"
    if len(given) == 1:
        return _one_file(role, given[0], reading, opened, name)
    sentinel2.check_alone(given, name)
    if len(given) != 3 or len(set(given)) != 3:
        raise UsageError(
            f"{len(given)} files are given as {name} ({shown(given)}). Give one file, or three different ones for red, "
            f"green and blue: --{role} RED --{role} GREEN --{role} BLUE. Join pieces of one image with "
            "gdalbuildvrt -srcnodata 0 -vrtnodata 0."
        )
    parts = tuple(
        _single(opened(location, f"{name} ({colour})"), location)
        for location, colour in zip(given, COLOURS, strict=True)
    )
    check_order([part.raster for part in parts])
    types = [part.type for part in parts]
    if len(set(types)) > 1:
        raise InputError(
            f"{name}: {shown(given)} are {', '.join(types)}. Give red, green and blue in one type, from one product."
        )
    return Image(role, parts, {"bands": [number for part in parts for number in part.numbers]})


def _one_file(role: Role, location: Location, reading: Reading, opened: Opener, name: str) -> Image:
    if sentinel2.is_product(location):
        file = sentinel2.true_colour(location, name)
        facts: dict[str, Any] = {"file": shown(file), "bands": [1, 2, 3]}
        raster = opened(file, name)
    else:
        file, raster = location, opened(location, name)
        facts = {"bands": list(chosen_bands(raster, reading.bands))}
    bands = _checked(Bands(raster, tuple(facts["bands"]), sentinel2.zero_is_nodata(file)))
    return Image(role, (bands,), facts)


def _single(raster: Raster, location: Location) -> Bands:
    numbers = coloured(raster)
    if len(numbers) != 1:
        raise InputError(
            f"{raster.role}: {raster.path} has {band_count(len(numbers))}, but each of three files has one. "
            "Give one file alone, or join pieces of one image first: gdalbuildvrt -srcnodata 0 -vrtnodata 0."
        )
    return _checked(Bands(raster, numbers, sentinel2.zero_is_nodata(location)))


def _checked(bands: Bands) -> Bands:
    raster = bands.raster
    types = {raster.dtypes[number - 1] for number in bands.numbers}
    if len(types) > 1 or bands.type.startswith("complex"):
        raise InputError(
            f"{raster.role}: {raster.path} is {', '.join(sorted(types))}, which is no picture. "
            "Give real numbers of one type, for example with gdal_translate -ot Float32."
        )
    scales = [raster.scales[number - 1] for number in bands.numbers]
    if not all(np.isfinite(scales)) or 0.0 in scales or not np.isfinite(raster.offsets).all():
        raise InputError(
            f"{raster.role}: {raster.path} says that its values are scaled by {', '.join(map(str, scales))}, which "
            "leaves no values. Set it right: gdal_edit.py -scale 1 -offset 0 FILE."
        )
    return bands
