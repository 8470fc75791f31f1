"""Landslides and rows of a map while it is made: those of its files, with files and without."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.windows import Window

import landslip
from helpers.models import brightness_model, class_model
from helpers.rasters import scene_mixed
from landslip.runtime.products.polygon_layers import CLASS_FIELDS, LANDSLIDE_FIELDS

MAPS = ("confidence.tif", "confidence.qml", "landslides.gpkg", "quicklook.png")
OPTIONS = {"min_area": 0.0, "threshold": 0.6}


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    return tmp_path_factory.mktemp("given")


@pytest.fixture(scope="module")
def mixed(given):
    return scene_mixed(given)


@pytest.fixture(scope="module", params=[False, True], ids=["one confidence", "classes"])
def door(request, given):
    path = given / f"{request.param}.onnx"
    model = class_model(path) if request.param else brightness_model(path)
    with landslip.open_mapper(model, tile=64, engine="onnxruntime") as mapper:
        yield mapper


@pytest.fixture(scope="module")
def plain(door, mixed, given):
    """The map with files and nothing else."""
    return door.map(mixed, out=given / f"plain-{door.model.stem}", **OPTIONS)


def digests(result):
    return {name: result.record.products[name].sha256 for name in MAPS}


def stored(result):
    """Rows of the layer of landslides: geometry and attributes."""
    path = result.products["landslides.gpkg"]
    meta, _, shapes, columns = pyogrio.raw.read(path, layer="landslides")
    return shapely.from_wkb(shapes), dict(zip(meta["fields"], columns, strict=True))


def assert_those_of_the_file(found, result):
    shapes, columns = stored(result)
    assert len(found) == len(shapes) == result.landslides
    assert [each.geometry.wkb for each in found] == [shape.wkb for shape in shapes]
    for field in (*LANDSLIDE_FIELDS, *(CLASS_FIELDS if result.classes else ())):
        values = [getattr(each, field.attribute or field.name) for each in found]
        if field.kind == "number":
            np.testing.assert_array_equal(np.array(values, float), columns[field.name].astype(float))
        elif field.kind == "truth":
            assert values == columns[field.name].astype(bool).tolist()
        elif field.kind != "day":
            assert values == columns[field.name].tolist()


def joined(blocks):
    """Rows of blocks one below the other, once they are known to follow each other."""
    assert [block.window.row_off for block in blocks] == list(
        itertools.accumulate([0, *(block.window.height for block in blocks[:-1])])
    )
    classes = None if blocks[0].classes is None else np.concatenate([block.classes for block in blocks])
    return np.concatenate([block.confidence for block in blocks]), classes


def assert_that_of_the_files(blocks, result):
    confidence, classes = joined(blocks)
    with rasterio.open(result.products["confidence.tif"]) as dataset:
        np.testing.assert_array_equal(confidence, dataset.read(1))
        for block in blocks:
            assert block.crs == dataset.crs
            assert block.window == Window(0, block.window.row_off, dataset.width, len(block.confidence))
            assert block.transform.almost_equals(dataset.window_transform(block.window), 1e-9)
    assert (classes is None) == (not result.classes)
    if classes is not None:
        with rasterio.open(result.products["classes.tif"]) as dataset:
            np.testing.assert_array_equal(classes, dataset.read(1))


def files_in(folder):
    return sorted(folder.iterdir()) if folder.exists() else []


def test_landslides_without_files_are_those_of_the_file(door, mixed, plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "none"))  # where nothing can be written
    with door.landslides(mixed, **OPTIONS) as stream:
        assert (stream.totals, stream.result) == (None, None)
        found = list(stream)
    assert isinstance(stream, landslip.MapStream)
    assert all(isinstance(each, landslip.Landslide) for each in found)
    assert_those_of_the_file(found, plain)
    assert files_in(tmp_path) == []
    assert stream.result is None
    assert isinstance(stream.totals, landslip.MapTotals)
    for field in fields(stream.totals):
        assert getattr(stream.totals, field.name) == getattr(plain.record, field.name)


def test_blocks_without_files_are_the_map(door, mixed, plain, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with door.blocks(mixed, **OPTIONS) as stream:
        blocks = list(stream)
    assert all(isinstance(each, landslip.ConfidenceBlock) for each in blocks)
    assert len(blocks) > 5
    assert_that_of_the_files(blocks, plain)
    assert files_in(tmp_path) == []
    assert stream.totals.landslides == plain.landslides


@pytest.mark.parametrize("kind", ["landslides", "blocks"])
def test_with_files_these_are_the_same_bytes(kind, door, mixed, plain, tmp_path):
    with getattr(door, kind)(mixed, out=tmp_path / "out", **OPTIONS) as stream:
        found = list(stream)
    (assert_those_of_the_file if kind == "landslides" else assert_that_of_the_files)(found, plain)
    assert digests(stream.result) == digests(plain)
    assert stream.totals.observed_km2 == plain.observed_km2


def test_a_map_tells_of_both_also_when_it_goes_on_and_when_it_is_complete(door, mixed, plain, tmp_path):
    out, found, blocks, flag = tmp_path / "out", [], [], threading.Event()

    def give_up(block):
        blocks.append(block)
        if len(blocks) == 5:
            flag.set()

    with pytest.raises(landslip.CancelledError):
        door.map(mixed, out=out, cancel=flag, on_block=give_up, **OPTIONS)
    assert files_in(out) != []
    for resumed in (True, None):
        found.clear()
        blocks.clear()
        result = door.map(mixed, out=out, resume=True, on_landslide=found.append, on_block=blocks.append, **OPTIONS)
        assert bool(result.record.resumed_after_row) or not resumed
        assert_those_of_the_file(found, plain)
        assert_that_of_the_files(blocks, plain)
        assert digests(result) == digests(plain)


def test_what_a_listener_raises_ends_the_map(door, mixed, tmp_path):
    def refuse(_landslide):
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        door.map(mixed, out=tmp_path / "out", on_landslide=refuse, **OPTIONS)
    with pytest.raises(KeyError, match="enough"):
        landslip.map_scene(mixed, model=door.model, out=tmp_path / "b", on_landslide=refuse, tile=64, deadline=600)


def wait_for_the_end():
    end = time.monotonic() + 60
    while any(thread.name in {"landslip-map", "landslip-stage"} for thread in threading.enumerate()):
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("how", ["with", "close", "let go"])
def test_leaving_early_gives_the_map_up(how, door, mixed, tmp_path):
    out = tmp_path / "out"
    if how == "with":
        with door.landslides(mixed, out=out, **OPTIONS) as stream:
            next(stream)
    elif how == "close":
        stream = door.landslides(mixed, out=out, **OPTIONS)
        next(stream)
        stream.close()
    else:
        for _ in door.landslides(mixed, out=out, **OPTIONS):
            break
        gc.collect()
        stream = iter(())
    wait_for_the_end()
    assert not any(path.name == "run.json" for path in files_in(out))
    assert list(stream) == []
    assert door.map(mixed, out=tmp_path / "next", **OPTIONS).landslides


class Counting:
    def __init__(self):
        self.tiles = 0

    def start(self, _what, _total, _unit):
        pass

    def advance(self, count):
        self.tiles += count

    def finish(self):
        pass


def test_a_map_waits_for_who_takes_its_rows(door, tmp_path):
    progress = Counting()
    with door.blocks(scene_mixed(tmp_path, height_m=6000.0), progress=progress, **OPTIONS) as stream:
        next(stream)
        seen = -1
        while seen != progress.tiles:  # until nothing moves any more
            seen = progress.tiles
            time.sleep(1.5)
        rest = sum(1 for _ in stream)
    assert rest > 20
    assert 0 < seen < progress.tiles / 2


def test_an_error_comes_after_what_came_before_it(door, mixed, monkeypatch):
    calls, real = itertools.count(), door._engine.infer

    def fail(batch):
        if next(calls) > 20:
            raise landslip.EngineError("The device is gone.")
        return real(batch)

    monkeypatch.setattr(door._engine, "infer", fail)
    found = []
    with door.blocks(mixed, **OPTIONS) as stream, pytest.raises(landslip.EngineError, match="gone"):
        found.extend(stream)
    assert found
    assert list(stream) == []
    assert (stream.totals, stream.result) == (None, None)


@pytest.mark.parametrize("kind", ["cancel", "deadline"])
def test_giving_up_comes_out_of_the_iterator(kind, door, mixed):
    flag = threading.Event()
    options = {"cancel": flag} if kind == "cancel" else {"deadline": 3.0}
    with door.blocks(mixed, **options, **OPTIONS) as stream:
        next(stream)
        flag.set()
        time.sleep(3.0 if kind == "deadline" else 0.0)
        with pytest.raises(landslip.CancelledError if kind == "cancel" else landslip.DeadlineError):
            list(stream)


def test_a_thread_does_not_wait_for_itself(door, mixed, tmp_path):
    with door.landslides(mixed, **OPTIONS) as stream:
        next(stream)
        for call in (door.landslides, door.blocks, lambda *args, **options: door.map(*args, out=tmp_path, **options)):
            with pytest.raises(landslip.UsageError, match="iterator of the mapper is open"):
                call(mixed, **OPTIONS)
    assert door.map(mixed, out=tmp_path / "out", **OPTIONS).landslides


def test_who_takes_is_who_must_not_wait(door, mixed, tmp_path):
    stream = door.blocks(mixed, **OPTIONS)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(next, stream).result()
        with pytest.raises(landslip.UsageError, match="iterator of the mapper is open"):
            pool.submit(door.map, mixed, out=tmp_path / "its", **OPTIONS).result()
        others = pool.submit(list, stream)
        assert door.map(mixed, out=tmp_path / "mine", **OPTIONS).landslides
        assert others.result()


def test_a_thread_is_not_taken_for_one_that_has_ended(door, mixed, tmp_path):
    made, numbers = [], []

    def make():
        numbers.append(threading.get_ident())
        made.append(door.blocks(mixed, **OPTIONS))

    def use():
        numbers.append(threading.get_ident())
        made.append(door.blocks(mixed, **OPTIONS))

    for work in (make, use):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    for stream in made:
        stream.close()
    assert len(made) == 2, numbers


@pytest.mark.parametrize("option", [{"resume": True}, {"also": "kml"}, {"overwrite": False}])
def test_options_on_files_are_refused_without_files(option, door, mixed):
    with pytest.raises(landslip.UsageError) as raised:
        door.landslides(mixed, **option)
    assert raised.value.option == next(iter(option))
    with pytest.raises(TypeError, match="'thread'"):
        door.blocks(mixed, thread=3)


def test_bad_input_comes_out_of_the_iterator(door, mixed):
    with pytest.raises(landslip.InputMissingError):
        list(door.landslides(mixed, post="gone.tif"))


def test_closing_a_mapper_gives_its_iterators_up(given, mixed):
    mapper = landslip.open_mapper(brightness_model(given / "closing.onnx"), tile=64)
    stream = mapper.blocks(mixed)
    next(stream)
    mapper.close()
    assert list(stream) == []
    with pytest.raises(landslip.UsageError, match="closed"):
        mapper.blocks(mixed)


FORKS = """
import os, sys
import landslip

def main(model, pre, post, dem):
    with landslip.open_mapper(model, tile=64) as door:
        stream = door.blocks(pre=pre, post=post, dem=dem)
        next(stream)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                next(stream)
            except landslip.UsageError as error:
                stream.close()
                code = 0 if "forked" in str(error) and not list(stream) else 2
            os._exit(code)
        code = os.waitpid(child, 0)[1]
        assert list(stream)
    sys.exit(os.waitstatus_to_exitcode(code))

main(*sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_an_iterator_is_refused_in_a_forked_process(mixed, tmp_path):
    model = brightness_model(tmp_path / "m.onnx")
    arguments = [str(each) for each in (model, mixed.pre, mixed.post, mixed.dem)]
    subprocess.run([sys.executable, "-c", FORKS, *arguments], check=True, timeout=120)
