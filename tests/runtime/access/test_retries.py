"""Rasters and areas behind a web server: ranges alone are read, breaks are survived or said, secrets stay secret."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from rasterio.env import get_gdal_config
from rasterio.windows import Window

from helpers.engines import mixing_engine
from helpers.range_server import cut, serving_folder, slow, status
from helpers.rasters import CRS, LEFT, TOP, elevation, rgb, scene_mixed, write
from helpers.silent_server import silence
from landslip.runtime.access import retries
from landslip.runtime.access.web import version_of
from landslip.runtime.errors import ConnectionLostError, InputError, InputMissingError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.area import open_area

WINDOW = Window(512, 384, 128, 128)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "3")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    image = np.random.default_rng(0).integers(1, 256, (3, 1024, 1024), dtype=np.uint8)
    write(folder / "image.tif", image, 6.0, driver="COG", blocksize=128)
    write(folder / "small.tif", rgb(64, 64), 6.0)
    with zipfile.ZipFile(folder / "image.zip", "w") as archive:
        archive.write(folder / "small.tif", "inside/small.tif")
    (folder / "bucket").mkdir()
    for name in ("image.tif", "other.tif"):
        write(folder / "bucket" / name, rgb(64, 64), 6.0)
    (folder / "page.tif").write_text("<!doctype html><p>Please log in</p>")
    corners = [(LEFT, TOP), (LEFT + 300, TOP), (LEFT + 300, TOP - 200), (LEFT, TOP)]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32632"}}
    polygon = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [corners]}}
    (folder / "area.geojson").write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": [polygon]}))
    write(folder / "area.tif", np.ones((50, 50), np.uint8), 6.0)
    return folder


@pytest.fixture(scope="module")
def running(folder):
    with serving_folder(folder) as server:
        yield server


@pytest.fixture
def server(running):
    running.reset()
    return running


def expected(folder, name="image.tif", window=WINDOW):
    with rasterio.open(folder / name) as dataset:
        return dataset.read(window=window)


def read(location, window=WINDOW):
    with Raster(location, "image") as raster:
        return raster.read(window, (1, 2, 3))[0]


def test_a_window_is_read_by_ranges_alone(folder, server):
    np.testing.assert_array_equal(read(server.url("image.tif")), expected(folder))
    assert 0 < server.sent() < (folder / "image.tif").stat().st_size / 10
    assert all(each.range for each in server.traffic if each.method == "GET")


@pytest.mark.parametrize(("name", "most"), [("image.tif", 16), ("image.tif?sig=1", 8), ("small.tif", 16)])
def test_opening_asks_for_little(server, name, most):
    with Raster(server.url(name), "image") as raster:
        raster.read(Window(0, 0, 1, 1), (1,))
    asked = {each.path.rpartition("/")[2] for each in server.traffic}
    assert asked <= {name, f"{name}.aux.xml", f"{name}.msk", f"{name}.MSK"}
    assert len(server.traffic) <= most


def test_each_block_is_fetched_about_once(folder, server):
    size = (folder / "image.tif").stat().st_size
    with Raster(server.url("image.tif"), "image") as raster, rasterio.Env(GDAL_CACHEMAX=8 << 20):
        for row in range(0, 1024, 100):
            raster.read(Window(0, row, 1024, min(100, 1024 - row)), (1, 2, 3))
    assert server.sent() < 1.3 * size


@pytest.mark.parametrize("name", ["/vsicurl/{}/small.tif", "/vsizip//vsicurl/{}/image.zip/inside/small.tif"])
def test_gdals_own_names(folder, server, name):
    window = Window(3, 4, 20, 30)
    np.testing.assert_array_equal(read(name.format(server.base), window), expected(folder, "small.tif", window))


def test_an_object_store(folder, server, monkeypatch):
    options = {"NO_SIGN_REQUEST": "YES", "S3_ENDPOINT": server.base.partition("//")[2], "HTTPS": "NO"}
    for name, value in (options | {"VIRTUAL_HOSTING": "FALSE"}).items():
        monkeypatch.setenv(f"AWS_{name}", value)
    window = Window(3, 4, 20, 30)
    np.testing.assert_array_equal(read("s3://bucket/image.tif", window), expected(folder, "bucket/image.tif", window))
    with pytest.raises(InputMissingError, match=r"image: s3://bucket/gone\.tif does not exist"):
        Raster("s3://bucket/gone.tif", "image")
    server.fail(then=status(403))
    with pytest.raises(InputError, match=r"the server refuses s3://bucket/other\.tif"):
        Raster("s3://bucket/other.tif", "image")


def test_a_mask_beside_a_remote_file_counts(tmp_path):
    write(tmp_path / "a.tif", rgb(64, 64), 6.0)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(tmp_path / "a.tif", "r+") as dataset:
        dataset.write_mask(np.pad(np.zeros((32, 64), np.uint8), ((0, 32), (0, 0)), constant_values=255))
    assert (tmp_path / "a.tif.msk").exists()
    with serving_folder(tmp_path) as server, Raster(server.url("a.tif"), "image") as raster:
        _, valid = raster.read(Window(0, 0, 64, 64), (1, 2, 3))
    assert not valid[:32].any()
    assert valid[32:].all()


FAULTS = {"cut": cut(), "cut at once": cut(0), "reset": cut(reset=True), "503": status(503), "429": status(429)}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("count", [1, 2])
def test_a_break_while_reading_is_survived(folder, server, kind, count):
    with Raster(server.url("image.tif"), "image") as raster:
        server.fail(*[FAULTS[kind]] * count)
        np.testing.assert_array_equal(raster.read(WINDOW, (1, 2, 3))[0], expected(folder))
    assert not server.faults_left


@pytest.mark.parametrize("kind", FAULTS)
def test_a_break_while_opening_is_survived(folder, server, kind):
    server.fail(*[FAULTS[kind]] * 4)
    np.testing.assert_array_equal(read(server.url("image.tif")), expected(folder))
    assert not server.faults_left


@pytest.mark.parametrize("kind", FAULTS)
def test_a_lost_connection_is_said_in_bounded_time(server, kind, caplog):
    caplog.set_level(logging.INFO, "landslip")
    began = time.monotonic()
    with Raster(server.url("image.tif") + "?sig=secret", "post-event image") as raster:
        server.fail(then=FAULTS[kind])
        with pytest.raises(ConnectionLostError) as caught:
            raster.read(WINDOW, (1, 2, 3))
        server.fail()
        raster.read(WINDOW, (1, 2, 3))  # it can be had again when the connection is back
    assert time.monotonic() - began < 30  # beside other tests; what is not bounded takes minutes
    message = str(caught.value)
    assert f"post-event image: the connection to {server.url('image.tif')} was lost in rows 384 to 512" in message
    assert "after 3 more attempts" in message
    assert "resume=True" in message
    own = [record.getMessage() for record in caplog.records if record.name.startswith("landslip")]
    assert "secret" not in " ".join([message, *own])
    assert len(own) == 3


LAYOUTS = {
    "rows": {}, "pixels": {"interleave": "pixel"}, "lzw": {"compress": "lzw", "tiled": True, "blockxsize": 64},
    "jpeg": {"compress": "jpeg", "photometric": "ycbcr"}, "jp2": {"driver": "JP2OpenJPEG", "REVERSIBLE": "YES"},
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_half_an_answer_is_never_taken_for_the_whole(tmp_path, layout):
    image = np.random.default_rng(0).integers(1, 256, (3, 256, 256), dtype=np.uint8)
    write(tmp_path / "image", image, 6.0, **LAYOUTS[layout])
    window, lost = Window(100, 150, 100, 100), 0
    with serving_folder(tmp_path) as server:
        for share in (0.3, 0.8, 0.97):
            with Raster(server.url("image"), "image") as raster:
                server.fail(then=cut(share))
                # The last part of an answer may not be needed, as GDAL asks for whole pages.
                with contextlib.suppress(ConnectionLostError):
                    lost += 1
                    values, _ = raster.read(window, (1, 2, 3))
                    lost -= 1
                    np.testing.assert_array_equal(values, expected(tmp_path, "image", window))
                server.fail(cut(share))
                values, _ = raster.read(window, (1, 2, 3))
                np.testing.assert_array_equal(values, expected(tmp_path, "image", window))
                server.fail()
    assert lost


def test_a_break_within_the_head_of_a_file_costs_no_nodata(tmp_path):
    unknown = float(np.finfo(np.float32).min)
    values = elevation(256, 256)
    values[:130] = unknown
    write(tmp_path / "dem", values, 6.0, nodata=unknown, compress="deflate", tiled=True, blockxsize=64, blockysize=64)
    content = (tmp_path / "dem").read_bytes()
    head = content.index(b"-3.4028")  # GDAL opens what comes before: a raster without a nodata value
    (tmp_path / "half").write_bytes(content[:head])
    with rasterio.open(tmp_path / "half") as dataset:
        assert dataset.nodata is None
    window = Window(100, 100, 100, 100)
    with serving_folder(tmp_path) as server:
        for spare in range(9):
            server.fail(cut(head / 16384), spare=spare)
            with Raster(server.url("dem"), "elevation model") as raster:
                valid = raster.read(window, (1,))[1]
            assert not valid[:30].any()
            assert valid[30:].all()


def test_another_thread_reads_as_patiently(folder, server):
    with Raster(server.url("image.tif"), "image") as raster, ThreadPoolExecutor(1) as pool:
        server.fail(*[cut(), status(503)] * 2)
        values, _ = pool.submit(raster.read, WINDOW, (1, 2, 3)).result()
    np.testing.assert_array_equal(values, expected(folder))


def test_a_slow_server_is_waited_for(folder, server):
    server.fail(then=slow(0.1))
    np.testing.assert_array_equal(read(server.url("image.tif")), expected(folder))


def test_the_environment_wins(server, monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")
    server.fail(then=status(503))
    with pytest.raises(ConnectionLostError, match=r"cannot be reached \([^)]*\)\. Check"):
        Raster(server.url("image.tif"), "image")


@pytest.mark.parametrize("scheme", ["http", "ftp"])
@pytest.mark.slow
def test_a_silent_server_is_given_up_in_bounded_time(scheme, monkeypatch):
    """Hundredths of the real times: 30 seconds of silence, 20 for a connection, 40 for all attempts but the last."""
    monkeypatch.delenv("GDAL_HTTP_MAX_RETRY")
    monkeypatch.setenv("GDAL_HTTP_LOW_SPEED_TIME", "1")
    monkeypatch.setenv("GDAL_HTTP_CONNECTTIMEOUT", "1")
    monkeypatch.setattr(retries, "PATIENCE", 1.0)
    began = time.monotonic()
    with silence() as server, pytest.raises(ConnectionLostError, match="cannot be reached"):
        Raster(f"{scheme}://{server.host}/image.tif", "image")
    assert time.monotonic() - began < 10
    assert server.connections <= 8


def test_patience_ends_unless_the_environment_says_how_often(monkeypatch):
    now, attempts = [0.0], []

    def fail():
        now[0] += 30
        attempts.append(now[0])
        raise OSError("timed out")

    monkeypatch.setattr(retries.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(retries.time, "sleep", lambda _: None)
    for given, count in (("4", 5), (None, 2)):
        if given:
            monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", given)
        else:
            monkeypatch.delenv("GDAL_HTTP_MAX_RETRY")
        attempts.clear()
        with pytest.raises(OSError, match="timed out"):
            retries.patiently("https://localhost/a.tif", fail, (OSError,))
        assert len(attempts) == count


@pytest.mark.parametrize(
    ("name", "code", "kind", "message"),
    [
        ("gone.tif", None, InputMissingError, r"image: http://127.*/gone\.tif does not exist \(.*404\)"),
        ("image.tif", 403, InputError, r"image: the server refuses http://127.*/image\.tif \(.*403\)"),
        ("image.tif", 401, InputError, r"the server refuses .*401"),
        ("image.tif", 409, InputError, r"the server refuses .*409.* a signed address"),
        ("image.tif", 503, ConnectionLostError, r"image: http://127.*/image\.tif cannot be reached \(.*503\)"),
        (
            "page.tif",
            None,
            InputError,
            r"image: what http://127.*/page\.tif answers cannot be read as a raster\. Where a login",
        ),
    ],
)
def test_what_a_server_does_not_give(server, name, code, kind, message):
    server.fail(then=status(code) if code else None)
    with pytest.raises(kind, match=message) as caught:
        Raster(server.url(name) + "?sig=secret", "image")
    assert type(caught.value) is kind
    assert "secret" not in str(caught.value)


def test_an_access_that_expires_is_not_taken_for_a_lost_connection(server):
    with Raster(server.url("image.tif"), "image") as raster:
        server.fail(then=status(403))
        with pytest.raises(InputError, match="the server refuses"):
            raster.read(WINDOW, (1, 2, 3))


def test_no_server_at_all():
    with pytest.raises(ConnectionLostError, match=r"image: http://127\.0\.0\.1:9/a\.tif cannot be reached"):
        Raster("http://user:secret@127.0.0.1:9/a.tif", "image")


def test_a_file_that_is_replaced_meanwhile_is_noticed(tmp_path):
    write(tmp_path / "a.tif", rgb(200, 200), 6.0)
    with serving_folder(tmp_path) as server, Raster(server.url("a.tif"), "image") as raster:
        write(tmp_path / "a.tif", rgb(200, 240), 6.0)
        server.fail(cut())
        with pytest.raises(InputError, match=r"came back as another file, or in part"):
            raster.read(Window(0, 140, 200, 60), (1, 2, 3))


@pytest.mark.parametrize("name", ["area.geojson", "area.tif"])
def test_a_remote_area_of_interest(server, name):
    with contextlib.ExitStack() as stack:
        area = open_area(server.url(name), stack)
        left, _, right, top = area.bounds_near(rasterio.crs.CRS.from_string(CRS), (LEFT, TOP - 500, LEFT + 500, TOP))
        assert (left, right, top) == (LEFT, LEFT + 300, TOP)
    with contextlib.ExitStack() as stack:
        server.fail(*[cut(0.5)] * 2)
        assert type(open_area(server.url(name), stack)) is type(area)
        assert not server.faults_left
    server.fail(then=cut(0.0))
    with contextlib.ExitStack() as stack, pytest.raises(InputError) as caught:
        open_area(server.url(name) + "?sig=secret", stack)
    assert f"area of interest: {server.url(name)} cannot be re" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_the_version_of_a_file(folder, server):
    server.say(ETag='"a1"', Last_Modified="Fri, 27 Nov 2026 08:00:00 GMT")
    size = (folder / "image.tif").stat().st_size
    known = {"bytes": size, "etag": '"a1"', "last_modified": "Fri, 27 Nov 2026 08:00:00 GMT"}
    assert version_of(server.url("image.tif")) == known
    assert version_of(f"/vsicurl/{server.url('image.tif')}") == known
    assert server.sent() <= 2
    server.fail(status(503))
    assert version_of(server.url("image.tif")) == known
    server.fail(then=status(403))
    assert version_of(server.url("image.tif")) is None
    assert version_of(server.url("gone.tif")) is None
    assert version_of("s3://bucket/a.tif") is None
    assert version_of("http://[/a.tif") is None


def test_user_and_password_reach_the_server(server):
    assert version_of(server.url("image.tif").replace("//", "//us%65r:pass@"))
    assert server.traffic[-1].headers["Authorization"] == "Basic dXNlcjpwYXNz"


def test_a_scene_on_a_server_makes_the_same_map(tmp_path):
    files = scene_mixed(tmp_path, 900, 1200)
    (tmp_path / "area.geojson").write_text(
        json.dumps({"type": "Polygon", "coordinates": [[(9.0, 45.14), (9.012, 45.14), (9.0, 45.154), (9.0, 45.14)]]})
    )
    files = replace(files, aoi=tmp_path / "area.geojson")
    write(files.dem, elevation(50, 60), 30.0, left=LEFT - 300, top=TOP + 300, driver="COG", blocksize=128)
    with serving_folder(tmp_path) as server:
        server.say(ETag='"a1"')
        names = {role: server.url(getattr(files, role).name) for role in ("pre", "post", "dem", "aoi")}
        retries = replace(files, **names, masks=(server.url("mask.tif?sig=secret"),))
        records = {}
        for name, given in {"local": files, "remote": retries}.items():
            if name == "remote":
                server.fail(*[cut(), status(503)] * 2, spare=12)
            request = MapRequest(tmp_path / "none.onnx", given, tmp_path / name)
            records[name] = map_scene(request, engine=mixing_engine())
        assert not server.faults_left
    maps = {name: rasterio.open(tmp_path / name / "confidence.tif").read() for name in records}
    np.testing.assert_array_equal(maps["remote"], maps["local"])
    assert 0 < (maps["local"] != 255).mean() < 1
    mask = records["remote"]["inputs"][-1]
    size = (tmp_path / "mask.tif").stat().st_size
    known = {"bytes": size, "etag": '"a1"'}
    assert mask == {"role": "mask", "path": server.url("mask.tif"), "sha256": None, "version": known}
    assert "version" not in records["local"]["inputs"][-1]


def test_threads_of_gdal_decode_as_the_map_has_it_whatever_others_have_set(tmp_path, monkeypatch):
    picture, window = tmp_path / "picture.tif", Window(0, 0, 512, 512)
    how = {"compress": "jpeg", "photometric": "ycbcr", "tiled": True, "blockxsize": 64, "blockysize": 64}
    write(picture, rgb(512, 512), 6.0, **how)

    def read():
        with Raster(picture, "image") as raster:
            return raster.read(window, (1, 2, 3)).values

    expected = read()
    monkeypatch.setattr(retries, "usable_cores", lambda: 8)
    with ThreadPoolExecutor(1) as thread:  # options that are set there hold there alone
        np.testing.assert_array_equal(thread.submit(read).result(), expected)
        monkeypatch.setenv("CONVERT_YCBCR_TO_RGB", "NO")
        np.testing.assert_array_equal(thread.submit(read).result(), expected)


def test_a_virtual_raster_that_is_called_as_a_geotiff_is_read_by_one_thread(tmp_path, monkeypatch):
    monkeypatch.setattr(retries, "usable_cores", lambda: 8)
    picture, virtual = tmp_path / "picture.tif", tmp_path / "virtual.tif"
    write(picture, rgb(64, 64), 6.0)
    with rasterio.open(picture) as dataset:
        rasterio.shutil.copy(dataset, virtual, driver="VRT")
    found = []
    for path in (picture, virtual, tmp_path / "gone.tif"):
        with retries.settings(path):
            found.append(get_gdal_config("GDAL_NUM_THREADS"))
    assert [str(each) for each in found] == ["8", "1", "1"]


@pytest.mark.parametrize(("cores", "threads"), [(1, "1"), (2, "1"), (3, "3"), (16, "16")])
def test_gdal_has_threads_of_its_own_where_cores_are_left_for_them(tmp_path, monkeypatch, cores, threads):
    monkeypatch.setattr(retries, "usable_cores", lambda: cores)
    write(tmp_path / "picture.tif", rgb(64, 64), 6.0)
    with retries.settings(tmp_path / "picture.tif"):
        assert str(get_gdal_config("GDAL_NUM_THREADS")) == threads


LIMITED = """
import resource, sys
from pathlib import Path
from rasterio.env import get_gdal_config
from landslip.runtime.access import retries

retries.usable_cores = lambda: 4
for limit in (resource.RLIM_INFINITY, 1 << 40):
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    with retries.settings(Path(sys.argv[1])):
        print(get_gdal_config("GDAL_NUM_THREADS"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
def test_where_the_address_space_is_limited_gdal_starts_no_threads(tmp_path):
    write(tmp_path / "picture.tif", rgb(64, 64), 6.0)
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "picture.tif")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split() == ["4", "1"]


FORK = """
import os, sys
from pathlib import Path
from rasterio.windows import Window
from landslip.runtime.access import retries
from landslip.runtime.rasters.raster import Raster

retries.usable_cores = lambda: 4

def read():
    with Raster(Path(sys.argv[1]), "image") as raster:
        return int(raster.read(Window(0, 0, 512, 512), (1, 2, 3)).values.sum())

before, child = read(), os.fork()
if child == 0:
    os._exit(read() != before)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) or read() != before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_a_forked_process_does_not_wait_for_threads_of_gdal_that_it_has_not(tmp_path):
    how = {"compress": "deflate", "tiled": True, "blockxsize": 64, "blockysize": 64}
    path = write(tmp_path / "picture.tif", rgb(512, 512), 6.0, **how)
    with subprocess.Popen([sys.executable, "-c", FORK, str(path)], start_new_session=True) as process:
        try:
            assert process.wait(60) == 0
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # the child, too
