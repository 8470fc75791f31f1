"""pyogrio keeps to its own SQLite in whatever order TensorFlow, which shows another one to all, is loaded."""

from __future__ import annotations

import ast
import subprocess
import sys

import pyogrio
import pytest

from helpers.house import FILES
from helpers.models import brightness_model
from helpers.rasters import scene_on_grid

PROGRAM = """
import sys
import {first}
import landslip

try:
    import landslip.runtime.mapping.mapper
    landslip.map_scene(
        pre=sys.argv[1], post=sys.argv[2], hillshade=sys.argv[3], slope=sys.argv[4], model=sys.argv[5], out=sys.argv[6],
        threshold=0.6,
    )
except landslip.UsageError as error:
    print(error.remedy)
"""
"""A map by a program that imports libraries of others first, and then a module of landslip's by itself."""


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    """Arguments of the program but for the last, the folder of the map."""
    folder = tmp_path_factory.mktemp("event")
    files = scene_on_grid(folder, 90, 80)
    return [files.pre, files.post, files.hillshade, files.slope, brightness_model(folder / "m.onnx")]


def mapped(first, event, out):
    """What the program says on standard output."""
    pytest.importorskip("tensorflow")
    command = [sys.executable, "-c", PROGRAM.format(first=first), *map(str, [*event, out])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.tensorflow
@pytest.mark.parametrize("first", ["tensorflow", "tensorflow, rasterio", "pyogrio, tensorflow"])
def test_a_map_is_made_whatever_was_loaded_before(tmp_path, event, first):
    assert mapped(first, event, tmp_path / "out") == ""
    info = pyogrio.read_info(tmp_path / "out" / "landslides.gpkg", layer="landslides")
    assert info["features"]
    assert info["capabilities"]["fast_spatial_filter"]


@pytest.mark.tensorflow
def test_a_pyogrio_that_took_the_sqlite_of_tensorflow_is_refused(tmp_path, event):
    assert "before TensorFlow" in mapped("tensorflow, pyogrio", event, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_module_imports_pyogrio():
    def imported(path):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""

    found = {name for name, path in FILES.items() if any(each.split(".")[0] == "pyogrio" for each in imported(path))}
    assert found == {"runtime.access.bound_pyogrio"}
