"""Result of reading a window: values, and which of its pixels may be used."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Pixels(NamedTuple):
    """A window of a raster, on the raster's own grid or on the map's."""

    values: NDArray[Any]
    """(bands, rows, cols); what stands where a pixel is not valid means nothing, unless its reader says what it is."""
    valid: NDArray[np.bool_]
    """(rows, cols): which pixels may be used."""

    @property
    def known(self) -> NDArray[Any]:
        """Values (bands, n) of the pixels that may be used, row by row; not to be written into.

        Where all may be used, as nearly always, nothing is chosen: that would take longer than to decode them.
        """
        if self.valid.all():
            return self.values.reshape(len(self.values), -1)
        known: NDArray[Any] = self.values[:, self.valid]
        return known
