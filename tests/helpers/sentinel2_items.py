"""STAC Items of Sentinel-2 L2A as three public archives write them, over files that tests make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from helpers.rasters import write
from helpers.sentinel2 import NATIVE, Product

COMMON = {
    "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2",
    "B07": "rededge3", "B08": "nir", "B8A": "nir08", "B09": "nir09", "B11": "swir16", "B12": "swir22",
}  # fmt: skip
"""Keys of Earth Search v1."""


def cogs(product: Product, folder: Path, *, shift: int = 0) -> dict[str, Path]:
    """The images of a product as GeoTIFFs named by label; with ``shift`` added where they are not 0."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    at = {"left": product.kind.left, "top": product.kind.top, "crs": product.kind.crs, "nodata": 0}
    for label, values in product.stored.items():
        moved = np.where(values > 0, np.maximum(values.astype(np.int32) + shift, 1), 0).astype(np.uint16)
        found[label] = write(folder / f"{label}.tif", moved, NATIVE[label], **at)
    found["TCI"] = write(folder / "TCI.tif", product.picture, 10.0, **at)
    found["SCL"] = write(folder / "SCL.tif", product.classes, 20.0, **at)
    return found


def earth_search(product: Product, folder: Path, *, applied: bool = True) -> dict[str, Any]:
    """An Item of Earth Search v1: bands that name the offset although the files are without it already."""
    files = cogs(product, folder, shift=product.kind.offset if applied else 0)
    assets: dict[str, Any] = {}
    for label, key in COMMON.items():
        raster = {"nodata": 0, "data_type": "uint16", "spatial_resolution": NATIVE[label]}
        band = {"name": key, "common_name": "rededge" if "rededge" in key else key}
        more = {"eo:bands": [band], "raster:bands": [{**raster, "scale": 1e-4, "offset": -0.1}]}
        assets[key] = _asset(files[label].name, "image/tiff", ["data", "reflectance"], **more)
        assets[f"{key}-jp2"] = _asset(f"{label}.jp2", "image/jp2", ["data"], **more)
    assets["visual"] = _asset("TCI.tif", "image/tiff", ["visual"], **{"eo:bands": [{"common_name": c} for c in _RGB]})
    assets["scl"] = _asset("SCL.tif", "image/tiff", ["data", "reflectance"])
    kind = product.kind
    name = f"{kind.satellite}_{kind.tile[1:]}_{kind.sensed[:8]}_0_L2A"
    own = {"constellation": "sentinel-2", "earthsearch:boa_offset_applied": applied}
    return _item(name, kind, assets, own, "sentinel-2-l2a")


def planetary_computer(product: Product, folder: Path) -> dict[str, Any]:
    """An Item of the Planetary Computer: labels, no scale, five bands called rededge, and the baseline."""
    cogs(product, folder)
    common = {label: "rededge" if label in {"B05", "B06", "B07", "B8A"} else name for label, name in COMMON.items()}
    assets = {}
    for label in product.stored:
        bands = {"eo:bands": [_named(label, common)]}
        assets[label] = _asset(f"{label}.tif", "image/tiff", ["data"], gsd=NATIVE[label], **bands)
    colours = {"eo:bands": [_named(label, common) for label in ("B04", "B03", "B02")]}
    assets["visual"] = _asset("TCI.tif", "image/tiff", ["data"], **colours)
    assets["SCL"] = _asset("SCL.tif", "image/tiff", ["data"], gsd=20.0)
    return _item(product.root.stem, product.kind, assets, {"constellation": "Sentinel 2"}, "sentinel-2-l2a")


def data_space(product: Product) -> dict[str, Any]:
    """An Item of the Copernicus Data Space: STAC 1.1, JPEG 2000 at every resolution, scale and offset of the asset."""
    assets = {}
    images = next((product.root / "GRANULE").iterdir()) / "IMG_DATA"
    for path in sorted(images.rglob("*.jp2")):
        key = "_".join(path.stem.split("_")[-2:])
        label = key[:3]
        band = {"name": label, "eo:common_name": COMMON[label]} if label in COMMON else {}
        more = {"bands": [band], "raster:scale": 1e-4, "raster:offset": -0.1, "nodata": 0} if band else {}
        roles = ["visual"] if label == "TCI" else ["data"]
        assets[key] = _asset(str(path), "image/jp2", roles, gsd=int(key[-3:-1]), **more)
    return _item(product.root.stem, product.kind, assets, {"constellation": "sentinel-2"}, "sentinel-2-l2a")


ARCHIVES: dict[str, Callable[[Product, Path], dict[str, Any]]] = {
    "Earth Search": earth_search,
    "Earth Search, offset not applied": lambda product, folder: earth_search(product, folder, applied=False),
    "Planetary Computer": planetary_computer,
    "Copernicus Data Space": lambda product, folder: data_space(product),  # noqa: ARG005 - one form for all
}
_RGB = ("red", "green", "blue")


def stored_in(location: Any, number: int) -> np.ndarray:
    """The numbers of a band as float64."""
    with rasterio.open(location) as dataset:
        return dataset.read(number).astype(np.float64)


def _named(label: str, common: dict[str, str]) -> dict[str, str]:
    # Band 9 has no common name there.
    return {"name": label} if label == "B09" else {"name": label, "common_name": common[label]}


def _asset(href: str, media: str, roles: list[str], **more: Any) -> dict[str, Any]:
    return {**more, "href": href, "type": media, "roles": roles}


def _item(name: str, kind: Any, assets: dict[str, Any], own: dict[str, Any], collection: str) -> dict[str, Any]:
    sensed = f"{kind.sensed[:4]}-{kind.sensed[4:6]}-{kind.sensed[6:8]}T10:13:19.024Z"
    baseline = f"{kind.baseline[:2]}.{kind.baseline[2:]}"
    properties = {"datetime": sensed, "s2:processing_baseline": baseline, **own}
    made = {"type": "Feature", "stac_version": "1.0.0", "id": name, "geometry": None, "links": []}
    return {**made, "collection": collection, "properties": properties, "assets": assets}
