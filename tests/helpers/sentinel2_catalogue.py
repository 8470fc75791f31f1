"""Items and files of a small catalogue of Sentinel-2 and elevation, as Earth Search has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from rasterio.warp import transform_bounds

CRS = "EPSG:32632"
LEFT, TOP = 500_000.0, 5_100_000.0
"""Corner of the first tile; the second one lies to the east of it and overlaps it by a tenth."""
SIZE = 10_000.0
"""Metres along a side of a tile."""
BANDS = {
    "coastal": 60,
    "blue": 10,
    "green": 10,
    "red": 10,
    "rededge1": 20,
    "rededge2": 20,
    "rededge3": 20,
    "nir": 10,
    "nir08": 20,
    "nir09": 60,
    "swir16": 20,
    "swir22": 20,
    "scl": 20,
    "visual": 10,
}
"""Keys of assets, and the sizes of their pixels in metres."""


def values_of(key: str, name: str, rows: int, cols: int) -> np.ndarray:
    """Stored numbers of a band of a product, (bands, rows, cols)."""
    rng = np.random.default_rng(sum(map(ord, key + name)))
    if key == "scl":
        return rng.integers(4, 7, (1, rows, cols)).astype(np.uint8)
    if key == "visual":
        return rng.integers(20, 250, (3, rows, cols)).astype(np.uint8)
    return rng.integers(1100, 6000, (1, rows, cols)).astype(np.uint16)


def write_tile(folder: Path, name: str, left: float = LEFT) -> dict[str, str]:
    """Write all files of a product; keys of assets and names of files."""
    (folder / name).mkdir(parents=True)
    names = {}
    for key, metres in BANDS.items():
        side = int(SIZE / metres)
        write_raster(folder / name / f"{key}.tif", values_of(key, name, side, side), left, TOP, metres, nodata=0)
        names[key] = f"{name}/{key}.tif"
    return names


def write_raster(
    path: Path, values: np.ndarray, left: float, top: float, metres: float, crs: str = CRS, nodata: float | None = None
) -> None:
    """A tiled GeoTIFF, (bands, rows, cols)."""
    profile = {"driver": "GTiff", "dtype": values.dtype, "crs": crs, "nodata": nodata, "count": len(values)}
    place = {"transform": Affine(metres, 0, left, 0, -metres, top), "height": values.shape[1], "width": values.shape[2]}
    tiles = {"tiled": True, "blockxsize": 128, "blockysize": 128, "compress": "deflate"}
    with rasterio.open(path, "w", **profile, **place, **tiles) as file:
        file.write(values)


def tile_item(
    base: str, names: dict[str, str], name: str, day: str, clouds: float, left: float = LEFT, **properties: Any
) -> dict[str, Any]:
    """Item of a product whose files a server has; ``name`` is its id."""
    box = transform_bounds(CRS, "EPSG:4326", left, TOP - SIZE, left + SIZE, TOP)
    told = {"scale": 0.0001, "offset": -0.1, "nodata": 0, "data_type": "uint16"}
    assets: dict[str, Any] = {key: {"href": f"{base}/{file}", "roles": ["data"]} for key, file in names.items()}
    for key in assets.keys() - {"scl", "visual"}:
        assets[key]["raster:bands"] = [told]
    given = {"datetime": f"{day}T10:15:59Z", "eo:cloud_cover": clouds, "platform": "sentinel-2b"}
    return item(name, "sentinel-2-l2a", box, assets, **given, **{"grid:code": "MGRS-32TNS", **properties})


def item(
    name: str, collection: str, box: tuple[float, float, float, float], assets: dict[str, Any], **properties: Any
) -> dict[str, Any]:
    """Item of a box in degrees."""
    west, south, east, north = box
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": name,
        "collection": collection,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": list(box),
        "links": [
            {"rel": "self", "href": f"http://127.0.0.1/collections/{collection}/items/{name}"},
            {"rel": "root", "href": "http://127.0.0.1/"},
            {"rel": "collection", "href": f"http://127.0.0.1/collections/{collection}"},
        ],
        "properties": properties,
        "assets": assets,
    }


def elevation_item(base: str, folder: Path) -> dict[str, Any]:
    """Elevation of 30 metres over both tiles, in degrees, written into the folder."""
    name = "Copernicus_DSM_COG_10_N46_00_E009_00_DEM"
    around = LEFT - 2000, TOP - SIZE - 2000, LEFT + 25_000, TOP + 2000
    west, south, east, north = transform_bounds(CRS, "EPSG:4326", *around)
    step = 1 / 3600
    rows, cols = int((north - south) / step), int((east - west) / step)
    slope = 1000 + 3 * np.arange(rows, dtype=np.float32)[:, None] + np.arange(cols, dtype=np.float32)
    write_raster(folder / "dem.tif", slope[None], west, north, step, crs="EPSG:4326")
    found = item(name, "cop-dem-glo-30", (west, south, east, north), {"data": {"href": f"{base}/dem.tif"}})
    found["properties"] = {"datetime": "2021-04-22T00:00:00Z"}
    return found
