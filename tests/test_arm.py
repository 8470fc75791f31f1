"""What ``make test-arm`` rests on and can be tried without an ARM: its comparison of maps, and its refusals."""

from __future__ import annotations

import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from landslip.models.demo.embedded import run_demo

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "tools" / "arm"

pytestmark = [
    pytest.mark.slow,  # a demo is mapped
    pytest.mark.skipif(sys.platform != "linux", reason="ARM is emulated on Linux alone"),
]


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "here"
    run_demo(folder, size_km=2.0)  # the smallest with landslides
    return folder


@pytest.fixture
def there(here, tmp_path):
    return Path(shutil.copytree(here, tmp_path / "there"))


def compared(here, there):
    command = [sys.executable, TOOLS / "compare_maps.py", here, there]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def changed(path, change):
    """Change the pixels of a raster."""
    with rasterio.open(path) as raster:
        values, profile = raster.read(), raster.profile
    change(values)
    path.unlink()
    with rasterio.open(path, "w", **(profile | {"driver": "GTiff"})) as raster:
        raster.write(values)


def test_equal_maps_are_said_to_be_equal(here, there):
    code, said = compared(here, there)
    assert (code, said.startswith("equal: the scene")) == (0, True), said
    assert "0 landslides" not in said


def test_one_pixel_that_differs_is_found(here, there):
    def one(values):
        values[0, 7, 9] = 255 if values[0, 7, 9] != 255 else 0

    changed(there / "map" / "confidence.tif", one)
    code, said = compared(here, there)
    assert code == 1
    assert "confidence.tif: 1 of " in said
    assert "1 are observed by one alone" in said
    assert "the first at row 7, column 9" in said


def test_another_scene_is_found(here, there):
    changed(there / "scene" / "dem.tif", lambda values: np.add(values, 1, out=values))
    code, said = compared(here, there)
    assert (code, said.count("differs: dem.tif: ")) == (1, 1), said


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE landslides SET area_m2 = area_m2 + 1 WHERE id = 1", "landslides 1: area_m2 is "),
        ("DELETE FROM landslides WHERE id = 1", "landslides: "),
        (
            "UPDATE landslides SET geom = (SELECT geom FROM landslides ORDER BY id DESC LIMIT 1) WHERE id = 1",
            "landslides 1: its outline",
        ),
    ],
)
def test_a_landslide_that_differs_is_found(here, there, sql, words):
    changed_by(sql, there)
    code, said = compared(here, there)
    assert code == 1
    assert f"differs: {words}" in said


def test_figures_that_round_differently_are_equal(here, there):
    changed_by("UPDATE landslides SET area_m2 = area_m2 * (1 + 1e-11), lat = lat * (1 - 1e-14)", there)
    assert compared(here, there)[0] == 0


def changed_by(sql, there):
    """Change the table of landslides."""
    with sqlite3.connect(there / "map" / "landslides.gpkg") as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:  # of the spatial index, which ask for functions that only GDAL has
            database.execute(f'DROP TRIGGER "{name}"')
        database.execute(sql)
    database.close()


def test_a_map_that_is_not_there_cannot_be_compared(here, tmp_path):
    code, said = compared(here, tmp_path)
    assert code == 2
    assert said.startswith("cannot be compared: ")


def test_without_root_it_says_so_and_ends_as_skipped(tmp_path):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "env", "uname"):
        (tools / name).symlink_to(shutil.which(name))
    for name, script in {"id": "echo 1000", "sudo": "exit 1"}.items():
        (tools / name).write_text(f"#!{shutil.which('sh')}\n{script}\n")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        [TOOLS / "test_arm.sh"], env=os.environ | {"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    if platform.machine() == "aarch64":
        assert "is an ARM already" in done.stderr
    else:
        assert "needs root" in done.stderr
    assert done.returncode == 77
