"""The project of a finished run, as a text; QGIS itself opens one in tests/apps."""

from __future__ import annotations

import shutil
from dataclasses import replace
from xml.etree import ElementTree as ET

import msgspec
import pytest

import landslip
from helpers.engines import mixing_engine
from helpers.rasters import scene_on_grid
from landslip.runtime.delivery.qgis_project_file import sheet_of
from landslip.runtime.engines import EngineOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.finished_run import open_finished_run
from landslip.runtime.run.product_options import ProductOptions


def a_map(files, out, **options):
    request = MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=32, batch=4), **options)
    map_scene(request, engine=mixing_engine())
    return out


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    """A folder with a scene in it that is mapped into the folder itself."""
    folder = tmp_path_factory.mktemp("event")
    (folder / "scene").mkdir()
    return a_map(scene_on_grid(folder / "scene", 70, 80), folder, title="Iburi", products=ProductOptions(project=True))


def project_of(out):
    return ET.fromstring((out / "landslides.qgs").read_text(encoding="utf-8"))


def test_its_sources_are_relative_and_there(event):
    sources = [each.text for each in project_of(event).findall("projectlayers/maplayer/datasource")]
    assert len(sources) == 5
    for source in sources:
        assert source.startswith("./")
        assert (event / source.partition("|")[0]).is_file()
    assert "./scene/post.tif" in sources


def test_it_is_a_product_of_the_run(event):
    assert "landslides.qgs" in open_finished_run(event).record.products
    assert project_of(event).findtext("title") == "Iburi"


def test_afterwards_and_elsewhere_it_has_the_same_bytes(event, tmp_path, monkeypatch):
    moved = tmp_path / "moved"
    shutil.copytree(event, moved)
    monkeypatch.chdir(tmp_path)
    landslip.make_products("moved", project=True)
    assert (moved / "landslides.qgs").read_bytes() == (event / "landslides.qgs").read_bytes()


def test_without_the_image_in_the_folder_what_was_observed_is_shown_in_its_place(event, tmp_path):
    shutil.copytree(event, tmp_path / "alone", ignore=shutil.ignore_patterns("scene"))
    other = tmp_path / "other" / "scene"
    shutil.copytree(event, other.parent)
    (other / "post.tif").write_bytes(b"another file of that name")
    for out in (tmp_path / "alone", other.parent):
        assert sheet_of(open_finished_run(out)).image is None


def test_words_of_a_record_are_data_of_some_length(event):
    run = open_finished_run(event)
    hostile = "<script>[% env('HOME') %]\x1b[2J\0" * 400
    model = msgspec.structs.replace(run.record.model, name=hostile, notice=hostile, precision=hostile)
    record = msgspec.structs.replace(run.record, model=model, title=hostile, reading={"images": {"post": [hostile]}})
    sheet = sheet_of(replace(run, record=record))
    assert sheet.image is None
    for text in (sheet.title, sheet.notice, sheet.provenance):
        assert len(text) < 700
        assert text.isprintable()


def test_dates_and_areas_are_said_as_far_as_they_are_known(event):
    run = open_finished_run(event)
    sheet = sheet_of(run)
    assert sheet.subtitle == "Dates of the images: unknown"
    inputs = tuple(
        msgspec.structs.replace(entry, acquired={"pre": "2018-08-01", "post": "2018-09-08T01:27:01Z"}.get(entry.role))
        for entry in run.record.inputs
    )
    areas = {"landslide_km2": 0.0042, "observed_km2": 1234.5, "not_observed_km2": {"mask": 1.5, "void": 0.25}}
    record = msgspec.structs.replace(run.record, inputs=inputs, landslides=1, **areas)
    sheet = sheet_of(replace(run, record=record))
    assert sheet.subtitle == "Image before: 2018-08-01 · image after: 2018-09-08 01:27 UTC"
    assert sheet.findings == ("1 landslide: 4,200 m²", "Observed: 1,234 km²", "Not observed: 1.75 km²")
    none = msgspec.structs.replace(run.record, landslides=0)
    assert sheet_of(replace(run, record=none)).findings[0] == "No landslide"


def test_the_scale_bar_is_round_on_the_ground(event):
    run = open_finished_run(event)
    lengths = []
    for crs, top in {"EPSG:32632": 8e6, "EPSG:3857": 1.4e7}.items():
        grid = msgspec.structs.replace(run.record.grid, crs=crs, transform=(10.0, 0.0, 7e5, 0.0, -10.0, top))
        lengths.append(sheet_of(replace(run, record=msgspec.structs.replace(run.record, grid=grid))).bar_metres)
    assert lengths[0] > lengths[1]  # Mercator stretches the north
    assert {f"{length:.0e}"[0] for length in lengths} <= set("125")
