"""Hillshade from the true north-west and slope in true metres, on whatever grid the elevation lies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import rasterio
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.windows import Window

from helpers.rasters import rgb, write
from landslip.runtime.geo.projection import transform_points
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.terrain.slope_and_hillshade import horn


@dataclass(frozen=True)
class Place:
    """Where a scene lies, in its UTM zone."""

    utm: str
    left: float
    top: float


CELL = 20.0
SPAN = 2000.0


def heights(place, xs, ys):
    """Smooth hills over UTM coordinates."""
    across, down = (np.asarray(xs) - place.left) / 170.0, (place.top - np.asarray(ys)) / 210.0
    return 800 + 80 * np.sin(across) * np.cos(down) + 20 * np.sin(across / 3 + down / 2)


def sampled(folder, place, name, transform=None):
    """The hills sampled on a grid of another CRS that covers the scene."""
    crs, home = CRS.from_string(name), CRS.from_string(place.utm)
    if transform is None:
        edge = np.linspace(-300, SPAN + 300, 9)
        xs, ys = transform_points(
            home, crs, *(part.ravel() for part in np.meshgrid(place.left + edge, place.top - edge))
        )
        unit = crs.units_factor[1] * (6_371_000 if crs.is_geographic else 1)
        size = CELL / unit
        transform = from_origin(xs.min(), ys.max(), size, size)
        shape = (int((ys.max() - ys.min()) / size), int((xs.max() - xs.min()) / size))
    else:
        shape = (130, 130)
    rows, cols = np.mgrid[: shape[0], : shape[1]] + 0.5
    xs, ys = transform @ (cols, rows)
    at = transform_points(crs, home, xs.ravel(), ys.ravel())
    values = heights(place, *at).reshape(shape).astype(np.float32)
    return write(folder / f"{crs.to_epsg()}.tif", values, 1.0, crs=name, transform=transform)


def scene(folder, place):
    images = {"crs": place.utm, "left": place.left, "top": place.top}
    return SceneFiles(
        pre=write(folder / "pre.tif", rgb(200, 200), 10.0, **images),
        post=write(folder / "post.tif", rgb(200, 200, 1), 10.0, **images),
        dem=sampled(folder, place, place.utm, from_origin(place.left - 300, place.top + 300, CELL, CELL)),
    )


def terrain(files):
    with open_scene(files, 6.0) as opened:
        patch = opened.read(opened.grid.rows(0, opened.grid.height))
    return patch.arrays["hillshade"][0].astype(int), patch.arrays["slope"][0], patch.valid


NORWAY = Place("EPSG:32632", 500_000.0, 6_700_000.0)
SVALBARD = Place("EPSG:32633", 520_000.0, 8_700_000.0)
NATAL = Place("EPSG:32736", 310_000.0, 6_700_000.0)
PARIS = Place("EPSG:32631", 450_000.0, 5_400_000.0)
FIJI = Place("EPSG:32701", 180_000.0, 8_030_000.0)

GRIDS = [
    (NORWAY, "EPSG:3413"),
    (SVALBARD, "EPSG:3413"),
    (SVALBARD, "EPSG:3995"),
    (SVALBARD, "EPSG:3575"),
    (NATAL, "EPSG:2054"),
    (PARIS, "EPSG:4807"),
    (PARIS, "EPSG:4326"),
    (PARIS, "EPSG:2065"),
    (PARIS, "EPSG:3413"),
    (FIJI, "EPSG:3832"),
]


@pytest.mark.parametrize(("place", "name"), GRIDS)
def test_terrain_does_not_depend_on_the_grid_of_the_elevation(tmp_path, place, name):
    files = scene(tmp_path, place)
    shade, slope, valid = terrain(files)
    other_shade, other_slope, other_valid = terrain(replace(files, dem=sampled(tmp_path, place, name)))
    both = valid & other_valid
    assert both.mean() > 0.95
    assert slope[both].max() > 20
    assert np.abs(slope - other_slope)[both].mean() < 0.25
    # Turned by 3 degrees the hillshade differs by 1.5 levels, and lit from the other side by 50.
    assert np.abs(shade - other_shade)[both].mean() < 1.8
    assert np.corrcoef(shade[both], other_shade[both])[0, 1] > 0.995


@pytest.mark.parametrize("name", ["EPSG:2054", "EPSG:32736"])
@pytest.mark.parametrize("signs", [(1, 1), (-1, 1), (1, -1), (-1, -1)])
def test_columns_and_rows_may_run_either_way(tmp_path, name, signs):
    files = scene(tmp_path, NATAL)
    crs = CRS.from_string(name)
    (x,), (y,) = transform_points(CRS.from_string(NATAL.utm), crs, [NATAL.left + SPAN / 2], [NATAL.top - SPAN / 2])
    across, down = signs
    corner = from_origin(x - across * 65 * CELL, y + down * 65 * CELL, across * CELL, down * CELL)
    shade, slope, valid = terrain(files)
    other_shade, other_slope, other_valid = terrain(replace(files, dem=sampled(tmp_path, NATAL, name, corner)))
    both = valid & other_valid
    assert both.mean() > 0.95
    assert np.abs(slope - other_slope)[both].mean() < 0.25
    assert np.abs(shade - other_shade)[both].mean() < 1.8


NEARLY_TRUE = [
    (PARIS, "EPSG:32631"),
    (PARIS, "EPSG:2154"),
    (PARIS, "EPSG:4326"),
    (PARIS, "EPSG:4807"),
    (NORWAY, "EPSG:3035"),
    (NORWAY, "EPSG:25832"),
]


@pytest.mark.parametrize(("place", "name"), NEARLY_TRUE)
def test_grids_that_are_nearly_true_are_lit_as_gdaldem_does_it(tmp_path, place, name):
    dem = sampled(tmp_path, place, name)
    with rasterio.open(dem) as dataset:
        values, transform = dataset.read(1), dataset.transform
    files = replace(scene(tmp_path, place), dem=dem)
    with open_scene(files, 6.0) as opened:
        layer = next(layer for layer in opened._layers if "slope" in layer.roles)
        assert not layer._light.turned
        wide, high = layer._cells.of_rows(0, len(values))
    assert (wide > 0).all()
    assert transform.e < 0
    plain, _, _ = horn(values, np.ones(values.shape, bool), wide, high)
    lit, _, _ = horn(
        values, np.ones(values.shape, bool), wide, high, layer._light.over(Window(0, 0, *values.shape[::-1]))
    )
    np.testing.assert_array_equal(lit, plain)


def test_windows_do_not_decide(tmp_path):
    files = replace(scene(tmp_path, SVALBARD), dem=sampled(tmp_path, SVALBARD, "EPSG:3413"))
    whole, _, _ = terrain(files)
    with open_scene(files, 6.0) as opened:
        rows = range(0, opened.grid.height, 29)
        parts = [opened.read(opened.grid.rows(row, min(row + 29, opened.grid.height))) for row in rows]
    np.testing.assert_array_equal(np.vstack([part.arrays["hillshade"][0] for part in parts]), whole)
