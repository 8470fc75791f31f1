"""The wheel holds all that a lean installation needs: the demo runs from it, without TensorFlow and out of the tree."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from helpers.results import names_of_results

ROOT = Path(__file__).parents[1]
HEAVY = (
    "tensorflow",
    "tf_keras",
    "keras",
    "onnx",
    "tf2onnx",
    "h5py",
    "torch",
    "matplotlib",
    "pandas",
    "geopandas",
    "pyproj",
)

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


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with what the wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: setuptools leaves its build folder beside the sources.
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "*.egg-info"))
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source]
    subprocess.run(build, check=True)
    (wheel,) = folder.glob("landslip-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.slow
def test_the_demo_runs_from_an_installed_wheel(site, tmp_path):
    code = RUN.format(heavy=set(HEAVY))
    command = [sys.executable, "-c", code, site, "-q", "demo", tmp_path / "out", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["scores"]["mcc"] > 0.75
    products = sorted(path.name for path in (tmp_path / "out" / "map").iterdir())
    assert products == names_of_results(tmp_path / "out" / "map")


RIGHT = """
from pathlib import Path

import landslip

result = landslip.map_scene(
    pre="before.tif", post=Path("after.tif"), dem=["a.tif", Path("b.tif")], masks="clouds.tif", aoi=None,
    model="model.onnx", out=Path("out"), threshold=0.6, engine="onnxruntime", bands=[3, 2, 1], nodata="none",
)
reveal_type(result)
reveal_type(result.landslide_km2)
reveal_type(result.products["landslides.gpkg"])
reveal_type(result.record.inputs[0].sha256)
with landslip.open_mapper("model.onnx", device="cpu", batch=8) as mapper:
    reveal_type(mapper)
    reveal_type(mapper.map("scene.toml", out="other", overwrite=True).landslides)
reveal_type(landslip.dry_run("scene.toml", model="m.onnx", out="out").memory_bytes.total)
reveal_type(landslip.export_model("m.hdf5", "model", precisions=["fp32", "int8"])[0].path)
reveal_type(landslip.verify("model").outcomes[0].verdict)
reveal_type(landslip.score(result, "truth.gpkg").f1)
reveal_type(landslip.__version__)
try:
    landslip.RunRecord.read("out/run.json")
except landslip.InputMissingError as error:
    reveal_type(error.remedy)
    reveal_type(error.retryable)
"""

REVEALED = (
    "MapResult", "float", "Path", "str | None", "Mapper", "int", "int", "Path", "str", "float", "str", "str", "bool"
)  # fmt: skip

WRONG = """
import landslip

landslip.map_scene(pre="a.tif", post="b.tif", dem="c.tif", model="m.onnx", out="out", tresholds=0.5)
landslip.map_scene(pre=1, model="m.onnx", out="out")
landslip.map_scene(post="b.tif", model="m.onnx")
landslip.map_scene(post="b.tif", model="m.onnx", out="out", engine="onyx")
landslip.open_mapper("m.onnx", threshold=0.5)
result = landslip.map_scene("scene.toml", model="m.onnx", out="out")
result.landslides = 3
result.record.landslides = 3
result.record.landslide
landslip.map_scenes
landslip.export_model("m.hdf5", "model", precisions="fp8")
landslip.verify("model", device="tpu")
"""


@pytest.mark.slow
@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_a_program_of_a_user_sees_the_types_of_an_installed_wheel(checker, environment, tmp_path):
    if shutil.which(checker, path=Path(sys.executable).parent) is None:
        pytest.skip(f"{checker} is not installed")
    said = judged(checker, RIGHT, environment, tmp_path)
    assert not faulty(said), said
    found = [line for line in said.splitlines() if "Type of" in line or "Revealed type" in line]
    assert len(found) == len(REVEALED), said
    for text, wanted in zip(found, REVEALED, strict=True):
        assert re.search(rf'["." ]{re.escape(wanted)}"$', text), said
    said = judged(checker, WRONG, environment, tmp_path)
    assert faulty(said) == {
        at for at, line in enumerate(WRONG.splitlines(), 1) if at > 3 and not line.startswith("result =")
    }, said


def faulty(said):
    """Lines of the program that a type checker has errors in; -1 for those elsewhere."""
    found = [re.match(r"(?:.*program\.py:(\d+))?.*(: | - )error: ", line) for line in said.splitlines()]
    return {int(each[1] or -1) for each in found if each}


@pytest.fixture(scope="module")
def environment(site, tmp_path_factory):
    """The Python of a virtual environment that has the wheel; other packages are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    tell = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([python, "-c", tell], capture_output=True, text=True, check=True).stdout.strip())
    shutil.copytree(site, packages, dirs_exist_ok=True)
    (packages / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return python


def judged(checker, program, python, folder):
    """What a type checker says of a program in an environment."""
    (folder / "program.py").write_text(program, encoding="utf-8")
    options = {
        "mypy": ["--strict", "--no-error-summary", "--cache-dir", folder / "cache", "--python-executable", python],
        "basedpyright": ["--pythonpath", python],
    }[checker]
    command = [Path(sys.executable).with_name(checker), *options, "program.py"]
    here = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=here)
    return done.stdout + done.stderr


def test_the_files_of_the_demo_are_part_of_the_package():
    names = {path.name for path in (ROOT / "models" / "demo_data").iterdir()}
    assert {"demo.hdf5", "demo.fp32.onnx", "demo.fp32.onnx.json", "MODEL_CARD.md"} <= names
    assert sum(path.stat().st_size for path in (ROOT / "models" / "demo_data").iterdir()) < 10_000_000
