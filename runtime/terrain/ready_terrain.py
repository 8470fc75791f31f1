"""Ready hillshade and slope: what their files hold, as the network takes it."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.declared.units import SteepnessUnit, in_degrees, scaling_of, slopes_of
from landslip.runtime.errors import InputError
from landslip.runtime.geo.earth import STEEPEST, can_be_slope
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.rasters.impossible_values import Impossible
from landslip.runtime.rasters.nearest_values import Beneath
from landslip.runtime.rasters.raster import Raster

log = logging.getLogger(__name__)

BRIGHTEST = 255
DARKEST = 1
"""Value shown to a network for ground in full shade: ``gdaldem``, which made its training data, keeps 0 for nodata."""

FILLS = (255.0, 999.0, 9999.0)
"""Numbers beyond 90 that stand for unknown slopes, ..."""
LEAST_FILL = 1000.0
"""... and so does every number from here on: in percent it would be 84 degrees."""
FILL_BELOW = -1.0
"""Number below which all are fill; between it and 0 lie slopes of level ground that a cubic resampled."""


class Steepness:
    """A ready slope in degrees, as float32: what its file states is converted, what cannot be a slope is not valid."""

    count = 1
    dtype = np.dtype(np.float32)

    def __init__(self, raster: Raster) -> None:
        """Take an opened raster of real numbers.

        Raises:
            InputError: what it states of its numbers makes no values.
        """
        self.raster = raster
        self._scaling, unit = slopes_of(raster)
        self._unit: SteepnessUnit = unit
        self._impossible = Impossible(raster, "slopes (0 to 90 degrees)")

    def again(self, opened: Callable[[Raster], Raster]) -> Steepness:
        """Second reader of the same slope, for another thread.

        Args:
            opened: opens the file of a raster again; see :meth:`landslip.runtime.rasters.raster.Raster.again`.
        """
        other = copy.copy(self)
        other.raster = opened(self.raster)
        return other

    def read(self, window: Window) -> Pixels:
        """See :class:`~landslip.runtime.scene.layers.LayerInput`."""
        stored = self.raster.read(window, (1,))
        values, valid = in_degrees(self._scaling.of(stored.values), self._unit), stored.valid
        # What is not valid may be any number, but is looked at only where that matters: it takes ten times as long.
        if not (values.min(initial=0.0) >= 0.0 and values.max(initial=0.0) <= STEEPEST):
            self._check_unit(values[0], valid)
            values = np.where((values > FILL_BELOW) & (values < 0), 0, values)
            valid = self._impossible.left_out(stored, can_be_slope(values[0]), window)
        if not valid.all():
            values[:, ~valid] = 0  # what stands for unknown may be a number that float32 does not hold
        return Pixels(values.astype(np.float32), valid)

    def _check_unit(self, values: NDArray[Any], valid: NDArray[np.bool_]) -> None:
        beyond = values[valid & (values > STEEPEST) & (values < LEAST_FILL) & ~np.isin(values, FILLS)]
        if beyond.size:
            raise InputError(
                f"{self.raster.role}: {self.raster.path} reaches {beyond.max():g}, but 90 degrees is the most there "
                "can be: it may be in percent, or show the aspect.",
                "Make it in degrees: gdaldem slope, without -p. If that number means unknown, declare it: "
                "gdal_edit.py -a_nodata NUMBER FILE.",
            )


class Shading:
    """A ready hillshade, 1 to 255 as from ``gdaldem``.

    A 0 is unknown where the file says so, and where the slope is unknown or exactly 0 there, as level ground is never
    in full shade. Elsewhere it is ground that the light does not reach, as ArcGIS and QGIS write it, and becomes
    :data:`DARKEST`.
    """

    count = 1
    dtype = np.dtype(np.uint8)

    def __init__(self, raster: Raster, steepness: Steepness | None) -> None:
        """Take an opened raster and the slope of the same ground, if there is one.

        Raises:
            InputError: what it states of its numbers makes no values.
        """
        self.raster = raster
        self._scaling = scaling_of(raster)
        self._slope = None if steepness is None else Beneath(raster, steepness)
        self._impossible = Impossible(raster, f"levels of a hillshade (0 to {BRIGHTEST})")
        self._warned = False

    def read(self, window: Window) -> Pixels:
        """See :class:`~landslip.runtime.scene.layers.LayerInput`."""
        stored = self.raster.read(window, (1,))
        levels, valid = self._scaling.of(stored.values), stored.valid
        if levels.dtype != np.uint8:
            possible = (levels[0] >= 0) & (levels[0] <= BRIGHTEST)
            valid = self._impossible.left_out(stored, possible, window)
            levels = np.floor(np.where(valid, levels, 0) + 0.5).astype(np.uint8)
        dark = valid & (levels[0] == 0)
        if dark.any():
            levels[0][dark] = DARKEST
            valid[dark] = self._shaded(dark, window)
        return Pixels(levels, valid)

    def _shaded(self, dark: NDArray[np.bool_], window: Window) -> NDArray[np.bool_]:
        """Mask of the pixels at 0 that show ground."""
        rows, cols = np.nonzero(dark)
        if self._slope is not None:
            degrees = self._slope.at(rows + int(window.row_off), cols + int(window.col_off))
            return degrees > 0.0
        if not self._warned:
            self._warned = True
            log.warning(
                "%s: %s has pixels of 0, and no slope that tells shade from unknown ground: nothing is observed there.",
                self.raster.role, self.raster.path,
            )  # fmt: skip
        return np.zeros(len(rows), dtype=np.bool_)
