"""A disk that is really full: a small file system in memory. Skipped where none may be mounted."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest
import rasterio

from helpers.killing import digests
from helpers.models import brightness_model
from helpers.rasters import scene_mixed, write
from landslip.runtime.run.product_names import PRODUCTS
from landslip.runtime.system.drafts import PARTIAL

ROOM = 24 << 20
"""Bytes of the file system."""

MAP = """
import sys
from landslip.runtime.run import run_files
from landslip.runtime.cli.main import main
run_files.INTERVAL = 0.0
main()
"""


@contextmanager
def small_disk(folder):
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    files = scene_mixed(folder)
    noise = np.random.default_rng(0).integers(1, 255, (3, 240, 300)).astype(np.uint8)  # does not compress
    model = brightness_model(folder / "model.onnx")
    arguments = ["-m", model, "--pre", files.pre, "--post", write(folder / "noise.tif", noise, 10.0)]
    return folder, [str(part) for part in [*arguments, "--dem", files.dem, "--tile", 64, "--min-area", 4000]]


SLOW_MAP = MAP.replace(
    "run_files.INTERVAL = 0.0",
    """
import os
import time
from landslip.runtime.engines.onnx_runtime import OnnxRuntimeEngine
run_files.INTERVAL = 0.0
infer = OnnxRuntimeEngine.infer
def slowly(self, batch):
    os.write(1, b"busy\\n")  # whole, as lanes write side by side
    time.sleep(0.05)
    return infer(self, batch)
OnnxRuntimeEngine.infer = slowly
""",
)


def landslip_map(arguments, out, *more):
    command = [sys.executable, "-c", MAP, "map", *arguments, "-o", str(out), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def whole(scene):
    folder, arguments = scene
    done = landslip_map(arguments, folder / "whole")
    assert done.returncode == 0, done.stderr
    return digests(folder / "whole")


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs")
@pytest.mark.parametrize("left", [20_000, 300_000, 700_000, 1_200_000, 3_000_000])
@pytest.mark.slow
def test_finished_rows_are_kept_and_the_run_goes_on_when_there_is_space(scene, whole, tmp_path, left):
    _, arguments = scene
    with small_disk(tmp_path / "disk") as disk:
        (disk / "filler").write_bytes(bytes(ROOM - left - 12_288))
        full = landslip_map(arguments, disk / "out")
        assert full.returncode == 1, full.stderr
        assert "Traceback" not in full.stderr
        last = full.stderr.strip().splitlines()[-1]
        assert last.startswith("landslip: ")
        assert "space" in last
        assert not [name for name in PRODUCTS if (disk / "out" / name).exists()]
        kept = (disk / "out" / PARTIAL).exists()
        assert ("--resume" in full.stderr) == kept
        assert kept == (left > 200_000)

        (disk / "filler").unlink()
        done = landslip_map(arguments, disk / "out", "--resume")
        assert done.returncode == 0, done.stderr
        assert ("going on after row" in done.stderr) == kept
        assert digests(disk / "out") == whole
        with rasterio.open(disk / "out" / "confidence.tif") as dataset:
            assert dataset.shape == (400, 500)


@contextmanager
def mounted(real, place):
    """A folder shown in another place; gives what takes it away from there, with files open in it."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "--bind", str(real), str(place)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("no file system may be mounted here")
    gone = []

    def vanish():
        if not gone:
            gone.append(subprocess.run(["umount", "--lazy", str(place)], check=True))

    try:
        yield vanish
    finally:
        vanish()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts")
@pytest.mark.slow
def test_a_mount_that_vanishes_loses_nothing(scene, whole, tmp_path):
    _, arguments = scene
    real, place = tmp_path / "real", tmp_path / "mount"
    real.mkdir()
    with mounted(real, place) as vanish:
        command = [sys.executable, "-c", SLOW_MAP, "map", *arguments, "-o", str(place / "out"), "--batch", "2"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            for _ in range(30):
                assert process.stdout.readline() == "busy\n"
            vanish()
            _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert "Traceback" not in err
    assert "--resume" in err
    assert err.strip().splitlines()[-1].startswith("landslip: journal.jsonl cannot be written")
    with mounted(real, place):
        done = landslip_map(arguments, place / "out", "--resume")
        assert done.returncode == 0, done.stderr
        assert "going on after row" in done.stderr
        assert digests(place / "out") == whole
