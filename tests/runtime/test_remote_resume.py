"""A map whose inputs lie behind a connection that is lost midway goes on when it is back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.engines import mixing_engine
from helpers.range_server import cut, serving_folder
from helpers.rasters import rgb, scene_on_grid, write
from landslip.runtime import pipeline, saving
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import ConnectionLostError, UsageError
from landslip.runtime.pipeline import MapRequest, map_scene


@pytest.fixture(autouse=True)
def _quickly(monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "2")
    monkeypatch.setattr(saving, "INTERVAL", 0.0)
    monkeypatch.setattr(pipeline, "LEAST_CACHE", 0)
    monkeypatch.setenv("CPL_VSIL_CURL_CACHE_SIZE", "65536")  # bytes: files as small as these would be fetched at once


def test_a_lost_connection_and_resume_make_the_same_map(tmp_path):
    files = scene_on_grid(tmp_path, 700, 300)
    with serving_folder(tmp_path) as server:
        server.say(ETag='"1"')
        remote = replace(files, pre=server.url("pre.tif"), post=server.url("post.tif"))

        def request(name, given, **how):
            options = EngineOptions(tile=64, batch=2)
            return MapRequest(tmp_path / "none.onnx", given, tmp_path / name, engine=options, **how)

        whole = map_scene(request("whole", files, force=True), engine=mixing_engine())
        map_scene(request("all", remote, force=True), engine=mixing_engine())
        most = int(0.8 * sum(each.path.endswith(".tif") for each in server.traffic))
        server.fail(then=cut(0.1), spare=most)
        with pytest.raises(ConnectionLostError, match="--resume"):
            map_scene(request("lost", remote, force=True), engine=mixing_engine())
        server.fail()
        record = map_scene(request("lost", remote, force=True, resume=True), engine=mixing_engine())
        assert 0 < record["resumed_after_row"] < 700
        assert record["tiles"] == whole["tiles"]
        assert (tmp_path / "lost" / "confidence.tif").read_bytes() == (
            tmp_path / "whole" / "confidence.tif"
        ).read_bytes()

        server.fail(then=cut(0.1), spare=most)
        with pytest.raises(ConnectionLostError):
            map_scene(request("changed", remote, force=True), engine=mixing_engine())
        server.fail()
        write(tmp_path / "pre.tif", rgb(700, 300, 9), 6.0)
        server.say(ETag='"2"')
        with pytest.raises(UsageError):
            map_scene(request("changed", remote, force=True, resume=True), engine=mixing_engine())
