"""Finished runs made up for reports: any number of landslides, any names, and images as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import shapely
from affine import Affine
from rasterio.crs import CRS

from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.scoring.inventory import InventoryUsed
from landslip.runtime.scoring.landslide_counts import LandslideCounts, SizeClass
from landslip.runtime.scoring.score_types import Score, ScoredAreas

PIXEL = 6.0
HOSTILE = (
    "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\u2028\u202e&amp;"
)
"""Text that would do harm where it was taken for markup."""


@dataclass(frozen=True)
class ArraySource:
    """Images of a made-up scene."""

    grid: MapGrid
    images: tuple[str, ...] = ("pre", "post")
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def read_images(self, window):
        rows = slice(int(window.row_off), int(window.row_off + window.height))
        cols = slice(int(window.col_off), int(window.col_off + window.width))
        return {role: self.arrays[role][:, rows, cols] for role in self.images}


def grid_of(height: int, width: int) -> MapGrid:
    return MapGrid(CRS.from_epsg(32654), Affine(PIXEL, 0, 572838, 0, -PIXEL, 4735734), height, width)


def source_of(height: int, width: int, *, images: tuple[str, ...] = ("pre", "post"), noise: int = 40) -> ArraySource:
    """Hills with noise, brighter after."""
    rng = np.random.default_rng(7)
    rows, cols = np.mgrid[:height, :width]
    ground = 90 + 50 * np.sin(rows / 60) * np.cos(cols / 80)
    arrays = {
        role: np.clip(ground + 40 * index + rng.integers(0, noise + 1, (3, height, width)), 0, 255).astype(np.uint8)
        for index, role in enumerate(images)
    }
    return ArraySource(grid_of(height, width), images, arrays)


def made_up_run(
    folder: Path, height: int, width: int, *, landslides: int = 30, kinds: Sequence[str | None] = (), **changes: Any
) -> FinishedRun:
    """A run with landslides here and there in its map, of these kinds in turn; a box at the left was not observed."""
    grid = grid_of(height, width)
    rng = np.random.default_rng(3)
    lefts, tops = rng.integers(width // 4, width - 40, landslides), rng.integers(0, height - 40, landslides)
    wides, highs = rng.integers(6, 36, (2, landslides))
    shapes = [_slide(*place) for place in zip(lefts, tops, wides, highs, strict=True)]
    unseen = [shapely.box(0, 0, width // 5, height)]
    write_layers(folder / "landslides.gpkg", grid, shapes, unseen, kinds=kinds)
    area = sum(shape.area for shape in shapes) * PIXEL**2
    return FinishedRun(folder, RunRecord.of(record_of(grid, landslides, area) | changes))


def _slide(left: int, top: int, wide: int, high: int) -> shapely.MultiPolygon:
    """A rectangle of pixels with a step in a corner and a hole."""
    body = shapely.box(left, top, left + wide, top + high) - shapely.box(left, top, left + 2, top + 2)
    body -= shapely.box(left + 3, top + 3, left + 4, top + 4)
    return shapely.MultiPolygon([body])


def write_layers(
    path: Path, grid: MapGrid, slides: list[Any], unseen: list[Any], reason: str = "mask",
    kinds: Sequence[str | None] = (),
) -> None:  # fmt: skip
    """Write both layers of polygons in map pixels, with the fields that maps give them."""
    count = len(slides)
    areas = np.array([shape.area for shape in slides]) * PIXEL**2
    confidence = np.linspace(0.55, 0.99, count) if count else np.empty(0)
    classes = np.array(
        [("possible", "probable", "likely")[int(c >= 0.7) + int(c >= 0.9)] for c in confidence], dtype=object
    )
    fields = {
        "id": np.arange(1, count + 1), "area_m2": areas, "area_ha": areas / 1e4, "length_m": np.sqrt(areas) * 1.4,
        "relief_m": np.where(np.arange(count) % 5, np.sqrt(areas) / 2, np.nan), "slope_mean": np.full(count, 27.35),
        "confidence_mean": confidence, "confidence_max": np.minimum(confidence + 0.05, 1),
        "confidence_class": classes, "lon": np.full(count, 141.9), "lat": np.full(count, 42.7),
        "date_from": np.full(count, "2018-08-24", dtype=object), "date_to": np.full(count, "2018-09-06", dtype=object),
        "edge": np.arange(count) % 7 == 0,
    }  # fmt: skip
    if kinds:
        fields["class"] = np.array([kinds[index % len(kinds)] for index in range(count)], dtype=object)
        fields["class_share"] = np.full(count, 0.75)
    _write(path, "landslides", grid, slides, fields)
    areas = np.array([shape.area for shape in unseen]) * PIXEL**2
    hidden = {"id": np.arange(1, len(unseen) + 1), "reason": np.full(len(unseen), reason, dtype=object)}
    _write(path, "not_observed", grid, unseen, hidden | {"area_m2": areas})


def _write(path: Path, layer: str, grid: MapGrid, shapes: list[Any], fields: dict[str, np.ndarray]) -> None:
    geometry = np.empty(len(shapes), dtype=object)
    geometry[:] = [shapely.multipolygons([shape]) if shape.geom_type == "Polygon" else shape for shape in shapes]
    there = shapely.transform(geometry, lambda at: np.column_stack(grid.transform @ (at[:, 0], at[:, 1])))
    pyogrio.raw.write(
        path, shapely.to_wkb(there), list(fields.values()), list(fields), layer=layer, driver="GPKG",
        geometry_type="MultiPolygon", crs=grid.crs.to_wkt(), append=path.exists(), nan_as_null=True,
    )  # fmt: skip


def record_of(grid: MapGrid, landslides: int, area_m2: float) -> dict[str, Any]:
    """Entries of a run record."""
    seen = grid.height * (grid.width - grid.width // 5) * PIXEL**2 / 1e6
    inputs = [
        {"role": role, "path": f"{role}.tif", "sha256": digest * 64, "acquired": date, "acquired_from": "user"}
        for role, digest, date in (("pre", "a", "2018-08-24"), ("post", "b", "2018-09-06T01:27:01Z"))
    ]
    return {
        "landslip": "0.1.0",
        "model": {"name": "demo", "sha256": "c" * 64, "precision": "fp32", "notice": "Not for real events."},
        "engine": {"name": "onnxruntime", "device": "cpu", "precision": "fp32"},
        "protocol": "gaussian",
        "tile": 224,
        "overlap": 0.5,
        "threshold": 0.5,
        "min_area_m2": 400.0,
        "grid": {
            "crs": "EPSG:32654", "transform": list(grid.transform)[:6], "height": grid.height, "width": grid.width,
        },
        "inputs": inputs,
        "preset": "faithful",
        "batch": {"asked": 4, "taken": 4},
        "tiles": {"total": 20, "predicted": 18, "skipped": 2},
        "registration": {"shift_pixels": [-0.51, -0.97], "windows": 4},
        "objections_overruled": [],
        "observed_km2": seen,
        "landslide_km2": area_m2 / 1e6,
        "above_threshold_km2": area_m2 / 1e6,
        "landslides": landslides,
        "seconds": {
            "total": 1.0, "read": 0.1, "prepare": 0.1, "infer": 0.5, "stitch": 0.1, "write": 0.1, "polygons": 0.1,
        },
        "tiles_per_second": 18.0,
        "peak_rss_bytes": 1,
        "products": {"landslides.gpkg": {"bytes": 1, "sha256": "d" * 64}},
        "fingerprint": "e" * 64,
        "started": "2026-11-28T18:43:03+00:00",
        "finished": "2026-11-28T18:43:22+00:00",
    }  # fmt: skip


def made_up_score(truth: str) -> Score:
    """A score against known landslides in such a file; there is no average precision in it."""
    counts = LandslideCounts(
        known=14, found=12, found_half=9, not_observed=1, mapped=20, right=17, right_half=11,
    )  # fmt: skip
    return Score(
        913, 87, 100, 5000, threshold=0.5, min_area_m2=400.0, landslides=counts,
        by_size=(SizeClass(10_000.0, None, counts), SizeClass(None, None, counts)),
        inventory=InventoryUsed(truth, "slides", "EPSG:32654", 15), areas=ScoredAreas(1.0, 0.2, 0.2, 0.1),
        thresholds=(), average_precision=None,
    )  # fmt: skip


KINDS = ("debris flow", "slide", "rock fall")


def classes_of_run(names: Sequence[str] = KINDS) -> list[dict[str, Any]]:
    """Classes of a run record: ground, and kinds of landslides."""
    ground = {"name": "ground", "landslide": False, "pixels": 9, "km2": 0.1}
    return [ground, *({"name": name, "landslide": True, "pixels": 9, "km2": 0.1} for name in names)]
