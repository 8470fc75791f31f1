"""Reading rasters: the one place that opens files with rasterio for input, and translates its errors."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from landslip.runtime.closing import Closing
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.gdal import RASTER_ERRORS, make_window, reason
from landslip.runtime.grid import Bounds
from landslip.runtime.location import Location, gdal_name, shown

log = logging.getLogger(__name__)


class Raster(Closing):
    """A georeferenced raster file, read window by window on its own grid."""

    def __init__(self, location: Location, role: str, *, salvage: bool = False) -> None:
        """Open a file.

        Args:
            location: anything GDAL reads.
            role: what the file is in the scene, for error messages ("pre-event image").
            salvage: where the file is damaged, its blocks are unknown, instead of an error.

        Raises:
            InputMissingError: there is no such file.
            InputError: it is no raster, or not georeferenced.
        """
        path = shown(location)
        if isinstance(location, Path) and not location.exists():
            raise InputMissingError(f"{role}: {path} does not exist. Check the path.")
        try:
            with warnings.catch_warnings():
                # Said below, as an error with a remedy.
                warnings.simplefilter("ignore", NotGeoreferencedWarning)
                self._dataset = rasterio.open(gdal_name(location))
        except RASTER_ERRORS as error:
            raise InputError(
                f"{role}: {path} cannot be read as a raster ({reason(error)}). "
                "Give a GeoTIFF or another format GDAL reads."
            ) from error
        self.location = location
        self.path = path
        """Where it lies, as messages show it."""
        self.role = role
        self.damaged: dict[tuple[int, int, int, int], str] = {}
        """Blocks that could not be read, as (first row, end, first column, end), and why."""
        self._salvage = salvage
        self.transform: Affine = self._dataset.transform
        self.height: int = self._dataset.height
        self.width: int = self._dataset.width
        self.scaled: bool = {*self._dataset.scales} != {1.0} or {*self._dataset.offsets} != {0.0}
        self.dtypes: tuple[str, ...] = self._dataset.dtypes
        self.nodata: float | None = self._dataset.nodata
        """The value the file declares as unknown."""
        self.alpha: bool = self._dataset.colorinterp[-1] == ColorInterp.alpha
        """Whether the last band says where the others are known."""
        self._heard = frozenset(self._dataset.mask_flag_enums[0])
        self.masked: bool = self.alpha or MaskFlags.per_dataset in self._heard
        """Whether a mask or an alpha band says what is known, and not a value."""
        try:
            self.crs = self._checked_crs()
        except InputError:
            self._dataset.close()
            raise

    @property
    def bands(self) -> int:
        """Number of bands of the file."""
        return len(self.dtypes)

    @property
    def axis_aligned(self) -> bool:
        """Whether rows and columns run along the axes of the CRS."""
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

    @property
    def block_row_bytes(self) -> int:
        """Bytes of one row of the file's blocks: what GDAL should keep so that each block is decoded once."""
        rows = max(shape[0] for shape in self._dataset.block_shapes)
        per_pixel = sum(np.dtype(dtype).itemsize for dtype in self.dtypes)
        return int(min(rows, self.height) * self.width * per_pixel)

    def read(self, window: Window, bands: Sequence[int], fill: float = 0) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Read a window that lies inside the file.

        Args:
            window: on the file's own grid.
            bands: which bands, from 1.
            fill: what values become that are not finite, or could not be read.

        Returns:
            values (bands, rows, cols) in the file's type, ``fill`` where not finite; valid (rows, cols) bool from
            nodata, alpha or mask band, and false where a value is not finite.

        Raises:
            InputError: the file is damaged there.
        """
        try:
            values, valid = self._stored(window, bands)
        except RASTER_ERRORS as error:
            if not self._salvage:
                raise InputError(
                    f"{self.role}: {self.path} cannot be read in {_place(window)} ({reason(error)}). The file is "
                    "damaged or was cut off: copy or download it again, or leave such places out with --on-error skip."
                ) from error
            values, valid = self._salvaged(window, bands, fill)
        if np.issubdtype(values.dtype, np.floating):
            finite = np.isfinite(values)
            valid &= finite.all(axis=0)
            values[~finite] = fill
        return values, valid

    def _stored(self, window: Window, bands: Sequence[int]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        values = self._dataset.read(list(bands), window=window)
        return values, self._known(window, values)

    def _salvaged(self, window: Window, bands: Sequence[int], fill: float) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """A window block by block; what cannot be read is unknown, whichever window asks for it."""
        dtype = np.result_type(*(self.dtypes[band - 1] for band in bands))
        values = np.full((len(bands), window.height, window.width), fill, dtype)
        valid = np.zeros(values.shape[1:], dtype=np.bool_)
        for block in self._blocks(window):
            part = block.intersection(window)
            top, left = int(part.row_off - window.row_off), int(part.col_off - window.col_off)
            place = (slice(top, top + int(part.height)), slice(left, left + int(part.width)))
            try:
                values[(slice(None), *place)], valid[place] = self._stored(part, bands)
            except RASTER_ERRORS as error:
                self._pass_over(block, reason(error))
        return values, valid

    def _blocks(self, window: Window) -> Iterator[Window]:
        """The file's blocks that a window touches."""
        high, wide = self._dataset.block_shapes[0]
        for top in range(window.row_off // high * high, window.row_off + window.height, high):
            for left in range(window.col_off // wide * wide, window.col_off + window.width, wide):
                yield make_window(left, top, min(wide, self.width - left), min(high, self.height - top))

    def _pass_over(self, block: Window, why: str) -> None:
        key = (block.row_off, block.row_off + block.height, block.col_off, block.col_off + block.width)
        if key not in self.damaged:
            self.damaged[key] = why
            log.warning(
                "%s: %s cannot be read in %s (%s): not observed there", self.role, self.path, _place(block), why
            )

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def _known(self, window: Window, values: NDArray[Any]) -> NDArray[np.bool_]:
        """What GDAL takes for known, less what it passes over: alpha of most types, nodata beside alpha or a mask."""
        valid: NDArray[np.bool_] = self._dataset.dataset_mask(window=window) != 0
        if self.alpha and MaskFlags.alpha not in self._heard:
            valid &= self._dataset.read(self.bands, window=window) != 0
        if self.nodata is not None and (self.alpha or MaskFlags.nodata not in self._heard):
            valid &= (values != in_type(self.nodata, values.dtype)).any(axis=0)
        return valid

    def _checked_crs(self) -> CRS:
        if self._dataset.crs is None:
            raise InputError(
                f"{self.role}: {self.path} has no coordinate reference system, so its place is unknown. "
                "Assign the right one: gdal_edit.py -a_srs EPSG:CODE FILE."
            )
        if self.transform.is_identity or self.transform.determinant == 0:
            raise InputError(
                f"{self.role}: {self.path} has no usable georeferencing (transform {tuple(self.transform)[:6]}). "
                "Use the georeferenced original, or set corner coordinates with gdal_edit.py -a_ullr."
            )
        return self._dataset.crs


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
