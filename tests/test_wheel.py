"""The wheel holds all that a lean installation needs: the demo runs from it, without TensorFlow and out of the tree."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("tensorflow", "tf_keras", "keras", "onnx", "tf2onnx", "h5py")

RUN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {heavy}:
            raise ModuleNotFoundError(name, name=name)
sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in repr(finder)]
sys.meta_path.insert(0, Refuse())
import landslip.models
assert sys.path[0] in landslip.models.__file__, landslip.models.__file__
from landslip.runtime.cli.main import main
main()
"""


@pytest.mark.slow
def test_the_demo_runs_from_an_installed_wheel(tmp_path):
    # From a copy: setuptools leaves its build folder beside the sources.
    source = tmp_path / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info"))
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", tmp_path, source]
    subprocess.run(build, check=True)
    (wheel,) = tmp_path.glob("landslip-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = RUN.format(heavy=set(HEAVY))
    command = [sys.executable, "-c", code, tmp_path / "site", "-q", "demo", tmp_path / "out", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["scores"]["mcc"] > 0.75
    products = {path.name for path in (tmp_path / "out" / "map").iterdir()}
    assert products == {"confidence.tif", "landslides.gpkg", "quicklook.png", "run.json"}


def test_the_files_of_the_demo_are_part_of_the_package():
    names = {path.name for path in (ROOT / "models" / "demo_data").iterdir()}
    assert {"demo.hdf5", "demo.fp32.onnx", "demo.fp32.onnx.json", "MODEL_CARD.md"} <= names
    assert sum(path.stat().st_size for path in (ROOT / "models" / "demo_data").iterdir()) < 10_000_000
