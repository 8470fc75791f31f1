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
from landslip.runtime.workspace import PARTIAL, PRODUCTS

ROOM = 4 << 20
"""Bytes of the file system."""

MAP = """
import sys
from landslip.runtime import saving
from landslip.runtime.cli import main
saving.INTERVAL = 0.0
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
@pytest.mark.parametrize("left", [20_000, 300_000, 700_000, 1_200_000, 1_500_000])
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
