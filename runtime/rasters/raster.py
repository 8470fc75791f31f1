"""Pixels of a file that rasterio reads for a map; what it raises meanwhile is translated here."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio._err import CPLE_OutOfMemoryError
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NodataShadowWarning
from rasterio.io import DatasetReader
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS, described, reason
from landslip.runtime.access.location import Location, container, exists, is_networked, shown
from landslip.runtime.access.readable import check_kind, what_to_give
from landslip.runtime.access.retries import opening_error, patiently, reading_error, settings
from landslip.runtime.confidence import DAMAGED
from landslip.runtime.declared.control_points import remedy_for
from landslip.runtime.errors import InputChangedError, InputError, InputMissingError
from landslip.runtime.geo.map_grid import Bounds
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window
from landslip.runtime.rasters.dataset import opened
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.ignored_warnings import warnings_ignored
from landslip.runtime.untrusted.printable import printable

LARGEST_BLOCK = 1 << 30
"""Bytes of a band's block."""

_MOST_HELD = 12
"""Most rasters of a container that a message names."""
_NAME = 200

log = logging.getLogger(__name__)


class Raster(Closing):
    """A georeferenced raster file, read window by window on its own grid; threads that read it take turns."""

    def __init__(self, location: Location, role: str, *, salvage: bool = False, warns: bool = True) -> None:
        """Open a file.

        Args:
            location: anything GDAL reads.
            role: what the file is in the scene, for error messages ("pre-event image").
            salvage: where the file is damaged, its blocks are unknown, instead of an error.
            warns: whether it and its readers warn of what is odd in it.

        Raises:
            InputMissingError: there is no such file.
            InputError: it is no raster, or not georeferenced.
            ConnectionLostError: it is behind a connection that cannot be made.
        """
        path = shown(location)
        holder = container(location)
        if isinstance(holder, Path) and not exists(holder):
            raise InputMissingError(f"{role}: {shown(holder)} does not exist.", "Check the path.", where=shown(holder))
        check_kind(location, role)
        self.location = location
        self.path = path
        """Path or address, as messages show it."""
        self.role = role
        self.warns = warns
        """True if it warns of what is odd in it, false where another reader of the file does."""
        try:
            self._dataset: DatasetReader = patiently(location, lambda: opened(location), RASTER_ERRORS)
            with settings(location):
                self._description = described(self._dataset)
                self._check_contents(location, role)
                self._describe()
        except RASTER_ERRORS as error:
            raise opening_error(location, role, reason(error)) or InputError(
                f"{role}: {path} cannot be read as a raster ({reason(error)}). {what_to_give(location, role)}",
                where=path,
            ) from error
        self.damaged: dict[tuple[int, int, int, int], str] = {}
        """Blocks that could not be read, as (first row, end, first column, end), and why."""
        self._salvage = salvage
        self._turn = threading.RLock()  # GDAL's handles serve one thread at a time
        self._state = _state_of(location)
        try:
            self.crs = self._checked_crs()
            self._check_blocks()
        except InputError:
            self._dataset.close()
            raise

    def _check_contents(self, location: Location, role: str) -> None:
        """Make sure that it is one raster, and not a container of several or none."""
        held = self._dataset.subdatasets
        if len(held) > 1 and self._dataset.count:
            if self.warns:
                log.warning(
                    "%s: %s holds %d rasters, of which the first is read. Name another one as GDAL does: %s.",
                    role, self.path, len(held), shown(held[1]),
                )  # fmt: skip
        elif not self._dataset.count:
            self._dataset.close()
            rest = f" and {len(held) - _MOST_HELD} more" if len(held) > _MOST_HELD else ""
            names = ", ".join(printable(shown(name), _NAME) for name in held[:_MOST_HELD])
            raise InputError(
                f"{role}: {shown(location)} holds {len(held) or 'no'} rasters. "
                + (f"Give the one that is meant by its name: {names}{rest}." if held else "Give a file that holds one.")
            )

    def _describe(self) -> None:
        """Facts that the file says of itself; of a damaged one GDAL may find only now that it is."""
        self._block_shapes: tuple[tuple[int, int], ...] = tuple(self._dataset.block_shapes)
        self.transform: Affine = self._dataset.transform
        self.height: int = self._dataset.height
        self.width: int = self._dataset.width
        self.dtypes: tuple[str, ...] = self._dataset.dtypes
        self.nodata: float | None = self._dataset.nodata
        """The value the file declares as unknown."""
        self.alpha: bool = self._dataset.colorinterp[-1] == ColorInterp.alpha
        """True if the last band says where the others are known."""
        self.nodata_values: tuple[float | None, ...] = self._dataset.nodatavals
        """Number that means nodata in each band."""
        self._heard = frozenset(self._dataset.mask_flag_enums[0])
        self._all_valid = {*map(tuple, self._dataset.mask_flag_enums)} == {(MaskFlags.all_valid,)}
        self.masked: bool = self.alpha or MaskFlags.per_dataset in self._heard
        """True if a mask or an alpha band says what is known, and not a value."""
        self.scales: tuple[float, ...] = self._dataset.scales
        self.offsets: tuple[float, ...] = self._dataset.offsets
        self.units: tuple[str, ...] = tuple(unit or "" for unit in self._dataset.units)
        """Units that the bands state; empty where they state none."""
        self.colours: tuple[str, ...] = tuple(colour.name for colour in self._dataset.colorinterp)
        """Colour that each band shows, by the file's own word: red, alpha, palette, undefined …"""
        self.tags: dict[str, str] = {**self._product_tags(0), **self._dataset.tags()}
        """Tags of the file, by GDAL's names."""
        self.names: tuple[str, ...] = tuple(name or "" for name in self._dataset.descriptions)
        """Names of the bands; empty where they have no name."""

    def again(self) -> Raster:
        """Second reader of the same file, for another thread; it warns of nothing.

        Raises:
            InputError: it cannot be opened any more.
            InputChangedError: it is another one by now.
        """
        other = Raster(self.location, self.role, salvage=self._salvage, warns=False)
        if (other.crs, other.transform, other.shape) != (self.crs, self.transform, self.shape):
            other.close()
            raise InputChangedError(
                f"{self.role}: {self.path} has changed since it was opened.",
                "Make the map again once nobody writes to it.",
                where=self.path,
            )
        return other

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    def band_tags(self, number: int) -> dict[str, str]:
        """Tags of a band, from 1, beside its name: GDAL's metadata, with keys in small letters."""
        with settings(self.location):
            tags = self._dataset.tags(number) | self._product_tags(number)
        return {str(key).lower(): str(value) for key, value in tags.items()}

    @property
    def parts(self) -> tuple[Path, ...]:
        """Other local files it is made of: sources, masks and statistics beside it."""
        itself = None if isinstance(self.location, str) else self.location.absolute()
        with settings(self.location):
            files = self._reopened().files
        named = (Path(name).absolute() for name in files if not name.startswith("/vsi"))
        return tuple(path for path in named if path != itself and path.is_file())

    def _product_tags(self, number: int) -> dict[str, str]:
        """Tags that the metadata of a product give a band, or all (0); a server would be asked for a dozen names."""
        return {} if is_networked(self.location) else self._dataset.tags(number, ns="IMAGERY")

    @property
    def bands(self) -> int:
        """Number of bands of the file."""
        return len(self.dtypes)

    @property
    def axis_aligned(self) -> bool:
        """Tell whether rows and columns run along the axes of the CRS."""
        return self.transform.b == 0.0 == self.transform.d

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top of the file's outline in its CRS."""
        xs, ys = zip(*(self.transform @ corner for corner in self.corners), strict=True)
        return min(xs), min(ys), max(xs), max(ys)

    @property
    def corners(self) -> tuple[tuple[int, int], ...]:
        """(column, row) of the four outer corners."""
        return (0, 0), (self.width, 0), (self.width, self.height), (0, self.height)

    def block_bytes(self, window: Window) -> int:
        """Bytes GDAL holds after reading a window as large as this: whole blocks of every band and of its mask."""
        high, wide = (max(shape[axis] for shape in self._block_shapes) for axis in (0, 1))
        rows, cols = (
            min(math.ceil(wanted / block) + 1, math.ceil(length / block)) * block
            for wanted, block, length in ((window.height, high, self.height), (window.width, wide, self.width))
        )
        mask = 0 if self._all_valid else 1
        return int(rows * cols * sum(np.dtype(dtype).itemsize + mask for dtype in self.dtypes))

    @property
    def block_shape(self) -> tuple[int, int]:
        """Rows and columns of the blocks the file is stored in."""
        rows, cols = self._block_shapes[0]
        return int(rows), int(cols)

    def read(self, window: Window, bands: Sequence[int], fill: float = 0, *, each: bool = False) -> Pixels:
        """Read a window that lies inside the file.

        Args:
            window: on the file's own grid.
            bands: which bands, from 1.
            fill: what values become that are not finite, or could not be read.
            each: a pixel is valid where each of these bands has data; else where any band of the file has, as GDAL sees
                nodata in pictures.

        Returns:
            values in the file's type, ``fill`` where not finite; valid from nodata, alpha or mask band, and false
            where a value is not finite.

        Raises:
            InputError: the file is damaged there.
            ConnectionLostError: it is behind a connection that broke.
        """
        with self._turn:
            values, valid = self._read(window, bands, fill, each)
        if np.issubdtype(values.dtype, np.floating):
            finite = np.isfinite(values)
            if not finite.all():
                valid &= finite.all(axis=0)
                values[~finite] = fill
        return Pixels(values, valid)

    def _read(self, window: Window, bands: Sequence[int], fill: float, each: bool) -> Pixels:
        """A window as it is stored, and without what is damaged."""
        try:
            return self._stored(window, bands, each)
        except RASTER_ERRORS as error:
            if is_networked(self.location):
                # Never left out: it is there when the connection is back.
                raise reading_error(self.location, self.role, _place(window), reason(error)) from error
            if not self._salvage:
                raise InputError(
                    f"{self.role}: {self.path} cannot be read in {_place(window)} ({reason(error)}). The file is "
                    "damaged or was cut off: copy or download it again, or leave such places out with `on_error` skip.",
                    where=self.path,
                ) from error
            return self._salvaged(window, bands, fill, each)

    def _stored(self, window: Window, bands: Sequence[int], each: bool) -> Pixels:
        return patiently(self.location, lambda: self._attempt(window, bands, each), RASTER_ERRORS)

    def _attempt(self, window: Window, bands: Sequence[int], each: bool) -> Pixels:
        with settings(self.location):
            self._reopened()
            try:
                values = self._dataset.read(list(bands), window=window)
                return Pixels(values, self._valid(window, values, bands if each else None))
            except RASTER_ERRORS:
                # GDAL keeps what came of it, as if it were all: half an answer of a server, or memory that nothing was
                # written to, which it gives when the same block of a virtual raster is read again.
                self._dataset.close()
                raise

    def _reopened(self) -> DatasetReader:
        """The file, opened again where it was closed because something could not be read."""
        if self._dataset.closed:
            self._dataset = opened(self.location, self._description)
        return self._dataset

    def _salvaged(self, window: Window, bands: Sequence[int], fill: float, each: bool) -> Pixels:
        """A window block by block; what cannot be read is not valid, whichever window asks for it."""
        dtype = np.result_type(*(self.dtypes[band - 1] for band in bands))
        values = np.full((len(bands), window.height, window.width), fill, dtype)
        valid = np.zeros(values.shape[1:], dtype=np.bool_)
        for block in self._blocks(window):
            part = block.intersection(window)
            top, left = int(part.row_off - window.row_off), int(part.col_off - window.col_off)
            place = (slice(top, top + int(part.height)), slice(left, left + int(part.width)))
            try:
                values[(slice(None), *place)], valid[place] = self._stored(part, bands, each)
            except RASTER_ERRORS as error:
                self._check_damage(error)
                self._pass_over(block, reason(error))
        return Pixels(values, valid)

    def _check_damage(self, error: Exception) -> None:
        """Make sure that it is the file that is damaged, and not out of reach for a while."""
        if isinstance(error.__cause__ or error, CPLE_OutOfMemoryError):
            raise InputError(
                f"{self.role}: {self.path} cannot be read for want of memory ({reason(error)}).",
                "Close what else uses it; resume=True goes on.",
                where=self.path,
            ) from error
        if _state_of(self.location) != self._state:
            raise InputError(
                f"{self.role}: {self.path} has changed since it was opened, or is not there any more. Once it is back "
                "as it was, resume=True goes on.",
                where=self.path,
            ) from error

    def _blocks(self, window: Window) -> Iterator[Window]:
        """The file's blocks that a window touches."""
        high, wide = self._block_shapes[0]
        for top in range(window.row_off // high * high, window.row_off + window.height, high):
            for left in range(window.col_off // wide * wide, window.col_off + window.width, wide):
                yield make_window(left, top, min(wide, self.width - left), min(high, self.height - top))

    def _pass_over(self, block: Window, why: str) -> None:
        key = (block.row_off, block.row_off + block.height, block.col_off, block.col_off + block.width)
        if key not in self.damaged:
            self.damaged[key] = why
            if self.warns:
                log.warning(
                    "%s: %s cannot be read in %s (%s): not observed there", self.role, self.path, _place(block), why
                )

    @property
    def gapless(self) -> bool:
        """See :class:`landslip.runtime.geo.gridded.Gapped`."""
        return not self.damaged

    def gaps(self, window: Window) -> NDArray[np.uint8] | None:
        """See :class:`landslip.runtime.geo.gridded.Gapped`."""
        if not self.damaged:
            return None
        gaps = np.zeros((int(window.height), int(window.width)), dtype=np.uint8)
        row, col = int(window.row_off), int(window.col_off)
        for top, bottom, left, right in tuple(self.damaged):
            gaps[max(0, top - row) : max(0, bottom - row), max(0, left - col) : max(0, right - col)] = DAMAGED
        return gaps if gaps.any() else None

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def _valid(self, window: Window, values: NDArray[Any], each: Sequence[int] | None) -> NDArray[np.bool_]:
        """Pixels GDAL takes for valid, less what it passes over: alpha of most types, nodata beside alpha or a mask."""
        valid: NDArray[np.bool_]
        if self._all_valid:
            valid = np.ones(values.shape[1:], dtype=np.bool_)
        else:
            # Not rasterio's dataset_mask: of red, green, blue and a fourth band it asks the fourth alone, which may be
            # infrared, or an alpha band whose opaque 255 is the nodata value of the colours.
            asked = each or ((1,) if MaskFlags.per_dataset in self._heard else range(1, self.bands + 1 - self.alpha))
            with warnings_ignored(NodataShadowWarning):
                masks = self._dataset.read_masks(list(asked), window=window) != 0
            valid = masks.any(axis=0) if each is None else masks.all(axis=0)
        if self.alpha and MaskFlags.alpha not in self._heard:
            valid &= self._dataset.read(self.bands, window=window) != 0
        if self.nodata is not None and (self.alpha or MaskFlags.nodata not in self._heard):
            differs = values != in_type(self.nodata, values.dtype)
            valid &= differs.any(axis=0) if each is None else differs.all(axis=0)
        return valid

    def _checked_crs(self) -> CRS:
        placed_otherwise = (
            remedy_for(self._dataset) if self._dataset.crs is None or self.transform.is_identity else None
        )
        if placed_otherwise is not None:
            raise InputError(f"{self.role}: {self.path} lies on no grid: {placed_otherwise}.", where=self.path)
        if self._dataset.crs is None:
            raise InputError(
                f"{self.role}: {self.path} has no coordinate reference system, so its place is unknown.",
                "Assign the right one: gdal_edit.py -a_srs EPSG:CODE FILE.",
                where=self.path,
            )
        if self.transform.is_identity or not all(map(math.isfinite, self.transform)) or not self.transform.determinant:
            raise InputError(
                f"{self.role}: {self.path} has no usable georeferencing (transform {tuple(self.transform)[:6]}).",
                "Use the georeferenced original, or set corner coordinates with gdal_edit.py -a_ullr.",
                where=self.path,
            )
        return self._dataset.crs

    def _check_blocks(self) -> None:
        """A block is decoded whole; where that cannot be, GDAL's count of its memory is wrong from then on."""
        for (rows, cols), dtype in zip(self._block_shapes, self.dtypes, strict=True):
            if rows * cols * np.dtype(dtype).itemsize > LARGEST_BLOCK:
                raise InputError(
                    f"{self.role}: {self.path} is stored in blocks of {rows} x {cols} pixels, too large to be decoded. "
                    "If the file is not damaged, write it in tiles first: gdal_translate -co TILED=YES.",
                    where=self.path,
                )


def _state_of(location: Location) -> tuple[int, int] | None:
    """Size and time of change of a local file; None for others, and for one that is not there."""
    if isinstance(location, str):
        return None
    try:
        state = location.stat()
    except OSError:
        return None
    return state.st_size, state.st_mtime_ns


def _place(window: Window) -> str:
    return (
        f"rows {window.row_off} to {window.row_off + window.height}, "
        f"columns {window.col_off} to {window.col_off + window.width}"
    )


def in_type(value: float, dtype: np.dtype[Any]) -> float:
    """A number as an array of that type holds it: -3.4028235e38, for example, is a rounded one in float32."""
    if not np.issubdtype(dtype, np.floating):
        return value
    with np.errstate(over="ignore"):
        return float(np.asarray(value).astype(dtype))
