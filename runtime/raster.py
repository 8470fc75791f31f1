"""Reading rasters: the one place that opens files with rasterio for input, and translates its errors."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window

from landslip.runtime.closing import Closing
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.gdal import RASTER_ERRORS, reason
from landslip.runtime.grid import Bounds
from landslip.runtime.location import Location, gdal_name, shown

LARGEST_BLOCK = 1 << 30
"""Bytes of a band's block."""


class Raster(Closing):
    """A georeferenced raster file, read window by window on its own grid."""

    def __init__(self, location: Location, role: str) -> None:
        """Open a file.

        Args:
            location: anything GDAL reads.
            role: what the file is in the scene, for error messages ("pre-event image").

        Raises:
            InputMissingError: there is no such file.
            InputError: it is no raster, or not georeferenced.
        """
        path = shown(location)
        if isinstance(location, Path) and not location.exists():
            raise InputMissingError(f"{role}: {path} does not exist. Check the path.")
        check_kind(location, role)
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
        self.transform: Affine = self._dataset.transform
        self.height: int = self._dataset.height
        self.width: int = self._dataset.width
        self.scaled: bool = {*self._dataset.scales} != {1.0} or {*self._dataset.offsets} != {0.0}
        self.dtypes: tuple[str, ...] = self._dataset.dtypes
        try:
            self.crs = self._checked_crs()
            self._check_blocks()
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

    def block_bytes(self, window: Window) -> int:
        """Bytes GDAL holds after reading a window as large as this: whole blocks of every band and its mask."""
        high, wide = (max(shape[axis] for shape in self._dataset.block_shapes) for axis in (0, 1))
        rows, cols = (
            min(math.ceil(wanted / block) + 1, math.ceil(length / block)) * block
            for wanted, block, length in ((window.height, high, self.height), (window.width, wide, self.width))
        )
        return int(rows * cols * sum(np.dtype(dtype).itemsize + 1 for dtype in self.dtypes))

    def read(self, window: Window, bands: Sequence[int], fill: float = 0) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Read a window that lies inside the file.

        Args:
            window: on the file's own grid.
            bands: which bands, from 1.
            fill: what values become that are not finite.

        Returns:
            values (bands, rows, cols) in the file's type, ``fill`` where not finite; valid (rows, cols) bool from
            nodata, alpha or mask band, and false where a value is not finite.

        Raises:
            InputError: the file is damaged there.
        """
        try:
            values = self._dataset.read(list(bands), window=window)
            valid = self._dataset.dataset_mask(window=window) != 0
        except RASTER_ERRORS as error:
            raise InputError(
                f"{self.role}: {self.path} cannot be read in rows {window.row_off} to {window.row_off + window.height},"
                f" columns {window.col_off} to {window.col_off + window.width} ({reason(error)}). "
                "The file is damaged or was cut off: copy or download it again."
            ) from error
        if np.issubdtype(values.dtype, np.floating):
            finite = np.isfinite(values)
            valid &= finite.all(axis=0)
            values[~finite] = fill
        return values, valid

    def close(self) -> None:
        """Close the file."""
        self._dataset.close()

    def _checked_crs(self) -> CRS:
        if self._dataset.crs is None:
            raise InputError(
                f"{self.role}: {self.path} has no coordinate reference system, so its place is unknown. "
                "Assign the right one: gdal_edit.py -a_srs EPSG:CODE FILE."
            )
        if self.transform.is_identity or not all(map(math.isfinite, self.transform)) or not self.transform.determinant:
            raise InputError(
                f"{self.role}: {self.path} has no usable georeferencing (transform {tuple(self.transform)[:6]}). "
                "Use the georeferenced original, or set corner coordinates with gdal_edit.py -a_ullr."
            )
        return self._dataset.crs

    def _check_blocks(self) -> None:
        """A block is decoded whole; where that cannot be, GDAL's count of its memory is wrong from then on."""
        for (rows, cols), dtype in zip(self._dataset.block_shapes, self.dtypes, strict=True):
            if rows * cols * np.dtype(dtype).itemsize > LARGEST_BLOCK:
                raise InputError(
                    f"{self.role}: {self.path} is stored in blocks of {rows} x {cols} pixels, too large to be decoded. "
                    "If the file is not damaged, write it in tiles first: gdal_translate -co TILED=YES."
                )


def check_kind(location: Location, role: str) -> None:
    """A local file is one that can be read at any place: opening a pipe would wait for ever.

    Raises:
        InputError: it is a pipe, a socket or a device.
    """
    if isinstance(location, Path) and not (location.is_file() or location.is_dir()):
        raise InputError(f"{role}: {shown(location)} is no regular file. Save what comes from it as a file first.")
