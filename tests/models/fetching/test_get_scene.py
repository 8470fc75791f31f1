"""``landslip get`` against a STAC API and a server of files that are real ones, on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest
import rasterio

from helpers.range_server import serving_folder, slow, status
from helpers.sentinel2_catalogue import BANDS, LEFT, elevation_item, tile_item, write_tile
from helpers.stac_api import serving_catalogue
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.models.fetching.get_scene import get_scene
from landslip.models.fetching.scene_request import SceneRequest
from landslip.models.fetching.stac_search import search
from landslip.runtime.access.location import several
from landslip.runtime.cli.main import run
from landslip.runtime.errors import ConnectionLostError, InputError, InputMissingError, UsageError
from landslip.runtime.inputs.granules_of_date import granules_of_date
from landslip.runtime.inputs.scene_toml import read_scene_file

NEWER = pytest.mark.skipif(sys.version_info < (3, 11), reason="stac-fastapi needs Python 3.11")
pytestmark = [pytest.mark.slow, NEWER]

AOI = "9.1,45.98,9.15,46.02"
"""The last part of the first tile and the first of the second."""
EAST = LEFT + 9000.0
CHOSEN = {
    "pre": ["S2B_32TNS_20240803_0_L2A", "S2B_32TPS_20240803_0_L2A"],
    "post": ["S2B_32TNS_20240907_0_L2A", "S2B_32TPS_20240907_0_L2A"],
    "dem": ["Copernicus_DSM_COG_10_N46_00_E009_00_DEM"],
}


class World:
    """A catalogue, and the server its files are on."""

    def __init__(self, files, api, folder):
        self.files, self.api, self.folder = files, api, folder

    def request(self, **changed):
        dates = {"pre_date": "2024-08-01/2024-08-20", "post_date": "2024-09-01/2024-09-30"}
        return SceneRequest(**({"aoi": AOI, "catalog": self.api} | dates | changed))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder, state = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("api")
    with serving_folder(folder) as files:
        items = [elevation_item(files.base, folder)]
        for day, clouds in (("2024-08-03", (12.0, 30.0)), ("2024-08-13", (60.0, 70.0)), ("2024-09-07", (2.0, 9.0))):
            for tile, left, cloud in zip(("32TNS", "32TPS"), (LEFT, EAST), clouds, strict=True):
                name = f"S2B_{tile}_{day.replace('-', '')}_0_L2A"
                # The files of the cloudy date are not there: nobody is to ask for them.
                names = {key: f"{name}/{key}.tif" for key in BANDS}
                names = names if day == "2024-08-13" else write_tile(folder, name, left)
                told = {"grid:code": f"MGRS-{tile}", "s2:processing_baseline": "05.11"}
                items.append(tile_item(files.base, names, name, day, cloud, left, **told))
        clear = "S2A_32TNS_20240808_0_L2A"  # without clouds, but half of the area
        items.append(tile_item(files.base, dict.fromkeys(BANDS, "gone.tif"), clear, "2024-08-08", 0.0))
        with serving_catalogue(items, state) as api:
            yield World(files, api, folder)


@pytest.fixture(autouse=True)
def calm(world):
    world.files.reset()
    yield
    world.files.reset()


@pytest.fixture(scope="module")
def gotten(world, tmp_path_factory):
    world.files.reset()
    out = tmp_path_factory.mktemp("gotten") / "scene"
    assert get_scene(world.request(), out) == out / "scene.toml"
    return out, world.files.sent()


def test_the_clearest_products_that_cover_the_area_are_fetched_in_parts(world, gotten):
    out, sent = gotten
    record = json.loads((out / "get.json").read_text())
    assert {what: sorted(names) for what, names in record["chosen"].items()} == CHOSEN
    assert len(record["files"]) == 4 * len(BANDS) + 1
    assert sent < 0.5 * sum(path.stat().st_size for path in world.folder.rglob("*.tif"))


def test_pixels_are_those_of_the_source(world, gotten):
    out, _ = gotten
    for name, entry in json.loads((out / "get.json").read_text())["files"].items():
        source = world.folder / entry["from"].removeprefix(world.files.base + "/")
        with rasterio.open(out / name) as copy, rasterio.open(source) as original:
            col, row = ~original.transform @ (copy.transform.c, copy.transform.f)
            assert (col, row) == pytest.approx((round(col), round(row)), abs=1e-6)
            window = rasterio.windows.Window(round(col), round(row), copy.width, copy.height)
            np.testing.assert_array_equal(copy.read(), original.read(window=window))
            assert (copy.crs, copy.nodata, copy.dtypes) == (original.crs, original.nodata, original.dtypes)


def test_the_scene_file_names_products_that_landslip_knows(gotten):
    out, _ = gotten
    files = read_scene_file(out / "scene.toml")
    for date in ("pre", "post"):
        granules = granules_of_date(several(getattr(files, date)), date)
        assert [granule.kind for granule in granules] == ["Sentinel-2 L2A"] * 2
        assert all(len(granule.bands) == 12 and granule.true_colour and granule.mask for granule in granules)
        red = granules[0].band("red")
        assert (red.scale, red.offset, red.unstated) == pytest.approx((0.0001, -0.1, ""))


def test_the_scene_can_be_mapped(gotten, tmp_path):
    scene = str(gotten[0] / "scene.toml")
    assert run(["map", "-m", str(DEMO_MODEL), "--scene", scene, "-o", str(tmp_path / "map")]) == 0
    with rasterio.open(tmp_path / "map" / "confidence.tif") as confidence:
        values = confidence.read(1)
    assert (values != 255).mean() > 0.5


def test_asked_again_nothing_is_fetched_but_what_is_missing_or_damaged(world, gotten):
    out, _ = gotten
    get_scene(world.request(), out)
    assert world.files.sent() == 0
    first, second = sorted(out.glob("pre/*/*_B04.tif"))
    before = first.read_bytes()
    first.unlink()
    second.write_bytes(second.read_bytes()[:-1] + b"x")
    get_scene(world.request(), out)
    assert {each.path.rpartition("/")[2] for each in world.files.traffic if each.sent} == {"red.tif"}
    assert first.read_bytes() == before


def test_a_folder_of_another_scene_is_not_touched(world, gotten):
    with pytest.raises(UsageError, match="holds a scene of another area, time or catalogue"):
        get_scene(world.request(aoi="9.1,45.98,9.15,46.01"), gotten[0])
    (gotten[0] / "get.json").read_text()


def test_a_killed_download_goes_on(world, tmp_path):
    out = tmp_path / "scene"
    world.files.fail(then=slow(0.15))
    options = ["--aoi", AOI, "--post-date", "2024-09-01/2024-09-30", "--bands", "red,nir", "--catalog", world.api]
    command = [sys.executable, "-m", "landslip", "get", *options, "-o", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        while not (out / "get.json").exists() or not json.loads((out / "get.json").read_text())["files"]:
            assert process.poll() is None
            time.sleep(0.02)
    finally:
        process.kill()
        process.wait()
    done = set(json.loads((out / "get.json").read_text())["files"])
    world.files.reset()
    assert run(["get", *options, "-o", str(out)]) == 0
    record = json.loads((out / "get.json").read_text())
    assert 0 < len(done) < len(record["files"]) == 2 * 4 + 1
    asked = {each.path.lstrip("/") for each in world.files.traffic if each.sent}
    finished = {record["files"][name]["from"].removeprefix(world.files.base + "/") for name in done}
    assert not asked & finished
    assert not list(out.rglob(".landslip-partial*"))


def test_a_connection_that_breaks_is_tried_again(world, tmp_path):
    world.files.fail(status(503), status(503))
    get_scene(world.request(pre_date=None, bands=("red",), dem_collection="none"), tmp_path / "scene")
    assert world.files.faults_left == 0
    assert not (tmp_path / "scene" / "dem").exists()
    assert "dem" not in (tmp_path / "scene" / "scene.toml").read_text()


def test_a_file_that_is_gone_is_said(world, tmp_path):
    box = "9.01,45.98,9.05,46.02"  # in the first tile alone, where the date without clouds covers all
    with pytest.raises(InputMissingError, match=r"pre TCI: .*gone\.tif does not exist"):
        get_scene(world.request(aoi=box), tmp_path / "scene")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"pre_date": "2020-01-01/2020-02-01"}, "has no product of the time of `pre_date` that shows the area"),
        ({"aoi": "20,10,20.1,10.1"}, "has no product of the time"),
        ({"dem_collection": "other"}, "other has no elevation of the area"),
        ({"collection": "other"}, "other has no product of the time"),
    ],
)
def test_what_the_catalogue_has_not_is_said(world, tmp_path, changed, message):
    with pytest.raises(InputError, match=message):
        get_scene(world.request(**changed), tmp_path / "scene")
    assert not list(tmp_path.iterdir())


def test_a_search_follows_pages(world):
    found = search(world.api, "sentinel-2-l2a", (9.0, 45.9, 9.3, 46.1), "")
    assert len(found) == len({item.id for item in found}) == 7


def test_what_is_no_stac_api_is_said(world, tmp_path):
    (world.folder / "search").write_text("{}")
    with pytest.raises(InputError, match="answers without Items: it is no search of a STAC API"):
        get_scene(world.request(catalog=world.files.base), tmp_path / "a")
    (world.folder / "search").unlink()
    with pytest.raises(InputMissingError, match="does not exist"):
        get_scene(world.request(catalog=world.files.base), tmp_path / "b")


def test_a_server_that_is_not_there_is_said(world, tmp_path, monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "1")
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
    with pytest.raises(ConnectionLostError, match="cannot be reached"):
        get_scene(world.request(catalog="http://127.0.0.1:9"), tmp_path / "scene")
