"""Copies the part of a remote raster that shows an area: windows are read, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import rasterio
from affine import Affine
from rasterio.enums import ColorInterp
from rasterio.warp import transform_bounds
from rasterio.windows import Window

from landslip.runtime.access.degree_box import DegreeBox
from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.access.location import Location
from landslip.runtime.errors import InputError, OutputError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.system.drafts import draft_of, output_errors

_MARGIN = 8
"""Pixels beyond the area on each side, as slopes and resampling need neighbours."""
_ROWS = 512
"""Rows that are read at once; also the size of tiles of what is written."""
_MOST_PIXELS = 1 << 31


def copy_part(location: Location, role: str, box: DegreeBox, target: Path) -> bool:
    """Copy the part of a raster that shows an area, as stored, into a GeoTIFF that appears when it is complete.

    Args:
        location: anything GDAL reads.
        role: what it is, for messages.
        box: west, south, east, north in degrees.
        target: file to write; its folder has to be there.

    Returns:
        False where the raster does not reach the area; nothing is written then.

    Raises:
        InputError: it cannot be read, or the area is too large.
        ConnectionLostError: the connection broke.
        OutputError: the file cannot be written.
    """
    with Raster(location, role) as raster:
        window = _window(raster, box, role)
        if window is None:
            return False
        with output_errors(target), draft_of(target) as draft:
            try:
                _write(raster, window, draft)
            except RASTER_ERRORS as error:
                raise OutputError(f"{target} cannot be written ({reason(error)}).") from error
    return True


def _window(raster: Raster, box: DegreeBox, role: str) -> Window | None:
    left, bottom, right, top = transform_bounds("EPSG:4326", raster.crs, *box)
    corners = [~raster.transform @ corner for corner in ((left, top), (right, top), (left, bottom), (right, bottom))]
    cols, rows = zip(*corners, strict=True)
    first_col, end_col = max(0, math.floor(min(cols)) - _MARGIN), min(raster.width, math.ceil(max(cols)) + _MARGIN)
    first_row, end_row = max(0, math.floor(min(rows)) - _MARGIN), min(raster.height, math.ceil(max(rows)) + _MARGIN)
    if end_col <= first_col or end_row <= first_row:
        return None
    if (end_col - first_col) * (end_row - first_row) > _MOST_PIXELS:
        raise InputError(f"{role}: {raster.path} shows the area in too many pixels.", "Give a smaller area.")
    return make_window(first_col, first_row, end_col - first_col, end_row - first_row)


def _write(raster: Raster, window: Window, draft: Path) -> None:
    dtypes = set(raster.dtypes)
    if len(dtypes) != 1:
        raise InputError(f"{raster.role}: {raster.path} has bands of several types ({', '.join(sorted(dtypes))}).")
    bands, dtype = list(range(1, raster.bands + 1)), dtypes.pop()
    grid = raster.transform @ Affine.translation(window.col_off, window.row_off)
    stored = {"driver": "GTiff", "dtype": dtype, "compress": "deflate", "predictor": 3 if dtype.startswith("f") else 2}
    tiles = {"tiled": True, "blockxsize": _ROWS, "blockysize": _ROWS}
    place = {"crs": raster.crs, "transform": grid, "width": window.width, "height": window.height}
    profile = {**stored, **tiles, **place, "count": len(bands), "nodata": raster.nodata}
    with rasterio.open(draft, "w", **profile) as copy:
        copy.colorinterp = [ColorInterp[colour] for colour in raster.colours]
        copy.scales, copy.offsets = raster.scales, raster.offsets
        for part in _strips(window):
            values = raster.read(part, bands).values
            copy.write(values, window=make_window(0, part.row_off - window.row_off, window.width, part.height))


def _strips(window: Window) -> Iterator[Window]:
    for row in range(window.row_off, window.row_off + window.height, _ROWS):
        yield make_window(window.col_off, row, window.width, min(_ROWS, window.row_off + window.height - row))
