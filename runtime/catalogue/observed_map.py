"""Facts of a finished map that its Item tells: place, statistics, and the outline of what was observed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.io import DatasetReader

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import InputError
from landslip.runtime.geo.footprint import Footprint, footprint
from landslip.runtime.geo.map_grid import Bounds

_PIXELS = 256
"""Most pixels along a side of the picture of the map that the outline is drawn from."""

_STATISTICS = {
    "minimum": "STATISTICS_MINIMUM",
    "maximum": "STATISTICS_MAXIMUM",
    "mean": "STATISTICS_MEAN",
    "stddev": "STATISTICS_STDDEV",
    "valid_percent": "STATISTICS_VALID_PERCENT",
}
"""GDAL's names of statistics, by those of STAC."""


@dataclass(frozen=True)
class ObservedMap:
    """A map as its file tells."""

    crs: CRS
    """CRS of the map."""
    transform: Affine
    """Transform from (column, row) to its CRS."""
    shape: tuple[int, int]
    """Rows and columns."""
    bounds: Bounds
    """Left, bottom, right, top in its CRS."""
    unit: str | None
    """Unit of the values."""
    statistics: dict[str, float]
    """Figures of the observed pixels by STAC's names; empty where the file has none."""
    footprint: Footprint | None
    """Outline of what was observed; None where nothing was."""

    @classmethod
    def read(cls, path: Path) -> ObservedMap:
        """Read a finished map, its overviews where it is large.

        Raises:
            InputError: it cannot be read.
        """
        try:
            with rasterio.open(path) as dataset:
                return cls(
                    crs=dataset.crs,
                    transform=dataset.transform,
                    shape=dataset.shape,
                    bounds=tuple(dataset.bounds),
                    unit=dataset.units[0],
                    statistics=_statistics(dataset.tags(1)),
                    footprint=_footprint(dataset),
                )
        except RASTER_ERRORS as error:
            raise InputError(f"{path} cannot be read ({reason(error)}).", "Copy it again.", where=path) from error


def _footprint(dataset: DatasetReader) -> Footprint | None:
    """The outline; a pixel of the smaller picture counts as observed where any of those under it was."""
    step = -(-max(dataset.shape) // _PIXELS)
    rows, cols = (-(-size // step) for size in dataset.shape)
    values = dataset.read(1, out_shape=(rows, cols), resampling=Resampling.average)
    scale = Affine.scale(dataset.width / cols, dataset.height / rows)
    return footprint(values != NOT_OBSERVED, dataset.transform @ scale, dataset.crs)


def _statistics(tags: dict[str, str]) -> dict[str, float]:
    return {name: float(tags[tag]) for name, tag in _STATISTICS.items() if tag in tags}
