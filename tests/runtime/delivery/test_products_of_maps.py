"""Products that come with a map, and what becomes of them when it is made anew or gone on with."""

from __future__ import annotations

import json

import numpy as np
import pyogrio
import pytest
import rasterio

import landslip
from helpers.engines import mixing_engine
from helpers.killing_products import state
from helpers.rasters import scene_mixed
from helpers.results import names_of_results
from landslip.runtime.cli.main import run
from landslip.runtime.delivery import deliverables
from landslip.runtime.engines import EngineOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_names import FURTHER, RECORD
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.system.drafts import PARTIAL

ALL = ProductOptions(also="geojson,fgb,kml,shp,cems", density=250)
NAMES = ALL.names


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return scene_mixed(tmp_path_factory.mktemp("scene"))


def made(files, out, products=ALL, **options):
    request = MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=64), products=products, **options)
    return map_scene(request, engine=mixing_engine())


def without_record(folder):
    return {
        name: digest for name, digest in state(folder).items() if name != RECORD and not name.startswith("landslip-")
    }


@pytest.fixture(scope="module")
def whole(files, tmp_path_factory):
    """A map with all products, and its record."""
    out = tmp_path_factory.mktemp("whole") / "out"
    return out, made(files, out)


def test_they_come_with_the_map_and_are_listed(whole):
    out, record = whole
    assert sorted(entry.name for entry in out.iterdir()) == names_of_results(out, *NAMES)
    assert json.loads((out / RECORD).read_text()) == record
    assert {name: entry["sha256"] for name, entry in record["products"].items()}.items() <= state(out).items()
    assert set(NAMES) < set(record["products"])
    assert record["landslides"] > 2


def test_afterwards_they_are_the_same_byte_by_byte(files, whole, tmp_path):
    out, _ = whole
    made(files, tmp_path / "out", ProductOptions())
    assert not set(NAMES) & set(state(tmp_path / "out"))
    landslip.make_products(tmp_path / "out", also=ALL.also, density=250)
    assert without_record(tmp_path / "out") == without_record(out)
    before = state(tmp_path / "out")
    landslip.make_products(tmp_path / "out", also=ALL.also, density=250)
    assert state(tmp_path / "out") == before


def test_every_format_holds_the_landslides_of_the_record(whole):
    out, record = whole
    for file in ("landslides.gpkg", "landslides.geojson", "landslides.fgb", "landslides.shp.zip"):
        info = pyogrio.read_info(out / file, layer="landslides", force_feature_count=True)
        assert info["features"] == record["landslides"], file
    assert (out / "landslides.kml").read_text(encoding="utf-8").count("<name>Landslide ") == record["landslides"]


def test_the_density_adds_up_to_the_landslides(whole):
    out, record = whole
    with rasterio.open(out / "density.tif") as dataset:
        share, observed = dataset.read().astype(np.float64)
        cell = dataset.res[0] * dataset.res[1]
    assert np.nansum(share * observed) * cell / 1e6 == pytest.approx(record["landslide_km2"], rel=1e-3)
    assert observed.sum() * cell / 1e6 == pytest.approx(record["observed_km2"], rel=1e-3)


def test_overwriting_removes_products_that_the_new_run_does_not_make(files, tmp_path):
    out = tmp_path / "out"
    made(files, out, ProductOptions(also="geojson,kml"))
    for name in ("density.tif", "notes.txt", "landslides.shp.zip"):
        (out / name).write_text("of somebody else")
    made(files, out, ProductOptions(also="kml"), overwrite=True)
    assert sorted(state(out)) == sorted(
        [*names_of_results(out, *FURTHER["kml"]), "density.tif", "notes.txt", "landslides.shp.zip"]
    )
    assert (out / "density.tif").read_text() == "of somebody else"


def test_overwriting_believes_no_record_that_lists_files_of_others(files, tmp_path):
    out = tmp_path / "out"
    record = made(files, out, ProductOptions())
    (out / "notes.txt").write_text("mine")
    (tmp_path / "outside.txt").write_text("mine")
    record["products"] |= {"notes.txt": None, "../outside.txt": None}
    (out / RECORD).write_text(json.dumps(record))
    made(files, out, ProductOptions(), overwrite=True)
    assert (out / "notes.txt").read_text() == (tmp_path / "outside.txt").read_text() == "mine"


def test_a_file_that_has_the_name_of_a_product_is_not_replaced(files, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "landslides.kml").write_text("mine")
    with pytest.raises(landslip.UsageError, match=r"holds results already \(landslides\.kml\)"):
        made(files, out, ProductOptions(also="kml"))
    made(files, out, ProductOptions(also="geojson"))
    assert (out / "landslides.kml").read_text() == "mine"


def test_going_on_with_a_complete_map_makes_what_is_missing(files, whole, tmp_path, monkeypatch):
    out = tmp_path / "out"
    first = made(files, out, ProductOptions(also="geojson"))
    before = {name: (out / name).stat().st_mtime_ns for name in state(out)}
    record = made(files, out, ALL, resume=True)
    assert without_record(out) == without_record(whole[0])
    assert {**record, "products": 0} == {**first, "products": 0}
    assert (out / "confidence.tif").stat().st_mtime_ns == before["confidence.tif"]
    assert made(files, out, ProductOptions(), resume=True) == record


def test_a_product_that_cannot_be_made_leaves_a_run_to_go_on_with(files, whole, tmp_path, monkeypatch):
    def failing(run, target, options):
        raise landslip.OutputError("There is no space.")

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setitem(deliverables.DELIVERABLES, "kml", failing)
        with pytest.raises(landslip.OutputError, match="no space"):
            made(files, out)
    assert [entry.name for entry in out.iterdir()] == [PARTIAL]
    made(files, out, resume=True)
    assert without_record(out) == without_record(whole[0])


def test_a_run_that_was_killed_while_it_replaced_another_knows_what_was_there(files, tmp_path, monkeypatch):
    from landslip.runtime.run import workspace

    out = tmp_path / "out"
    made(files, out, ProductOptions(also="geojson,kml"))

    def killed(*arguments, **options):
        raise OSError("as if it had been killed")

    with monkeypatch.context() as patch:
        patch.setattr(workspace, "put_in_place", killed)
        with pytest.raises(landslip.OutputError):
            made(files, out, ProductOptions(also="kml"), overwrite=True)
    assert not (out / RECORD).exists()
    made(files, out, ProductOptions(also="kml"), resume=True)
    assert sorted(state(out)) == names_of_results(out, *FURTHER["kml"])


def test_options_of_the_command_and_arguments_of_python_are_the_same(tmp_path):
    out = ["-o", str(tmp_path / "out")]
    assert run(["map", "-m", "none.onnx", "--post", "x.tif", *out, "--also", "dxf"]) == 2
    assert run(["map", "-m", "none.onnx", "--post", "x.tif", *out, "--density", "-1"]) == 2
    with pytest.raises(landslip.UsageError, match="make no grid"):
        landslip.map_scene(post="x.tif", model="none.onnx", out=tmp_path / "out", density=-1)
    assert not (tmp_path / "out").exists()
