"""Reading rasters: the one place that opens files with rasterio for input, and translates its errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.closing import Closing
from landslip.runtime.dataset import described, opened
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.gdal import RASTER_ERRORS, reason
from landslip.runtime.grid import Bounds
from landslip.runtime.location import Location, is_networked, shown
from landslip.runtime.remote import opening_error, patiently, reading_error, settings


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
            ConnectionLostError: it is behind a connection that cannot be made.
        """
        path = shown(location)
        if isinstance(location, Path) and not location.exists():
            raise InputMissingError(f"{role}: {path} does not exist. Check the path.")
        try:
            self._dataset = patiently(location, lambda: opened(location), RASTER_ERRORS)
        except RASTER_ERRORS as error:
            raise opening_error(location, role, reason(error)) or InputError(
                f"{role}: {path} cannot be read as a raster ({reason(error)}). "
                "Give a GeoTIFF or another format GDAL reads."
            ) from error
        self._description = described(self._dataset)
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
            fill: what values become that are not finite.

        Returns:
            values (bands, rows, cols) in the file's type, ``fill`` where not finite; valid (rows, cols) bool from
            nodata, alpha or mask band, and false where a value is not finite.

        Raises:
            InputError: the file is damaged there.
            ConnectionLostError: it is behind a connection that broke.
        """
        try:
            values, valid = patiently(self.location, lambda: self._read(window, bands), RASTER_ERRORS)
        except RASTER_ERRORS as error:
            (first_row, last_row), (first_col, last_col) = window.toranges()
            where = f"rows {first_row} to {last_row}, columns {first_col} to {last_col}"
            if is_networked(self.location):
                raise reading_error(self.location, self.role, where, reason(error)) from error
            raise InputError(
                f"{self.role}: {self.path} cannot be read in {where} ({reason(error)}). "
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

    def _read(self, window: Window, bands: Sequence[int]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        with settings(self.location):
            if self._dataset.closed:
                self._dataset = opened(self.location, self._description)
            try:
                values = self._dataset.read(list(bands), window=window)
                return values, self._dataset.dataset_mask(window=window) != 0
            except RASTER_ERRORS:
                if is_networked(self.location):
                    self._dataset.close()
                raise

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
