"""Opening rasters with rasterio, remote ones so that none is taken for what it is not."""

from __future__ import annotations

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioIOError
from rasterio.io import DatasetReader

from landslip.runtime.access.gdal import described
from landslip.runtime.access.location import Location, gdal_name, is_networked
from landslip.runtime.access.retries import settings
from landslip.runtime.system.ignored_warnings import warnings_ignored


def opened(location: Location, description: str | None = None) -> DatasetReader:
    """A raster as rasterio gives it, in one attempt.

    A remote file is opened twice. Where a connection breaks within the head of a file, GDAL opens what came, without
    the nodata value for example, or takes a mask beside it for missing; it does not do so twice in the same way.

    Args:
        location: anything GDAL reads.
        description: what :func:`described` said when it was opened before; None for the first time.

    Raises:
        One of :data:`~landslip.runtime.access.gdal.RASTER_ERRORS`: it cannot be opened.
    """
    # What is not georeferenced is said by those who need it, as an error with a remedy.
    with warnings_ignored(NotGeoreferencedWarning), settings(location):
        before = None
        if is_networked(location):
            with rasterio.open(gdal_name(location)) as first:
                before = described(first)
        dataset = rasterio.open(gdal_name(location))
        if before is not None and before != described(dataset):
            dataset.close()
            raise RasterioIOError("it came in part, and differs when it is opened again")
        if description is not None and description != described(dataset):
            dataset.close()
            raise RasterioIOError("it came back as another file, or in part")
        return dataset
