"""Ready hillshades: a 0 is unknown where something says so, and ground in full shade elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.ground import stated, terrain_of
from helpers.rasters import LEFT, TOP, elevation, scene_mixed, write
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.terrain.ready_terrain import DARKEST
from landslip.runtime.terrain.slope_and_hillshade import horn

CELL = 30.0


@pytest.fixture
def files(tmp_path):
    return replace(scene_mixed(tmp_path), masks=())


def steep():
    """Hillshade as ArcGIS writes it, 255 cos i and 0 in full shade, slope, and where they are known."""
    dem = elevation(100, 120) * np.float32(3)
    sizes = np.full(100, CELL)
    hillshade, slope, known = horn(dem, np.ones(dem.shape, bool), sizes, sizes)
    shade = np.round((hillshade.astype(float) - 1) / 254 * 255).astype("uint8")
    assert 0.05 < (shade[known] == 0).mean() < 0.4
    return shade, slope, known


def ready(folder, shade, slope, shade_nodata=None, slope_nodata=None, **options):
    return {
        "hillshade": stated(folder / "hillshade.tif", shade, nodata=shade_nodata, **options),
        "slope": stated(folder / "slope.tif", slope, nodata=slope_nodata),
    }


@pytest.mark.parametrize("nodata", [None, 255])
def test_shade_is_ground(tmp_path, files, nodata):
    shade, slope, known = steep()
    shade[shade == 255] = 254
    shade[~known], slope[~known] = 0, -9999
    patch = terrain_of(files, **ready(tmp_path, shade, slope, nodata, -9999))
    assert patch.valid.all()
    bright = terrain_of(files, **ready(tmp_path, np.maximum(shade, DARKEST), slope, None, -9999))
    np.testing.assert_array_equal(patch.arrays["hillshade"], bright.arrays["hillshade"])
    assert (patch.arrays["hillshade"] >= DARKEST).all()


def test_a_declared_zero_is_unknown(tmp_path, files):
    shade, slope, _ = steep()
    patch = terrain_of(files, **ready(tmp_path, shade, slope, 0, -9999))
    assert 0.3 < patch.valid.mean() < 0.95


@pytest.mark.parametrize("fill", [0, -9999])
@pytest.mark.parametrize("nodata", [None, 255])
def test_a_collar_of_zeros_is_unknown_where_the_slope_is_none(tmp_path, files, fill, nodata):
    shade, slope, _ = steep()
    shade[shade == 255] = 254
    shade[:30], slope[:30] = 0, fill
    patch = terrain_of(files, **ready(tmp_path, shade, slope, nodata))
    rows = np.flatnonzero(patch.valid.all(axis=1))
    # 20 rows of 30 m lie above the 400 rows of 6 m; the next source row is needed as well.
    assert rows.min() == pytest.approx((30 - 10) * 5, abs=5)
    assert patch.valid[rows.min() :].all()
    assert not patch.valid[: rows.min() - 5].any()


@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:32633", "EPSG:4326"])
def test_the_slope_may_lie_on_another_grid(tmp_path, files, crs):
    shade, _, _ = steep()
    shade[:30] = 0
    place = {"resolution": 50.0, "left": LEFT - 500, "top": TOP + 500, "crs": "EPSG:32632"}
    values = np.full((90, 100), 50, np.float32)
    values[: (500 + 600) // 50] = -9999
    if crs != "EPSG:32632":
        place |= {"crs": crs}
        corner = {"EPSG:4326": (8.9, 45.2, 0.0005), "EPSG:32633": (20_000.0, 5_040_000.0, 50.0)}[crs]
        place |= {"left": corner[0], "top": corner[1], "resolution": corner[2]}
        values = np.full((1000, 600), 50, np.float32)
    hillshade = stated(tmp_path / "hillshade.tif", shade)
    patch = terrain_of(files, hillshade=hillshade, slope=write(tmp_path / "slope.tif", values, nodata=-9999, **place))
    below = slice(115, None) if crs == "EPSG:32632" else slice(None)
    assert patch.valid[below].all()
    assert patch.valid[:90].any() == (crs != "EPSG:32632")


def test_zeros_without_a_slope_are_unknown_and_said(tmp_path, files, caplog):
    shade, _, _ = steep()
    patch = terrain_of(files, hillshade=stated(tmp_path / "hillshade.tif", shade))
    assert 0.3 < patch.valid.mean() < 0.95
    assert "hillshade.tif has pixels of 0, and no slope that tells shade from unknown ground" in caplog.text


@pytest.mark.parametrize("dtype", ["float32", "int16", "uint16"])
def test_levels_in_another_type_are_read(tmp_path, files, dtype):
    shade, slope, _ = steep()
    wide = shade.astype(dtype) + (np.float32(0.3) if dtype == "float32" else 0)
    wide = wide.astype(dtype)
    wide[40:43, 40:43] = 9999
    expected = terrain_of(files, **ready(tmp_path, shade, slope))
    found = terrain_of(files, **ready(tmp_path, wide, slope))
    known = found.valid
    assert 0.98 < known[expected.valid].mean() < 1
    np.testing.assert_array_equal(found.arrays["hillshade"][0][known], expected.arrays["hillshade"][0][known])


def test_windows_do_not_decide(tmp_path, files):
    shade, slope, _ = steep()
    shade[:30], slope[:30] = 0, 0
    given = replace(files, dem=None, **ready(tmp_path, shade, slope))
    with open_scene(given, 6.0) as scene:
        whole = scene.read(scene.grid.rows(0, scene.grid.height))
        parts = [scene.read(scene.grid.rows(row, min(row + 37, scene.grid.height))) for row in range(0, 400, 37)]
    np.testing.assert_array_equal(np.vstack([part.valid for part in parts]), whole.valid)
    np.testing.assert_array_equal(
        np.vstack([part.arrays["hillshade"][0] for part in parts]), whole.arrays["hillshade"][0]
    )
