"""Maps and inventories of known landslides for tests, on a grid of 6 m."""

from __future__ import annotations

import numpy as np
import pyogrio.raw
import rasterio
import shapely
from rasterio.transform import from_origin

LEFT, TOP, PIXEL, CRS = 600_000, 5_200_000, 6.0, "EPSG:32632"


def write_map(path, values, **changes):
    """A confidence.tif of (rows, cols) values."""
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "nodata": 255, "crs": CRS, **changes}
    place = profile.pop("transform", from_origin(LEFT, TOP, PIXEL, PIXEL))
    with rasterio.open(path, "w", height=values.shape[0], width=values.shape[1], transform=place, **profile) as target:
        for band in range(profile["count"]):
            target.write(values.astype(profile["dtype"]), band + 1)
    return path


def pixel_box(r0, c0, r1, c1):
    """Box from a first row and column to a last one, exclusive; fractions of pixels too."""
    return shapely.box(LEFT + PIXEL * c0, TOP - PIXEL * r1, LEFT + PIXEL * c1, TOP - PIXEL * r0)


def pixel_point(row, col):
    """Point at a fractional row and column, 0.5 being the middle of the first."""
    return shapely.Point(LEFT + PIXEL * col, TOP - PIXEL * row)


def write_truth(path, shapes, *, crs=CRS, kind="Polygon", driver=None, layer=None, append=False, **columns):
    """Shapes, or boxes as (r0, c0, r1, c1), with attributes by name."""
    shapes = [pixel_box(*each) if isinstance(each, tuple) else each for each in shapes]
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = [None if each is None else shapely.to_wkb(each) for each in shapes]
    options = {} if driver is None else {"driver": driver}
    pyogrio.raw.write(
        path, geometry, [np.array(values) for values in columns.values()], list(columns), geometry_type=kind, crs=crs,
        layer=layer, append=append, **options,
    )  # fmt: skip
    return path
