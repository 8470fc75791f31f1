"""Small rasters for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

from landslip.runtime.inputs.scene_files import SceneFiles

CRS = "EPSG:32632"
LEFT, TOP = 500_000.0, 5_000_000.0


def write(
    path: Path,
    values: np.ndarray,
    resolution: float | tuple[float, float],
    *,
    left: float = LEFT,
    top: float = TOP,
    crs: str | None = CRS,
    **options: object,
) -> Path:
    """Write (bands, rows, cols) or (rows, cols) with its upper left corner at (left, top)."""
    bands = values if values.ndim == 3 else values[None]
    wide, high = resolution if isinstance(resolution, tuple) else (resolution, resolution)
    profile = {
        "driver": "GTiff", "count": len(bands), "height": bands.shape[1], "width": bands.shape[2],
        "dtype": bands.dtype, "crs": crs, "transform": Affine(wide, 0, left, 0, -high, top),
    }  # fmt: skip
    with rasterio.open(path, "w", **(profile | options)) as dataset:
        dataset.write(bands)
    return path


def rgb(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture with structure at several scales: (3, height, width) uint8, 1..255."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:height, :width]
    wave = np.sin(rows / 17 + seed) * np.cos(cols / 23) * 60
    noise = rng.integers(0, 60, (3, height, width))
    return np.clip(wave + noise + 100, 1, 255).astype(np.uint8)


def elevation(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Hills in metres: (height, width) float32."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:height, :width]
    hills = 300 * np.sin(rows / 9) * np.cos(cols / 11) + rng.normal(size=(height, width))
    return (1500 + hills).astype(np.float32)


def scene_on_grid(folder: Path, height: int, width: int, *, resolution: float = 6.0, seed: int = 0) -> SceneFiles:
    """A scene whose images, hillshade and slope all lie on one grid."""
    rng = np.random.default_rng(seed + 99)
    hillshade = rng.integers(1, 256, (height, width)).astype(np.uint8)
    slope = rng.uniform(0, 60, (height, width)).astype(np.float32)
    return SceneFiles(
        pre=write(folder / "pre.tif", rgb(height, width, seed), resolution),
        post=write(folder / "post.tif", rgb(height, width, seed + 1), resolution),
        hillshade=write(folder / "hillshade.tif", hillshade, resolution),
        slope=write(folder / "slope.tif", slope, resolution),
    )


def scene_mixed(folder: Path, height_m: float = 2400.0, width_m: float = 3000.0, seed: int = 0) -> SceneFiles:
    """A scene as users have it: images at 10 m, elevation at 30 m and wider, a mask at 10 m."""
    rows, cols = int(height_m / 10), int(width_m / 10)
    mask = np.zeros((rows, cols), np.uint8)
    mask[rows // 4 : rows // 3, cols // 4 : cols // 2] = 1
    dem = elevation(rows // 3 + 20, cols // 3 + 20, seed)
    return SceneFiles(
        pre=write(folder / "pre.tif", rgb(rows, cols, seed), 10.0),
        post=write(folder / "post.tif", rgb(rows, cols, seed + 1), 10.0),
        dem=write(folder / "dem.tif", dem, 30.0, left=LEFT - 300, top=TOP + 300),
        masks=(write(folder / "mask.tif", mask, 10.0),),
    )
