"""A map whose inputs lie behind a connection that is lost midway goes on when it is back."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.range_server import cut, serving_folder
from helpers.rasters import rgb, scene_on_grid, write

SCRIPT = """
import json, sys
from dataclasses import replace
from pathlib import Path
from helpers.engines import mixing_engine
from landslip.runtime.mapping import prepared_map
from landslip.runtime.run import run_files
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import LandslipError
from landslip.runtime.mapping.pipeline import MapRequest, map_scene
from landslip.runtime.scene.scene import SceneFiles

base, folder, out, resume = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "resume"
run_files.INTERVAL, prepared_map.LEAST_CACHE = 0.0, 0
files = SceneFiles(f"{base}/pre.tif", f"{base}/post.tif", None, folder / "hillshade.tif", folder / "slope.tif")
options = EngineOptions(tile=64, batch=2)
request = MapRequest(folder / "none.onnx", files, out, engine=options, force=True, resume=resume)
try:
    print(json.dumps(map_scene(request, engine=mixing_engine())))
except LandslipError as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


def made(server, folder, out, how=""):
    # In a process of its own, as GDAL reads the size of that cache once; such small files would be fetched at once.
    settings = {"CPL_VSIL_CURL_CACHE_SIZE": "65536", "GDAL_HTTP_RETRY_DELAY": "0.01", "GDAL_HTTP_MAX_RETRY": "2"}
    settings["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", SCRIPT, server.base, str(folder), str(folder / out), how]
    result = subprocess.run(command, env=os.environ | settings, capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("threads", [None, "ALL_CPUS"])
def test_a_lost_connection_and_resume_make_the_same_map(tmp_path, monkeypatch, threads):
    if threads:  # with which GDAL takes half an answer for all of it
        monkeypatch.setenv("GDAL_NUM_THREADS", threads)
    scene_on_grid(tmp_path, 700, 300)
    with serving_folder(tmp_path) as server:
        server.say(ETag='"1"')
        whole = made(server, tmp_path, "whole")
        most = int(0.8 * sum(each.path.endswith(".tif") for each in server.traffic))
        server.fail(then=cut(0.1), spare=most)
        kind, message = made(server, tmp_path, "lost")
        assert kind == "ConnectionLostError"
        assert "resume=True" in message
        shutil.copytree(tmp_path / "lost", tmp_path / "changed")
        server.fail()
        record = made(server, tmp_path, "lost", "resume")
        assert 0 < record["resumed_after_row"] < 700
        assert record["tiles"] == whole["tiles"]
        maps = [(tmp_path / name / "confidence.tif").read_bytes() for name in ("whole", "lost")]
        assert maps[0] == maps[1]

        write(tmp_path / "pre.tif", rgb(700, 300, 9), 6.0)
        server.say(ETag='"2"')
        kind, _ = made(server, tmp_path, "changed", "resume")
        assert kind == "UsageError"
