"""Reports of finished runs: their images are opened again, where they are still those that were mapped."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from helpers.engines import mixing_engine
from helpers.rasters import scene_on_grid
from landslip.runtime.delivery.further_products import make_products
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_options import ProductOptions


def mapped(files, out, **products):
    request = MapRequest(
        model=out / "none.onnx",
        files=files,
        out=out,
        engine=EngineOptions(tile=64),
        products=ProductOptions(**products),
    )
    return map_scene(request, engine=mixing_engine())


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with a scene, named by relative paths, and its map with a report."""
    scene = tmp_path / "project" / "scene"
    scene.mkdir(parents=True)
    scene_on_grid(scene, 150, 170)
    monkeypatch.chdir(tmp_path / "project")
    reading = ReadOptions(pre_date="2018-08-24", rgb_range=(0, 240), nodata="none")
    files = SceneFiles("scene/pre.tif", "scene/post.tif", hillshade="scene/hillshade.tif", slope="scene/slope.tif",
                       aoi="14.9,45.13,15.1,45.16", reading=reading)  # fmt: skip
    with rasterio.open("scene/pre.tif") as file:
        box = rasterio.warp.transform_bounds(file.crs, "EPSG:4326", *file.bounds)
    west, south, east, north = box
    files = replace(files, aoi=f"{west:.6f},{south:.6f},{(west + 2 * east) / 3:.6f},{north:.6f}")
    mapped(files, tmp_path / "project" / "out", report=True)
    return tmp_path / "project"


def test_a_report_made_afterwards_is_the_one_made_with_the_map(project, tmp_path, monkeypatch):
    report = project / "out" / "report.html"
    made = report.read_bytes()
    report.unlink()
    record = json.loads((project / "out" / "run.json").read_text())
    del record["products"]["report.html"]
    (project / "out" / "run.json").write_text(json.dumps(record))
    monkeypatch.chdir(tmp_path)
    make_products("project/out", report=True)
    assert report.read_bytes() == made
    assert record["opened"] == {
        "folder": "..", "options": {"pre_date": "2018-08-24", "rgb_range": [0, 240], "nodata": "none"},
    }  # fmt: skip


def test_a_project_may_move_as_a_whole(project, tmp_path, monkeypatch):
    made = (project / "out" / "report.html").read_bytes()
    monkeypatch.chdir(tmp_path)
    project.rename(tmp_path / "moved")
    make_products("moved/out", report=True)
    assert (tmp_path / "moved" / "out" / "report.html").read_bytes() == made


def test_images_that_lie_elsewhere_are_given_again(project, tmp_path, monkeypatch):
    made = (project / "out" / "report.html").read_bytes()
    (project / "scene").rename(tmp_path / "elsewhere")
    with pytest.raises(InputMissingError) as error:
        make_products("out", report=True)
    assert error.value.where.endswith("pre.tif")
    assert "`scene`" in str(error.value.remedy)
    aoi = next(
        entry for entry in json.loads((project / "out" / "run.json").read_text())["inputs"] if entry["role"] == "aoi"
    )
    given = SceneFiles(tmp_path / "elsewhere" / "pre.tif", tmp_path / "elsewhere" / "post.tif", aoi=aoi["path"])
    make_products("out", report=True, scene=given)
    assert (project / "out" / "report.html").read_bytes() == made


def test_images_that_are_not_what_they_were_are_refused_by_name(project):
    before = (project / "out" / "report.html").read_bytes()
    with rasterio.open("scene/post.tif", "r+") as file:
        file.write(np.full((3, 1, 1), 9, np.uint8), window=((0, 1), (0, 1)))
    with pytest.raises(InputError) as error:
        make_products("out", report=True)
    assert error.value.where.endswith("post.tif")
    assert (project / "out" / "report.html").read_bytes() == before


def test_an_image_whose_name_no_file_can_have_is_refused(project):
    path = project / "out" / "run.json"
    record = json.loads(path.read_text())
    record["inputs"][0]["path"] = "A" * 5000
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="pre"):
        make_products(project / "out", report=True)


def test_another_scene_is_refused(project):
    given = SceneFiles("scene/pre.tif", ("scene/post.tif", "scene/pre.tif"))
    with pytest.raises(InputError) as error:
        make_products("out", report=True, scene=given)
    assert error.value.option == "scene"


@pytest.mark.parametrize(
    ("opened", "said"),
    [
        (None, "earlier version"),
        ({"folder": "..", "options": {"of_later": 1}}, "of_later"),
        ({"folder": "..", "options": {"bands": ["x"]}}, "bands"),
        ({"folder": "..", "options": {"resolution": -1}}, "resolution"),
    ],
)
def test_a_record_that_does_not_tell_how_is_said_to_be_that(project, opened, said):
    path = project / "out" / "run.json"
    record = json.loads(path.read_text())
    record["opened"] = opened
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match=said) as error:
        make_products("out", report=True)
    assert error.value.where.endswith("run.json")


def test_images_that_would_make_another_map_are_refused(project):
    path = project / "out" / "run.json"
    record = json.loads(path.read_text())
    record["opened"]["options"]["resolution"] = 7
    path.write_text(json.dumps(record))
    with pytest.raises(InputError, match="read in another way"):
        make_products("out", report=True)


def test_how_inputs_are_opened_is_no_part_of_what_decides_a_map(tmp_path, monkeypatch):
    files = scene_on_grid(tmp_path, 70, 90)
    one = mapped(files, tmp_path / "one")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep")
    other = mapped(files, tmp_path / "deep" / "er" / "other")
    assert one["opened"] != other["opened"]
    assert one["fingerprint"] == other["fingerprint"]
    shutil.rmtree(tmp_path / "one")
