"""``import landslip``: light, typed, and all that it lists is there."""

from __future__ import annotations

import subprocess
import sys

import pytest

import landslip
from landslip.runtime import errors


def run(code, *arguments):
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_import_loads_nothing_heavy_and_errors_do_not_either():
    code = """
import sys
import landslip
dir(landslip), landslip.LandslipError, landslip.__version__
heavy = "numpy", "rasterio", "osgeo", "numba", "llvmlite", "shapely", "pyogrio", "onnxruntime", "msgspec"
print([name for name in heavy if name in sys.modules])
"""
    assert run(code) == "[]"


def test_every_name_that_is_listed_is_there():
    assert sorted(landslip.__all__) == landslip.__all__
    for name in landslip.__all__:
        assert getattr(landslip, name) is not None
    assert set(landslip.__all__) <= set(dir(landslip))


def test_all_errors_are_listed():
    def below(error):
        return {error.__name__}.union(*map(below, error.__subclasses__()))

    public = {name for name in below(landslip.LandslipError) if hasattr(errors, name)}
    assert public <= set(landslip.__all__)


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'landslip' has no attribute 'map_scenes'"):
        landslip.map_scenes  # noqa: B018


def test_the_module_is_the_command_line():
    command = [sys.executable, "-m", "landslip", "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said == f"landslip {landslip.__version__}\n"
