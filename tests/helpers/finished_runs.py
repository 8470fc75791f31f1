"""Finished runs made of an array, without an engine: with polygons of GDAL's own, as a second opinion."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pyogrio.raw
import rasterio
import rasterio.features
import shapely
from affine import Affine
from rasterio.warp import transform_geom
from shapely.geometry import shape

from landslip.runtime.products.geopackage import same_bytes_anywhere
from landslip.runtime.run.finished_run import described
from landslip.runtime.run.product_names import MADE

RECORD = {
    "landslip": "0.1.0",
    "model": {"name": "M", "sha256": "0" * 64, "precision": "fp32"},
    "engine": {"name": "fake", "device": "cpu", "precision": "fp32"},
    "protocol": "gaussian",
    "tile": 64,
    "overlap": 0.5,
    "threshold": 0.5,
    "min_area_m2": 400.0,
    "preset": "faithful",
    "batch": {"asked": 4, "taken": 4},
    "tiles": {"total": 1, "predicted": 1, "skipped": 0},
    "registration": None,
    "objections_overruled": [],
    "observed_km2": 1.0,
    "landslide_km2": 0.1,
    "above_threshold_km2": 0.1,
    "landslides": 1,
    "seconds": dict.fromkeys(("total", "read", "prepare", "infer", "stitch", "write", "polygons"), 0.5),
    "tiles_per_second": 1.0,
    "peak_rss_bytes": 1,
    "fingerprint": "ab" * 32,
    "started": "2024-01-02T03:04:05Z",
    "finished": "2024-01-02T03:04:06Z",
}  # fmt: skip
"""Entries that are the same in every such run."""

INPUTS = [
    {
        "role": "pre", "path": "in/S2A_MSIL2A_20180901T012701_N0208_R074_T54TWN_20180901T034455.SAFE", "sha256": None,
        "acquired": "2018-09-01T01:27:01Z", "acquired_from": "name",
    },
    {
        "role": "post", "path": "in/after & <b>.tif", "sha256": "1" * 64, "acquired": "2018-09-06",
        "acquired_from": "given",
    },
    {"role": "dem", "path": "in/dem.tif", "sha256": "2" * 64},
]  # fmt: skip
"""Inputs of such a run: of the first image day and time are known, of the second one the day."""


def landslide_scene(rows: int = 60, cols: int = 90) -> np.ndarray:
    """Confidence with three landslides, one of them too small, one with a hole and a corner, and a part not seen."""
    percent = np.full((rows, cols), 10, dtype=np.uint8)
    percent[5:15, 5:25] = 95
    percent[8:10, 10:14] = 20
    percent[15:17, 25:27] = 80  # touches at a corner
    percent[30:40, 40:50] = 60
    percent[50, 70] = 90
    percent[45:60, 0:12] = 255
    return percent


def finished_run(
    out: Path,
    percent: np.ndarray,
    *,
    crs: str = "EPSG:32654",
    corner: tuple[float, float] = (550_000.0, 4_730_000.0),
    pixel: float = 10.0,
    **record,
) -> Path:
    """Write a run with such a map into a folder.

    Args:
        out: made if needed.
        percent: (rows, cols) uint8, 255 = not observed.
        crs: of the map.
        corner: its upper left corner.
        pixel: metres.
        record: entries of the record that are others than usual.
    """
    out.mkdir(parents=True, exist_ok=True)
    transform = Affine.translation(*corner) @ Affine.scale(pixel, -pixel)
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "nodata": 255, "crs": crs, "transform": transform}
    height, width = percent.shape
    with rasterio.open(out / "confidence.tif", "w", height=height, width=width, **profile) as dataset:
        dataset.write(percent, 1)
    (out / "quicklook.png").write_bytes(b"a picture")
    (out / "confidence.qml").write_text("a style")
    with same_bytes_anywhere():
        _write_polygons(out / "landslides.gpkg", percent, transform, crs)
    entries = {
        **RECORD,
        "inputs": INPUTS,
        "grid": {"crs": crs, "transform": list(transform)[:6], "height": height, "width": width},
        **record,
        "products": described(out, MADE),
    }
    (out / "run.json").write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    return out


def _write_polygons(path: Path, percent: np.ndarray, transform: Affine, crs: str) -> None:
    path.unlink(missing_ok=True)
    high = (percent >= 50) & (percent != 255)
    slides = [each for each in _polygons(high, transform) if each.area >= 400]
    gaps = list(_polygons(percent == 255, transform))
    values = {
        "id": np.arange(1, len(slides) + 1),
        **{
            name: np.array([getattr(each, "length" if name == "perimeter_m" else "area") for each in slides])
            for name in ("area_m2", "area_ha", "perimeter_m", "length_m", "width_m")
        },
        **{
            name: np.array([math.nan if number % 2 else 100.5 for number in range(len(slides))])
            for name in ("elev_min", "elev_max", "relief_m", "reach_angle", "slope_mean", "aspect_mean")
        },
        "confidence_mean": np.array([0.95 - 0.2 * number for number in range(len(slides))]),
        "confidence_max": np.array([0.96 for _ in slides]),
        "confidence_class": np.array(
            [["likely", "probable", "possible"][min(n, 2)] for n in range(len(slides))], object
        ),
        "lon": np.array([_inside(each, crs)[0] for each in slides]),
        "lat": np.array([_inside(each, crs)[1] for each in slides]),
        "date_from": np.array(["2018-09-01" for _ in slides], dtype="datetime64[D]"),
        "date_to": np.array(
            ["2018-09-06" if number else "NaT" for number in range(len(slides))], dtype="datetime64[D]"
        ),
        "edge": np.array([number == 1 for number in range(len(slides))], dtype=bool),
    }
    values["area_ha"] = values["area_m2"] / 1e4
    _append(path, "landslides", slides, values, crs)
    unseen = {
        "id": np.arange(1, len(gaps) + 1),
        "reason": np.array(["mask" for _ in gaps], dtype=object),
        "area_m2": np.array([each.area for each in gaps], dtype=np.float64),
    }
    _append(path, "not_observed", gaps, unseen, crs)


def _polygons(mask: np.ndarray, transform: Affine) -> list[shapely.MultiPolygon]:
    found = rasterio.features.shapes(mask.astype(np.uint8), mask=mask, transform=transform, connectivity=8)
    made = [shapely.make_valid(shape(outline)) for outline, _ in found]
    return [shapely.MultiPolygon([part for part in shapely.get_parts(each) if part.area]) for each in made]


def _inside(polygon: shapely.MultiPolygon, crs: str) -> tuple[float, float]:
    point = shapely.point_on_surface(polygon)
    moved = transform_geom(crs, "EPSG:4326", {"type": "Point", "coordinates": (point.x, point.y)})
    return moved["coordinates"][:2]


def _append(path: Path, layer: str, polygons: list, values: dict, crs: str) -> None:
    geometry = np.empty(len(polygons), dtype=object)
    geometry[:] = polygons
    pyogrio.raw.write(
        path, shapely.to_wkb(geometry), list(values.values()), list(values), layer=layer, driver="GPKG",
        geometry_type="MultiPolygon", crs=crs, append=path.exists(), nan_as_null=True,
    )  # fmt: skip
