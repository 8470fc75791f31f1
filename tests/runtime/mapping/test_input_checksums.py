"""A file that is replaced while it is mapped."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from dataclasses import replace

import pytest

from helpers.engines import mixing_engine, mixture
from helpers.range_server import serving_folder
from helpers.rasters import rgb, scene_on_grid, write
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import InputChangedError, InputMissingError, ModelError
from landslip.runtime.mapping import run_record
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.system.digests import sha256_of


@pytest.fixture
def files(tmp_path):
    return scene_on_grid(tmp_path, 200, 90)


def mapped(files, out, action=lambda: None):
    """A map during which something is done once."""
    todo = [action]

    def confidence(batch):
        while todo:
            todo.pop()()
        return mixture(batch)

    engine = FakeEngine(mixing_engine().spec, confidence)
    return map_scene(MapRequest(out / "none", files, out, engine=EngineOptions(tile=64)), engine=engine)


def nothing_is_left(out):
    return not out.exists()


def test_a_local_file_that_is_written_anew(files, tmp_path):
    with pytest.raises(InputChangedError, match=r"pre\.tif was changed"):
        mapped(files, tmp_path / "out", lambda: write(files.pre, rgb(200, 90, 7), 6.0))
    assert nothing_is_left(tmp_path / "out")


def test_a_source_of_a_mosaic_that_is_written_anew(files, tmp_path):
    from rasterio.shutil import copy

    copy(files.pre, tmp_path / "pre.vrt", driver="VRT")
    with pytest.raises(InputChangedError, match=r"pre\.tif was changed"):
        mapped(
            replace(files, pre=tmp_path / "pre.vrt"), tmp_path / "out", lambda: write(files.pre, rgb(200, 90, 7), 6.0)
        )
    assert nothing_is_left(tmp_path / "out")


def test_the_same_content_in_a_new_file_is_the_same(files, tmp_path):
    def touched():
        shutil.copy(files.pre, tmp_path / "copy.tif")
        (tmp_path / "copy.tif").replace(files.pre)
        os.utime(files.post)

    assert mapped(files, tmp_path / "out", touched)["landslides"] >= 0


def test_a_remote_file_that_is_replaced(files, tmp_path):
    with serving_folder(tmp_path) as server:
        server.say(ETag='"1"')
        remote = replace(files, pre=server.url("pre.tif"))
        assert mapped(remote, tmp_path / "same")["inputs"][0]["version"]["etag"] == '"1"'
        with pytest.raises(InputChangedError, match=r"etag"):
            mapped(remote, tmp_path / "out", lambda: server.say(ETag='"2"'))
    assert nothing_is_left(tmp_path / "out")


def test_checksums_are_taken_while_the_model_is_loaded(files, tmp_path, monkeypatch):
    begun, in_time = threading.Event(), []

    def noted(path, stop=None):
        begun.set()
        return sha256_of(path, stop)

    @contextlib.contextmanager
    def opener(*_):
        in_time.append(begun.wait(20))
        yield mixing_engine()

    monkeypatch.setattr(run_record, "sha256_of", noted)
    record = map_scene(MapRequest(DEMO_MODEL, files, tmp_path / "out", engine=EngineOptions(tile=64)), opener=opener)
    assert in_time == [True]
    assert record["inputs"][0]["sha256"] == sha256_of(files.pre)
    assert not hashing_threads()


def test_a_model_that_cannot_be_loaded_gives_the_checksums_up(files, tmp_path, monkeypatch):
    begun = threading.Event()

    def endless(_, stop):
        begun.set()
        assert stop.wait(20)
        return ""

    @contextlib.contextmanager
    def opener(*_):
        assert begun.wait(20)
        raise ModelError("broken")
        yield

    monkeypatch.setattr(run_record, "sha256_of", endless)
    with pytest.raises(ModelError, match="broken"):
        map_scene(MapRequest(DEMO_MODEL, files, tmp_path / "out"), opener=opener)
    assert not hashing_threads()


def test_a_part_that_is_gone_is_said_once_the_model_is_loaded(files, tmp_path, monkeypatch):
    def gone(path, _):
        raise InputMissingError(f"{path} does not exist.", "Check the path.", where=path)

    opened = []

    @contextlib.contextmanager
    def opener(*_):
        opened.append(True)
        yield mixing_engine()

    monkeypatch.setattr(run_record, "sha256_of", gone)
    with pytest.raises(InputMissingError):
        map_scene(MapRequest(DEMO_MODEL, files, tmp_path / "out"), opener=opener)
    assert opened
    assert not hashing_threads()


def hashing_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("landslip-checksums")]
