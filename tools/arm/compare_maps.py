"""Compares the maps of two machines: ``compare_maps.py HERE THERE``, each a folder that ``landslip demo`` has written.

Says of each file what differs, pixel for pixel and landslide by landslide, and exits with 0 where nothing does, 1 where
something does, and 2 where a file is missing or is none of these.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio
import pyogrio.errors
import pyogrio.raw
import rasterio
import rasterio.errors
import shapely

SCENE = ("pre.tif", "post.tif", "dem.tif", "clouds.tif")
NOT_OBSERVED = 255
DIGITS = 1e-9
"""Share by which figures of a landslide may differ: sines and areas on the globe round differently on an ARM."""
MOST_SAID = 10
"""Landslides that are described one by one."""


def differences(here: Path, there: Path) -> Iterator[str]:
    """Yield a sentence for each thing in which the results of two machines differ."""
    for name in SCENE:
        yield from _of_rasters(here / "scene" / name, there / "scene" / name)
    yield from _of_rasters(here / "map" / "confidence.tif", there / "map" / "confidence.tif")
    for layer in ("landslides", "not_observed"):
        yield from _of_layers(here / "map" / "landslides.gpkg", there / "map" / "landslides.gpkg", layer)


def _of_rasters(here: Path, there: Path) -> Iterator[str]:
    with rasterio.open(here) as one, rasterio.open(there) as other:
        for fact in ("shape", "crs", "transform", "dtypes", "nodata"):
            if getattr(one, fact) != getattr(other, fact):
                yield f"{here.name}: {fact} {getattr(one, fact)} here, {getattr(other, fact)} there"
                return
        values, others = one.read(), other.read()
    unequal = values != others
    if not unequal.any():
        return
    furthest = np.abs(values.astype(np.float64) - others)[unequal].max()
    words = f"{here.name}: {unequal.sum()} of {values.size} pixels differ, by {furthest:g} at the most"
    if here.name == "confidence.tif":
        seen = (values == NOT_OBSERVED) != (others == NOT_OBSERVED)
        words += f"; {seen.sum()} are observed by one alone, {((values >= 50) != (others >= 50)).sum()} are landslide"
        words += " for one alone"
    row, column = (int(at[0]) for at in np.nonzero(unequal)[-2:])
    yield f"{words}; the first at row {row}, column {column}"


def _of_layers(here: Path, there: Path, layer: str) -> Iterator[str]:
    names, shapes, columns = _read(here, layer)
    names_there, shapes_there, columns_there = _read(there, layer)
    if names != names_there or len(shapes) != len(shapes_there):
        yield f"{layer}: {len(shapes)} with fields {names} here, {len(shapes_there)} with fields {names_there} there"
        return
    unequal = [
        (at, words)
        for at in range(len(shapes))
        if (words := _of_features(names, shapes, shapes_there, columns, columns_there, at))
    ]
    for at, words in unequal[:MOST_SAID]:
        yield f"{layer} {at + 1}: {words}"
    if len(unequal) > MOST_SAID:
        yield f"{layer}: {len(unequal)} of {len(shapes)} differ"


def _of_features(
    names: list[str],
    shapes: np.ndarray,
    shapes_there: np.ndarray,
    columns: list[np.ndarray],
    columns_there: list[np.ndarray],
    at: int,
) -> str:
    found = []
    if not shapely.equals_exact(shapes[at], shapes_there[at]):
        found.append(f"its outline, on {shapely.symmetric_difference(shapes[at], shapes_there[at]).area:g} m2")
    for name, column, other in zip(names, columns, columns_there, strict=True):
        if not _same(column[at], other[at]):
            found.append(f"{name} is {column[at]} here, {other[at]} there")
    return "; ".join(found)


def _same(one: object, other: object) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=DIGITS) or (math.isnan(one) and math.isnan(other))
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaT is equal here


def _read(path: Path, layer: str) -> tuple[list[str], np.ndarray, list[np.ndarray]]:
    """Names of the fields, geometries, and a column for each field."""
    meta, _, geometries, columns = pyogrio.raw.read(path, layer=layer)
    return [str(name) for name in meta["fields"]], shapely.from_wkb(geometries), columns


def main() -> int:
    """Compare the two folders that the command line names."""
    here, there = map(Path, sys.argv[1:])
    try:
        found = [*differences(here, there)]
    except (OSError, rasterio.errors.RasterioError, pyogrio.errors.DataSourceError) as error:
        print(f"cannot be compared: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print("\n".join(f"differs: {sentence}" for sentence in found) or f"equal: {_size(here / 'map')}")  # noqa: T201
    return 1 if found else 0


def _size(folder: Path) -> str:
    with rasterio.open(folder / "confidence.tif") as confidence:
        pixels = confidence.width * confidence.height
    count = pyogrio.read_info(folder / "landslides.gpkg", layer="landslides")["features"]
    return f"the scene, {pixels} pixels of confidence.tif, and {count} landslides: outlines, and fields to nine digits"


if __name__ == "__main__":
    sys.exit(main())
