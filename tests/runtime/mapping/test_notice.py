"""What a model wants everybody to know who sees a map of it: said once, and in every product."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import numpy as np
import pyogrio
import rasterio
from PIL import Image

from helpers.engines import SPEC, mixture
from helpers.rasters import scene_on_grid
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.models.registry.registry import DEMO_NOTICE
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

NOTICE = "For <tests> & nothing else."


def yellow(path):
    """Pixels of the band on which a notice stands."""
    with Image.open(path) as picture:
        return int((np.asarray(picture) == (255, 214, 0)).all(axis=2).sum())


def mapped(folder, notice, name):
    files = scene_on_grid(folder, 140, 180)
    request = MapRequest(folder / "none", files, folder / name, engine=EngineOptions(tile=64))
    map_scene(request, engine=FakeEngine(replace(SPEC, notice=notice), mixture))
    return request.out


def test_every_product_says_it_and_so_does_the_run(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        out = mapped(tmp_path, NOTICE, "out")
    assert [record.getMessage() for record in caplog.records].count(f"The model {SPEC.name}: {NOTICE}") == 1
    assert json.loads((out / "run.json").read_text())["model"]["notice"] == NOTICE
    with rasterio.open(out / "confidence.tif") as dataset:
        assert dataset.tags()["NOTICE"] == NOTICE
    sql = "SELECT description FROM gpkg_contents WHERE table_name = 'landslides'"
    assert pyogrio.raw.read(out / "landslides.gpkg", sql=sql, read_geometry=False)[3][0][0].startswith(NOTICE)
    plain = mapped(tmp_path, "", "plain")
    assert yellow(out / "quicklook.png") > 10_000
    assert not yellow(plain / "quicklook.png")


def test_models_without_one_make_the_maps_they_made(tmp_path, caplog):
    out = mapped(tmp_path, "", "out")
    assert not [record for record in caplog.records if "The model" in record.getMessage()]
    assert "notice" not in json.loads((out / "run.json").read_text())["model"]
    with rasterio.open(out / "confidence.tif") as dataset:
        assert "NOTICE" not in dataset.tags()
    assert "notice" not in SPEC.to_json()


def test_a_dry_run_says_it(tmp_path, caplog):
    files, options = scene_on_grid(tmp_path, 70, 70), EngineOptions(tile=64)
    request = MapRequest(tmp_path / "none", files, tmp_path / "out", engine=options)
    dry_run(request, engine=FakeEngine(replace(SPEC, notice=NOTICE), mixture))
    assert f"The model {SPEC.name}: {NOTICE}" in caplog.text


def test_it_travels_in_the_description():
    spec = replace(SPEC, notice=NOTICE)
    assert ModelSpec.from_json(spec.to_json(), "a test") == spec


def test_the_demo_model_says_that_it_is_one():
    assert read_onnx_file(DEMO_MODEL).spec.notice == DEMO_NOTICE
    assert "not for real events" in DEMO_NOTICE


def test_a_title_without_letters_is_told_before_the_first_tile(tmp_path, caplog):
    files, options = scene_on_grid(tmp_path, 70, 70), EngineOptions(tile=64)
    request = MapRequest(tmp_path / "none", files, tmp_path / "out", engine=options, title="胆振 2018")
    dry_run(request, engine=FakeEngine(SPEC, mixture))
    assert "shows the title as '? 2018'" in caplog.text
    caplog.clear()
    dry_run(replace(request, title="Nariño"), engine=FakeEngine(SPEC, mixture))
    assert "shows the title" not in caplog.text
