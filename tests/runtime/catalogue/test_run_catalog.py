"""The Catalog of a run: valid, relative, and a way to the Item; made with the map or afterwards, the same."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest

import landslip
from helpers.engines import mixing_engine
from helpers.rasters import scene_mixed
from helpers.stac import problems_of_a_catalog, problems_of_a_run
from landslip.runtime.catalogue.run_catalog import write_catalog
from landslip.runtime.errors import OutputError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.finished_run import open_finished_run
from landslip.runtime.run.product_options import ProductOptions


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    return replace(scene_mixed(folder), reading=ReadOptions(pre_date="2018-08-24", post_date="2018-09-11"))


def make(scene, out, **products):
    request = MapRequest(out / "none.onnx", scene, out, products=ProductOptions(**products))
    record = map_scene(request, engine=mixing_engine())
    return record, json.loads((out / record["item"]).read_text())


def test_a_catalog_leads_to_the_item_and_back(scene, tmp_path):
    record, item = make(scene, tmp_path / "out", catalog=True)
    catalog = json.loads((tmp_path / "out" / "catalog.json").read_text())
    assert problems_of_a_catalog(catalog) == []
    assert problems_of_a_run(item) == []
    links = {link["rel"]: link["href"] for link in catalog["links"]}
    assert links == {"root": "./catalog.json", "item": f"./{record['item']}"}
    back = {link["rel"]: link["href"] for link in item["links"]}
    assert back == {"root": "./catalog.json", "parent": "./catalog.json"}
    assert "catalog.json" not in {asset["href"].removeprefix("./") for asset in item["assets"].values()}
    assert "catalog.json" in record["products"]


def test_a_map_without_a_catalog_does_not_link_to_one(scene, tmp_path):
    _, item = make(scene, tmp_path / "out")
    assert item["links"] == []


def test_a_catalog_made_afterwards_is_the_same_and_so_is_the_item(scene, tmp_path):
    make(scene, tmp_path / "at-once", catalog=True)
    record, item = make(scene, tmp_path / "later")
    landslip.make_products(tmp_path / "later", catalog=True)
    again = open_finished_run(tmp_path / "later")
    catalogs = [(tmp_path / name / "catalog.json").read_bytes() for name in ("at-once", "later")]
    assert catalogs[0] == catalogs[1]
    added = json.loads(again.path(again.item_name).read_text())
    assert {link["rel"] for link in added["links"]} == {"root", "parent"}
    assert added["assets"]["run"]["file:size"] == again.path("run.json").stat().st_size
    assert added["assets"]["confidence"] == item["assets"]["confidence"]
    assert added["id"] == item["id"] == record["item"].removesuffix(".json")


def test_a_folder_with_a_catalog_can_be_moved(scene, tmp_path):
    make(scene, tmp_path / "out", catalog=True)
    shutil.move(tmp_path / "out", tmp_path / "there")
    assert open_finished_run(tmp_path / "there").record.item is not None
    catalog = json.loads((tmp_path / "there" / "catalog.json").read_text())
    assert all((tmp_path / "there" / link["href"]).is_file() for link in catalog["links"])


def test_a_catalog_that_cannot_be_written_is_said(scene, tmp_path):
    make(scene, tmp_path / "out")
    with pytest.raises(OutputError, match=r"catalog\.json cannot be written"):
        write_catalog(open_finished_run(tmp_path / "out"), tmp_path / "nowhere" / "catalog.json")
