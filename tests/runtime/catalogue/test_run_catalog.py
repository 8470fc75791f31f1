"""The Catalog of a run: valid, relative, and a way to the Item; made with the map or afterwards, the same."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import rasterio

import landslip
from helpers.engines import mixing_engine
from helpers.rasters import scene_mixed
from helpers.stac import problems_of_a_catalog, problems_of_a_run
from landslip.runtime.catalogue.media_types import UNKNOWN
from landslip.runtime.catalogue.run_catalog import write_catalog
from landslip.runtime.errors import OutputError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.finished_run import open_finished_run
from landslip.runtime.run.product_names import FURTHER
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


def test_everything_that_is_made_on_demand_is_an_asset_with_a_name_of_its_own(scene, tmp_path):
    also = ("geojson", "fgb", "kml", "shp", "cems")
    record, item = make(scene, tmp_path / "out", also=also, catalog=True, project=True, report=True, density=250)
    assert problems_of_a_run(item) == []
    further = {name for names in FURTHER.values() for name in names} - {"catalog.json"}
    assert further < record["products"].keys()
    assets = {asset["href"].removeprefix("./"): (key, asset) for key, asset in item["assets"].items()}
    assert further < assets.keys()
    assert {"report", "density", "project", "cems", "landslides_kml"} < item["assets"].keys()
    for name in further:
        key, asset = assets[name]
        assert asset["title"] != name
        assert asset["type"] != UNKNOWN
        assert key.replace("_", "").isalnum()
    layouts = {}
    for name in ("confidence.tif", "density.tif"):
        with rasterio.open(tmp_path / "out" / name) as dataset:
            layouts[name] = dataset.tags(ns="IMAGE_STRUCTURE").get("LAYOUT") == "COG"
        assert layouts[name] == ("cloud-optimized" in assets[name][1]["type"])


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
