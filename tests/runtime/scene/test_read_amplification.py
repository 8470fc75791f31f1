"""Each block of an input is read about once, whatever its shape: counted by the system, on uncompressed files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rasterio.warp import transform_bounds

from helpers.engines import constant_engine
from helpers.rasters import CRS, LEFT, TOP, elevation, scene_on_grid, write
from landslip.runtime.access.gdal import block_cache
from landslip.runtime.engines import EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene, stream
from landslip.runtime.mapping.prepared_map import cache_bytes
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.run.product_names import PRODUCTS
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.system.progress import NoProgress
from landslip.runtime.system.stages import Stopwatch
from landslip.runtime.tiling.plan import make_plan

COUNTER = Path("/proc/self/io")
MOST = 1.3
"""Times the size of the inputs that may be read."""

HIGH, WIDE = 6000.0, 9000.0
"""Metres; wide enough that the blocks of a tile row need more than GDAL may keep in any case."""

LAYOUTS = {
    "tiles of 256": {"tiled": True, "blockxsize": 256, "blockysize": 256},
    "tiles of 512": {"tiled": True, "blockxsize": 512, "blockysize": 512},
    "tiles by band": {"tiled": True, "blockxsize": 512, "blockysize": 512, "interleave": "band"},
    "strips": {"blockysize": 1},
    "strips by band": {"blockysize": 16, "interleave": "band"},
}

pytestmark = pytest.mark.skipif(not COUNTER.exists(), reason="Linux counts what a process reads")


def read_so_far() -> int:
    """Bytes this process has asked the system for, in all its threads."""
    return next(int(line.split()[1]) for line in COUNTER.read_text().splitlines() if line.startswith("rchar"))


def picture(rows: int, cols: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 255, (3, rows, cols), dtype=np.uint8)


def scene(folder: Path, layout: dict, resolution: float = 10.0, **options) -> SceneFiles:
    """Images and a mask, an elevation model of 30 m that is wider."""
    rows, cols = round(HIGH / resolution), round(WIDE / resolution)
    clear = np.zeros((rows, cols), np.uint8)
    dem = elevation(round(HIGH / 30) + 20, round(WIDE / 30) + 20)
    return SceneFiles(
        pre=write(folder / "pre.tif", picture(rows, cols, 0), resolution, **layout, **options),
        post=write(folder / "post.tif", picture(rows, cols, 1), resolution, **layout, **options),
        dem=write(folder / "dem.tif", dem, 30.0, left=LEFT - 300, top=TOP + 300, **layout),
        masks=(write(folder / "clouds.tif", clear, resolution, **layout),),
    )


def turned(folder: Path, layout: dict) -> SceneFiles:
    """The image before is in another zone, and so lies askew to the map."""
    west, south, east, north = transform_bounds(CRS, "EPSG:32633", LEFT, TOP - HIGH, LEFT + WIDE, TOP)
    before = picture(round((north - south) / 10), round((east - west) / 10), 2)
    files = scene(folder, layout)
    write(files.pre, before, 10.0, left=west, top=north, crs="EPSG:32633", **layout)
    return files


def amplification(files: SceneFiles, tile: int) -> float:
    """Bytes read while a map is made, by the bytes of its inputs.

    What is looked at before the first tile is left out: a few windows, which are a large share of a small scene alone.
    """
    size = sum(path.stat().st_size for _, path in files.roles())
    engine = constant_engine(0.2)
    with open_scene(files, engine.spec.resolution) as opened:
        with block_cache(1):
            opened.read(opened.grid.rows(0, 1))  # drops what was kept of looking at the files
        with block_cache(1):
            pass  # drops what that has read last
        plan = make_plan("gaussian", opened.grid, engine.spec, tile, 0.5)
        run = Run(opened, plan, engine, 4, 50, Stopwatch(), NoProgress(), Thumbnails(opened.grid))
        before = read_so_far()
        with block_cache(cache_bytes(opened)):
            for _ in stream(run):
                pass
        return (read_so_far() - before) / size


def read_for_map(files: SceneFiles, out: Path, confidence: float) -> int:
    """Bytes read for a map, from its first to its last; the checksums of what was made are left out."""
    request = MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=224), overwrite=True)
    before = read_so_far()
    map_scene(request, engine=constant_engine(confidence))
    return read_so_far() - before - sum((out / name).stat().st_size for name in PRODUCTS)


@pytest.fixture(scope="module", autouse=True)
def warm(tmp_path_factory):
    """Kernels compiled and modules imported: that reads files too."""
    folder = tmp_path_factory.mktemp("warm")
    files = scene_on_grid(folder, 70, 80)
    amplification(files, 64)
    read_for_map(files, folder / "out", 0.9)


@pytest.mark.parametrize(
    ("layout", "tile"), [*((layout, 224) for layout in LAYOUTS), ("tiles of 512", 64), ("strips", 64)]
)
def test_blocks_are_read_once(tmp_path, layout, tile):
    assert 0.98 < amplification(scene(tmp_path, LAYOUTS[layout]), tile) < MOST


@pytest.mark.parametrize("resolution", [3.0, 6.0])
def test_blocks_of_fine_images_with_nodata_are_read_once(tmp_path, resolution):
    files = scene(tmp_path, LAYOUTS["tiles of 512"], resolution, nodata=0)
    assert 0.98 < amplification(files, 224) < MOST


def test_blocks_that_lie_askew_are_read_once(tmp_path):
    assert 0.98 < amplification(turned(tmp_path, LAYOUTS["tiles of 512"]), 224) < MOST


def test_slopes_of_landslides_add_the_terrain_alone(tmp_path):
    files = scene(tmp_path, LAYOUTS["tiles of 256"])
    without, everywhere = (read_for_map(files, tmp_path / str(share), share) for share in (0.2, 0.9))
    # Two threads share GDAL's cache: which blocks of the elevation model or of an image are read once more changes
    # from run to run. Counted with strace: up to twice the elevation model, and 5 % of an image.
    assert 0 < everywhere - without < 3 * files.dem.stat().st_size < files.pre.stat().st_size


def test_what_is_kept_does_not_grow_with_the_height_of_the_scene(tmp_path):
    kept = []
    for rows in (2000, 4000):
        folder = tmp_path / str(rows)
        folder.mkdir()
        image = np.ones((3, rows, 64), np.uint8)
        layout = LAYOUTS["tiles of 256"]
        files = SceneFiles(post=write(folder / "post.tif", image, 10.0, **layout))
        with open_scene(files, 6.0) as opened:
            kept.append(opened.cache_bytes(224))
    assert kept[0] == kept[1] == 2 * 256 * 256 * 3  # every pixel is known: there is no mask to keep


def test_images_in_tiles(tmp_path):
    """Four tiles of each date; what they share is read from the first alone."""
    layout = LAYOUTS["tiles of 256"]
    files = scene(tmp_path, layout)
    both = picture(600, 900, 0), picture(600, 900, 1)
    parts = [(row, col) for row in (slice(0, 350), slice(250, 600)) for col in (slice(0, 500), slice(400, 900))]
    tiles = [
        tuple(
            write(
                tmp_path / f"{date}-{row.start}-{col.start}.tif", values[:, row, col], 10.0,
                left=LEFT + 10 * col.start, top=TOP - 10 * row.start, **layout,
            )
            for row, col in parts
        )
        for date, values in enumerate(both)
    ]  # fmt: skip
    assert amplification(replace(files, pre=tiles[0], post=tiles[1]), 224) < MOST
