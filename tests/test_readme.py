"""The README's Python and its lines for a shell run as they stand, on rasters and models of the names they use."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from helpers.pages import blocks
from helpers.rasters import scene_mixed, scene_on_grid
from landslip.models.synthetic import EventSpec, write_event
from landslip.runtime.cli.main import run as run_landslip
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.opening import open_engine

ROOT = Path(__file__).parents[1]

NO_LANDSLIP = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "landslip":
            raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, Refuse())
"""
SAVE = """
import numpy
numpy.save("confidence.npy", confidence)
assert not [name for name in sys.modules if name.startswith("landslip")]
"""


def python_under(heading):
    """The first Python block below a heading."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = re.split(rf"^#+ {heading}$", readme, flags=re.MULTILINE)[1]
    return re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]


@pytest.fixture
def folder(tmp_path):
    """Where a user works: an exported model in ``model/``, under the name of the published one."""
    (tmp_path / "model").mkdir()
    shutil.copy(ROOT / "models" / "demo_data" / "demo.fp32.onnx", tmp_path / "model" / "M_ALL_006.fp32.onnx")
    return tmp_path


def run(code, folder):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def rename(scene, **names):
    for role, name in names.items():
        path = getattr(scene, role)
        path.rename(path.with_name(name))


def test_ten_lines_run_the_model_without_landslip(folder):
    rename(scene_on_grid(folder, 300, 260), pre="before.tif", post="after.tif")
    code = python_under("Without landslip")
    assert len(code.splitlines()) <= 10
    said = run(NO_LANDSLIP + code + SAVE, folder)
    confidence = np.load(folder / "confidence.npy")
    np.testing.assert_allclose(confidence, as_the_runtime_says(folder), atol=1e-5)
    assert said == f"landslide on {(confidence >= 0.5).mean()} of the tile\n"


def as_the_runtime_says(folder):
    files = {"pre": "before", "post": "after", "hillshade": "hillshade", "slope": "slope"}
    batch = {}
    for name, stem in files.items():
        with rasterio.open(folder / f"{stem}.tif") as raster:
            batch[name] = raster.read(window=Window(0, 0, 224, 224))[None]
    with open_engine(folder / "model" / "M_ALL_006.fp32.onnx", EngineOptions(engine="onnxruntime", batch=1)) as engine:
        return engine.infer(batch)


@pytest.mark.slow
def test_a_map_from_python(folder):
    scene = scene_mixed(folder)
    rename(scene, pre="before.tif", post="after.tif")
    scene.masks[0].rename(folder / "clouds.tif")
    said = run(python_under("From Python"), folder)
    landslides, observed = re.fullmatch(r"(\S+) of (\S+) km2\n", said).groups()
    assert 0 <= float(landslides) <= float(observed)
    assert 6 < float(observed) < 7.2  # 3 by 2.4 km less the clouds and the rim of the terrain
    assert {path.name for path in (folder / "out").iterdir()} >= {"confidence.tif", "landslides.gpkg", "run.json"}


def shell_block_with(words):
    """The lines of the only block for a shell that begins with these words, without comments."""
    (block,) = [block for block in blocks("README.md", "sh") if block.startswith(words)]
    return [re.sub(r"\s+#.*", "", line) for line in block.replace("\\\n", "").splitlines()]


@pytest.mark.slow
def test_the_line_after_make_demo_maps_what_it_has_made(tmp_path, monkeypatch):
    activate, line = shell_block_with(". .venv")
    assert activate == ". .venv/bin/activate"  # which make demo has made
    write_event(tmp_path / "demo-out" / "scene", EventSpec(seed=9001, width_m=1500.0, height_m=1500.0))
    (tmp_path / "models").symlink_to(ROOT / "models")
    monkeypatch.chdir(tmp_path)
    assert run_landslip(shlex.split(line)[1:]) == 0
    assert (tmp_path / "my-map" / "run.json").is_file()


def test_make_demo_makes_the_environment_that_is_activated():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "\ndemo: .venv/lean" in makefile
    assert "-m venv .venv" in makefile
    assert "DEMO ?= demo-out" in makefile


def test_what_is_fetched_is_what_is_mapped():
    _, fetch, line = shell_block_with("pip install '.[fetch]'")
    assert fetch == "landslip fetch iburi-2018"
    assert "--scene iburi-2018/scene.toml" in line
