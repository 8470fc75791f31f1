"""Mappers and threads: several of each at once make the maps that they make one after the other."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import rasterio
from rasterio.env import get_gdal_config

import landslip
from helpers.models import brightness_model
from helpers.rasters import scene_mixed

MAPS = ("confidence.tif", "confidence.qml", "landslides.gpkg", "quicklook.png")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return tmp_path_factory.mktemp("given")


@pytest.fixture(scope="module")
def model(given):
    return brightness_model(given / "m.onnx")


@pytest.fixture(scope="module")
def scenes(given):
    """Scenes of several sizes, which need caches of several sizes."""
    found = []
    for number in range(3):
        folder = given / f"scene{number}"
        folder.mkdir()
        found.append(scene_mixed(folder, 1200 + 600 * number, 1500, seed=number))
    return found


@pytest.fixture(scope="module")
def alone(model, scenes, given):
    """Digests of their maps, made one after the other."""
    return [
        digests(landslip.map_scene(each, model=model, tile=64, out=given / f"{n}")) for n, each in enumerate(scenes)
    ]


def digests(result):
    return {name: result.record.products[name].sha256 for name in MAPS}


def at_once(calls):
    """Results of calls in threads of their own, once all of them have begun."""
    ready = threading.Barrier(len(calls))

    def begun(call):
        ready.wait(60)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [each.result() for each in [pool.submit(begun, call) for call in calls]]


@pytest.mark.slow
def test_threads_share_one_mapper_in_every_way(model, scenes, alone, tmp_path):
    with landslip.open_mapper(model, tile=64) as door:

        def mapped(n):
            return digests(door.map(scenes[n], out=tmp_path / f"plain{n}"))

        def limited(n):
            return digests(door.map(scenes[n], out=tmp_path / f"limited{n}", deadline=600))

        def streamed(n):
            with door.landslides(scenes[n], out=tmp_path / f"streamed{n}") as stream:
                assert sum(1 for _ in stream) == stream.result.landslides
            return digests(stream.result)

        kinds = [(make, n) for n in range(len(scenes)) for make in (mapped, limited, streamed)]
        found = at_once([lambda make=make, n=n: make(n) for make, n in kinds])
    assert found == [alone[n] for _, n in kinds]


@pytest.mark.slow
def test_mappers_and_single_maps_work_at_once(model, scenes, alone, tmp_path):
    with rasterio.Env():
        before = get_gdal_config("GDAL_CACHEMAX")

    def mapped(n):
        with landslip.open_mapper(model, tile=64) as door:
            return digests(door.map(scenes[n], out=tmp_path / f"mapper{n}"))

    def single(n):
        return digests(landslip.map_scene(scenes[n], model=model, tile=64, out=tmp_path / f"single{n}"))

    def limited(n):
        options = {"tile": 64, "cancel": threading.Event()}
        return digests(landslip.map_scene(scenes[n], model=model, out=tmp_path / f"limited{n}", **options))

    kinds = [(make, n) for n in range(len(scenes)) for make in (mapped, single, limited)]
    found = at_once([lambda make=make, n=n: make(n) for make, n in kinds])
    assert found == [alone[n] for _, n in kinds]
    with rasterio.Env():
        assert get_gdal_config("GDAL_CACHEMAX") == before


def test_a_mapper_that_is_closed_while_it_maps_finishes_that_map(model, scenes, alone, tmp_path):
    begun, found = threading.Event(), []
    door = landslip.open_mapper(model, tile=64)

    def make():
        found.append(digests(door.map(scenes[0], out=tmp_path / "out", on_block=lambda _: begun.set())))

    thread = threading.Thread(target=make)
    thread.start()
    assert begun.wait(60)
    door.close()
    assert door._engine is None
    thread.join()
    assert found == alone[:1]
    with pytest.raises(landslip.UsageError, match="closed"):
        door.map(scenes[0], out=tmp_path / "late")


def test_closing_a_mapper_out_of_its_own_map_frees_it_afterwards(model, scenes, alone, tmp_path):
    door = landslip.open_mapper(model, tile=64)
    result = door.map(scenes[0], out=tmp_path / "out", on_block=lambda _: door.close())
    assert digests(result) == alone[0]
    assert door._engine is None


FORK = """
import os, sys
import landslip

def main(model, pre, post, dem, out):
    files = {"pre": pre, "post": post, "dem": dem}
    with landslip.open_mapper(model, tile=64) as door:
        door.map(**files, out=f"{out}/parent")
        child = os.fork()
        if child == 0:
            try:
                door.map(**files, out=f"{out}/never")
            except landslip.UsageError as error:
                door.close()
                assert "forked" in str(error)
                with landslip.open_mapper(model, tile=64) as other:
                    other.map(**files, out=f"{out}/child", deadline=600)
                os._exit(0)
            os._exit(1)
        code = os.waitpid(child, 0)[1]
        door.map(**files, out=f"{out}/after")
    sys.exit(os.waitstatus_to_exitcode(code))

main(*sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_in_a_forked_process_a_mapper_is_refused_and_a_new_one_works(model, scenes, alone, tmp_path):
    scene = scenes[0]
    arguments = [str(each) for each in (model, scene.pre, scene.post, scene.dem, tmp_path)]
    subprocess.run([sys.executable, "-c", FORK, *arguments], check=True, timeout=300)
    maps = [(tmp_path / name / "confidence.tif").read_bytes() for name in ("parent", "child", "after")]
    assert maps[0] == maps[1] == maps[2]
    assert not (tmp_path / "never").exists()
