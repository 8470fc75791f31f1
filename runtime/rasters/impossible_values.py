"""Numbers that ground cannot have stand for unknown ground, although no file declares them."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.rasters.raster import Raster

log = logging.getLogger(__name__)


class Impossible:
    """Takes what cannot be out of what a file gives as valid, and warns when it meets the first."""

    def __init__(self, raster: Raster, what: str) -> None:
        """Know the file.

        Args:
            raster: it.
            what: what its numbers would have to be, for the warning: "heights from -500 to 9000 m".
        """
        self._raster, self._what, self._warned = raster, what, False

    def left_out(self, stored: Pixels, possible: NDArray[np.bool_], window: Window) -> NDArray[np.bool_]:
        """Mask of values (rows, cols) that are valid and can be.

        Args:
            stored: one band as the file has it.
            possible: (rows, cols) where its values can be.
            window: of the file, for the warning.
        """
        if not self._warned and (odd := stored.valid & ~possible).any():
            self._warned = True
            self._warn(stored.values[0][odd], window)
        return stored.valid & possible

    def _warn(self, odd: NDArray[Any], window: Window) -> None:
        values, counts = np.unique(odd, return_counts=True)
        first, last = int(window.row_off), int(window.row_off + window.height)
        log.warning(
            "%s: %s holds numbers that cannot be %s and are not declared as nodata, such as %g (%d of %d pixels in "
            "rows %d to %d): nothing is observed there.",
            self._raster.role, self._raster.path, self._what, values[counts.argmax()], odd.size,
            int(window.height * window.width), first, last,
        )  # fmt: skip
