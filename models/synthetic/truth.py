"""The truth of a synthetic event: the outlines of its fresh landslides, clipped to the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from landslip.models.synthetic.slide_sweep import lattice_range
from landslip.models.synthetic.slides import slides_of_row
from landslip.runtime.access.bound_pyogrio import pyogrio
from landslip.runtime.products.geopackage import same_bytes_anywhere

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from affine import Affine

LAYER = "landslides"
"""Layer of the GeoPackage."""

_AT_ONCE = 2000


def write_truth(
    path: Path, seed: int, shape: tuple[int, int], pixel: float, density: float, transform: Affine, epsg: int
) -> None:
    """Write the outlines as polygons with the field ``area_m2``, a few thousand at a time.

    Args:
        path: GeoPackage to create.
        seed: of the event.
        shape: rows and columns of the images.
        pixel: pixel size in metres.
        density: landslides per square kilometre.
        transform: from column and row of the images to the CRS, without rotation.
        epsg: code of the CRS.
    """
    scale = np.array([transform.a, transform.e]) / pixel
    corner = np.array([transform.c, transform.f])
    outlines: list[shapely.Geometry] = []
    _append(path, [], epsg, append=False)
    for outline in _clipped(seed, shape[1] * pixel, shape[0] * pixel, density):
        outlines.append(shapely.transform(outline, lambda points: corner + scale * points))
        if len(outlines) == _AT_ONCE:
            _append(path, outlines, epsg, append=True)
            outlines = []
    _append(path, outlines, epsg, append=True)


def _clipped(seed: int, width: float, height: float, density: float) -> Iterator[shapely.Polygon]:
    extent = shapely.box(0.0, 0.0, width, height)
    shapely.prepare(extent)
    for row in lattice_range(0.0, height):
        for slide in slides_of_row(row, lattice_range(0.0, width), density, seed):
            if extent.intersects(slide.outline):
                clipped = slide.outline.intersection(extent)
                yield from (part for part in shapely.get_parts(clipped) if part.geom_type == "Polygon")


def _append(path: Path, outlines: list[shapely.Geometry], epsg: int, *, append: bool) -> None:
    if append and not outlines:
        return
    with same_bytes_anywhere():
        pyogrio.raw.write(
            path,
            shapely.to_wkb(np.array(outlines, dtype=object)),
            [np.array(shapely.area(outlines), dtype=np.float64)],
            ["area_m2"],
            layer=LAYER,
            driver="GPKG",
            geometry_type="Polygon",
            crs=f"EPSG:{epsg}",
            append=append,
        )
