"""Images as users have them: one file or one per band, any bands, any type, Sentinel-2 products."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

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
from landslip.runtime.gridded import Pixels
from landslip.runtime.location import Location, shown
from landslip.runtime.raster import Raster
from landslip.runtime.reading import Reading
from landslip.runtime.spec import Role
from landslip.runtime.stretch import Stretch
from landslip.runtime.tiled import TiledBands, TiledRaster, check_alike

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
    def units(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Scale and offset of each band."""
        return (
            tuple(float(self.raster.scales[number - 1]) for number in self.numbers),
            tuple(float(self.raster.offsets[number - 1]) for number in self.numbers),
        )

    @property
    def each(self) -> bool:
        """Whether nodata in one of the bands makes a pixel unknown.

        In pictures, and where nodata is 0, a single 0 is dark, not unknown. A number such as -9999 never is a colour.
        """
        declared = {self.raster.nodata_values[number - 1] for number in self.numbers}
        return self.type != "uint8" and not declared <= {None, 0.0}


Source: TypeAlias = "Bands | TiledBands"
"""What is brought onto the map as one: bands of a file, or of tiles."""


@dataclass(frozen=True)
class Image:
    """Red, green and blue of one date."""

    role: Role
    """pre or post."""
    parts: tuple[Bands, ...]
    """One part with three bands, or three parts with one band each, which may differ in their grids, or tiles."""
    facts: dict[str, Any] = field(default_factory=dict)
    """How it is read, for the run record."""
    doubts: tuple[str, ...] = ()
    """What speaks against it, for the user to judge."""
    levels: tuple[tuple[float, float], ...] | None = None
    """Of each band, what the network sees of its 2nd and 98th percentile, 0 to 255; None where that is not known."""
    tiled: TiledRaster | None = None
    """Where the parts lie if they are tiles, each with all three bands; None where they are not."""

    @property
    def sources(self) -> tuple[Source, ...]:
        """What is brought onto the map one by one: its parts, tiles put together."""
        return self.parts if self.tiled is None else (TiledBands(self.tiled, self.parts),)

    def stretched(self, stretches: Sequence[Stretch]) -> Image:
        """The image with what brings its sources to 8 bits; as it is where there is none."""
        if not stretches:
            return self
        each = stretches if self.tiled is None else [stretches[0]] * len(self.parts)
        parts = (replace(part, stretch=stretch) for part, stretch in zip(self.parts, each, strict=True))
        return replace(self, parts=tuple(parts))

    @property
    def rasters(self) -> tuple[Pixels, ...]:
        """Its files or its mosaic, the one with the smallest pixels last: it leads where the map grid is laid."""
        files = [source.raster for source in self.sources]
        finest = min(files, key=lambda raster: abs(raster.transform.determinant))
        return (*(raster for raster in files if raster is not finest), finest)


def open_image(role: Role, given: Sequence[Location], reading: Reading, opened: Opener) -> Image:
    """Open what a user gives as the image of one date.

    A file's bands are those of ``reading.bands``, else those the file calls red, green and blue, else its only three.
    Of a Sentinel-2 product the true colour image is taken. Three files of one band are red, green and blue in this
    order, each on its own grid: the bands of a sensor may have different resolutions, and each is resampled on its own
    anyway. Two or more files that have all colours each are tiles on one grid.

    Args:
        role: pre or post.
        given: one location or more.
        reading: the user's choices.
        opened: opens a raster in a role, as messages name it.

    Raises:
        UsageError: there are neither one nor three files of one band, or too few bands for those that are chosen.
        InputMissingError: a file is not there.
        InputError: a file is no image, or does not go with the others.
    """
    name = f"{role}-event image"
    if len(given) == 1:
        part, facts = _picture(_open(given[0], opened, name), reading)
        return Image(role, (part,), facts)
    if len(set(given)) != len(given) or not given:
        raise UsageError(_unclear(role, given))
    files = [_open(location, opened, name) for location in given]
    single = [file for file in files if file.is_single]
    if not single:
        return _tiles(role, files, reading, name)
    if len(single) < len(files):
        raise InputError(_mixed(next(file for file in files if not file.is_single), single[0]))
    if len(files) != 3:
        raise UsageError(_unclear(role, given))
    return _colours(role, files, name)


def _unclear(role: Role, given: Sequence[Location]) -> str:
    return (
        f"{len(given)} files are given as {role}-event image ({shown(given)}). Give one file, or three different ones "
        f"for red, green and blue: --{role} RED --{role} GREEN --{role} BLUE. Or give tiles that have all three "
        f"colours each: --{role} TILE --{role} TILE."
    )


def _mixed(whole: _File, single: _File) -> str:
    raster = whole.raster
    return (
        f"{raster.role}: {raster.path} has {band_count(len(coloured(raster)))}, and {single.raster.path} has one. Give "
        "red, green and blue in three files of one band, or tiles that have all three colours each. To make such a "
        "tile of bands: gdalbuildvrt -separate TILE.vrt RED GREEN BLUE."
    )


@dataclass(frozen=True)
class _File:
    """What a user gives, opened."""

    raster: Raster
    location: Location
    """Of the picture; in a product, or what was given."""
    in_product: bool

    @property
    def is_single(self) -> bool:
        """Whether it has one of the colours, and not all three."""
        return not self.in_product and len(coloured(self.raster)) == 1 and "palette" not in self.raster.colours


def _open(location: Location, opened: Opener, name: str) -> _File:
    if sentinel2.is_product(location):
        picture = sentinel2.true_colour(location, name)
        return _File(opened(picture, name), picture, in_product=True)
    return _File(opened(location, name), location, in_product=False)


def _picture(file: _File, reading: Reading) -> tuple[Bands, dict[str, Any]]:
    """The colours of a file that has all three, and what the run record says of it."""
    facts: dict[str, Any]
    if file.in_product:
        facts = {"file": file.raster.path, "bands": [1, 2, 3]}
    else:
        facts = {"bands": list(chosen_bands(file.raster, reading.bands))}
    return _checked(Bands(file.raster, tuple(facts["bands"]), sentinel2.zero_is_nodata(file.location))), facts


def _tiles(role: Role, files: Sequence[_File], reading: Reading, name: str) -> Image:
    """An image in tiles, in the order in which they are given."""
    parts, facts = zip(*(_picture(file, reading) for file in files), strict=True)
    check_alike(parts, name)
    each = [{"file": part.raster.path, "bands": list(part.numbers)} for part in parts]
    return Image(role, parts, {"bands": facts[0]["bands"], "tiles": each}, tiled=TiledRaster(parts))


def _colours(role: Role, files: Sequence[_File], name: str) -> Image:
    """An image in three files."""
    for file, colour in zip(files, COLOURS, strict=True):
        file.raster.role = f"{name} ({colour})"
    parts = tuple(
        _checked(Bands(file.raster, coloured(file.raster), sentinel2.zero_is_nodata(file.location))) for file in files
    )
    check_order([part.raster for part in parts])
    types = [part.type for part in parts]
    if len(set(types)) > 1:
        raise InputError(
            f"{name}: {shown([file.location for file in files])} are {', '.join(types)}. Give red, green and blue in "
            "one type, from one product."
        )
    return Image(role, parts, {"bands": [number for part in parts for number in part.numbers]})


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
