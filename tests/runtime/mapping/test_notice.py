"""What a model wants everybody to know who sees a map of it: said once, and in every product."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio

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
from landslip.runtime.products.lettering import banner
from landslip.runtime.products.quicklook import write_quicklook

NOTICE = "For <tests> & nothing else."


def pixels(path):
    with rasterio.open(path) as picture:
        return picture.read()


def mapped(folder, notice, name):
    files = scene_on_grid(folder, 140, 180)
    request = MapRequest(folder / "none", files, folder / name, engine=EngineOptions(tile=64))
    map_scene(request, engine=FakeEngine(replace(SPEC, notice=notice), mixture))
    return request.out


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
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
    picture = pixels(plain / "quicklook.png")
    strip = banner(NOTICE, picture.shape[2])
    np.testing.assert_array_equal(pixels(out / "quicklook.png"), np.concatenate([strip, picture], axis=1))


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


def test_letters_are_drawn_in_lines_that_fit():
    drawn = banner("I", 100)
    assert drawn.shape == (3, 15, 100)
    ink = drawn[2] == 20
    assert ink.any(axis=0).nonzero()[0].tolist() == [4, 5, 6]  # serifs and a bar
    assert ink[:, 5].sum() == 7
    assert banner("two words", 40).shape[1] > banner("two words", 400).shape[1]
    np.testing.assert_array_equal(banner("é", 50), banner("E", 50))
    np.testing.assert_array_equal(banner("山", 50), banner("?", 50))
    assert banner(NOTICE, 1).shape[2] == 1


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_it_is_legible_however_narrow_the_picture(tmp_path):
    image = np.full((3, 5, 7), 90, dtype=np.uint8)
    write_quicklook(tmp_path / "q.png", [image], np.zeros((5, 7), np.uint8), 50, notice=NOTICE)
    _, height, width = pixels(tmp_path / "q.png").shape
    assert (width, height > 5) == (2 * 7 + 8, True)
