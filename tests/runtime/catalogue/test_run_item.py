"""The Item of a run: valid by the schemas, true of the files, and the same whatever others have put into names."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from dataclasses import replace
from urllib.parse import unquote

import msgspec
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from helpers.engines import SPEC, mixing_engine
from helpers.rasters import scene_mixed, scene_on_grid, write
from helpers.stac import having, problems_of_a_run, without
from landslip.runtime.catalogue.run_item import run_item, write_run_item
from landslip.runtime.engines import FakeEngine
from landslip.runtime.errors import InputError, OutputError
from landslip.runtime.geo.projection import transform_points
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles, SourceItem
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.finished_run import open_finished_run
from landslip.runtime.run.record_types import ItemUsed, RunRecord

DATED = ReadOptions(pre_date="2018-08-24", post_date="2018-09-11T01:27:01Z")


def make(folder, files, engine=None, **options):
    map_scene(MapRequest(folder / "none.onnx", files, folder / "out", **options), engine=engine or mixing_engine())
    return open_finished_run(folder / "out")


def item_of(run):
    """The Item that lies beside a map."""
    return json.loads(run.path(run.item_name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def mapped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mapped")
    return make(folder, replace(scene_mixed(folder), reading=DATED))


@pytest.fixture
def item(mapped):
    return item_of(mapped)


def told(run, **changes):
    """The Item of a run whose record says something else."""
    record = msgspec.structs.replace(run.record, **changes)
    return run_item(dataclasses.replace(run, record=record), run.path("run.json"))


def test_every_map_has_a_valid_item(mapped, item):
    assert problems_of_a_run(item) == []
    assert item["id"] == f"landslip-{mapped.record.fingerprint[:16]}"
    assert (mapped.item_name, mapped.record.item) == (f"{item['id']}.json",) * 2
    assert [uri.split("/")[3:5] for uri in item["stac_extensions"]] == [
        ["projection", "v2.0.0"], ["raster", "v2.0.0"], ["file", "v2.1.0"], ["processing", "v1.2.0"],
        ["classification", "v2.0.0"], ["version", "v1.2.0"],
    ]  # fmt: skip


BAND = ("assets", "confidence", "bands", 0)


@pytest.mark.parametrize(
    "change",
    [
        without("geometry"),
        without("properties", "datetime"),
        without("properties", "end_datetime"),
        without("bbox"),
        having("properties", "datetime", "2018"),
        having("properties", "proj:code", 32632),
        having("properties", "proj:epsg", 32632),
        having("properties", "processing:software", "landslip"),
        having("properties", "processing:tool", "landslip"),
        having("properties", "version", 1),
        having("assets", "confidence", "file:checksum", "sha256:00"),
        having("assets", "confidence", "proj:shape", [1]),
        having("assets", "confidence", "raster:bands", []),
        having("assets", "confidence", "classification:classes", [{"value": 255}]),
        having(*BAND, "raster:sampling", "centre"),
        having(*BAND, "nodata", "none"),
        having(*BAND, "statistics", {}),
    ],
)
def test_what_the_schemas_forbid_is_found(item, change):
    broken = copy.deepcopy(item)
    change(broken)
    assert problems_of_a_run(broken) != []


def test_sizes_and_checksums_are_those_of_the_files(mapped, item):
    for asset in item["assets"].values():
        content = (mapped.folder / unquote(asset["href"])).read_bytes()
        assert asset["file:size"] == len(content)
        assert asset["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()
        assert asset["type"]
        assert len(asset["roles"]) == 1
    files = {asset["href"].removeprefix("./") for asset in item["assets"].values()}
    assert files == {path.name for path in mapped.folder.iterdir()} - {mapped.item_name}


def test_assets_are_what_catalogues_know_them_by(item):
    roles = {key: asset["roles"][0] for key, asset in item["assets"].items()}
    expected = {
        "confidence": "data",
        "landslides": "data",
        "not_observed": "data",
        "quicklook": "overview",
        "run": "metadata",
    }
    assert roles.items() >= expected.items()
    assert item["assets"]["landslides"]["href"] == item["assets"]["not_observed"]["href"] == "./landslides.gpkg"
    assert [item["assets"][key]["landslip:layer"] for key in ("landslides", "not_observed")] == [
        "landslides",
        "not_observed",
    ]


def test_layers_that_are_named_are_there(mapped, item):
    layers = {name for name, *_ in pyogrio.list_layers(mapped.path("landslides.gpkg"))}
    assert {asset["landslip:layer"] for asset in item["assets"].values() if "landslip:layer" in asset} <= layers


def test_the_raster_is_told_as_it_is(mapped, item):
    asset = item["assets"]["confidence"]
    with rasterio.open(mapped.path("confidence.tif")) as dataset:
        values = dataset.read(1)
        assert CRS.from_string(asset["proj:code"]) == dataset.crs
        assert tuple(asset["proj:shape"]) == dataset.shape
        assert asset["proj:transform"] == list(dataset.transform)[:6]
        assert asset["proj:bbox"] == list(dataset.bounds)
        band = asset["bands"][0]
        assert (band["nodata"], band["data_type"]) == (dataset.nodata, dataset.dtypes[0])
        assert band["raster:spatial_resolution"] == dataset.res[0]
    observed = values[values != 255]
    assert band["statistics"] == pytest.approx(
        {
            "minimum": observed.min(), "maximum": observed.max(), "mean": observed.mean(), "stddev": observed.std(),
            "valid_percent": 100 * observed.size / values.size,
        }
    )  # fmt: skip
    assert (
        asset["classification:classes"][0] | {"value": 255, "name": "not_observed", "nodata": True}
        == asset["classification:classes"][0]
    )


def test_the_geometry_is_where_something_was_observed(mapped, item):
    shape = shapely.geometry.shape(item["geometry"])
    assert shape.is_valid
    assert item["bbox"] == pytest.approx(list(shape.bounds))
    with rasterio.open(mapped.path("confidence.tif")) as dataset:
        values, transform, crs = dataset.read(1), dataset.transform, dataset.crs
    rows, cols = np.mgrid[: values.shape[0], : values.shape[1]]
    xs, ys = transform_points(crs, CRS.from_epsg(4326), *(transform @ (cols.ravel() + 0.5, rows.ravel() + 0.5)))
    inside = shapely.contains_xy(shape, xs, ys).reshape(values.shape)
    assert (inside == (values != 255)).mean() > 0.99


def test_dates_are_those_of_the_images(mapped, item):
    properties = item["properties"]
    assert properties["datetime"] is None
    assert (properties["start_datetime"], properties["end_datetime"]) == (
        "2018-08-24T00:00:00Z",
        "2018-09-11T01:27:01Z",
    )
    assert properties["landslip:datetime_of"] == "images"
    assert properties["landslip:pre_datetime"] == "2018-08-24"


def with_dates(run, pre, post):
    dates = {"pre": pre, "post": post}
    return tuple(msgspec.structs.replace(entry, acquired=dates.get(entry.role)) for entry in run.record.inputs)


@pytest.mark.parametrize(
    ("pre", "post", "span"),
    [
        (None, "2018-09-11", ("2018-09-11T00:00:00Z", "2018-09-11T23:59:59Z")),
        ("2018-08-24T01:00:00Z", None, ("2018-08-24T01:00:00Z", "2018-08-24T01:00:00Z")),
        ("2018-09-12", "2018-09-11", ("2018-09-11T00:00:00Z", "2018-09-12T23:59:59Z")),
    ],
)
def test_one_date_will_do_and_a_span_never_runs_backwards(mapped, pre, post, span):
    found = told(mapped, inputs=with_dates(mapped, pre, post))
    assert problems_of_a_run(found) == []
    properties = found["properties"]
    assert (properties["datetime"], properties["start_datetime"], properties["end_datetime"]) == (None, *span)
    assert (properties["landslip:pre_datetime"], properties["landslip:post_datetime"]) == (pre, post)


def test_without_dates_the_time_is_that_of_the_processing_and_said_to_be(mapped):
    found = told(mapped, inputs=with_dates(mapped, None, None))
    assert problems_of_a_run(found) == []
    properties = found["properties"]
    assert properties["datetime"] == mapped.record.finished.replace("+00:00", "Z")
    assert properties["landslip:datetime_of"] == "processing"
    assert "start_datetime" not in properties


def test_a_time_that_is_none_is_refused(mapped):
    with pytest.raises(InputError, match="has the time 'soon', which is none"):
        told(mapped, inputs=with_dates(mapped, "soon", None))


def test_where_nothing_was_observed_there_is_no_geometry(tmp_path):
    files = scene_on_grid(tmp_path, 60, 70)
    hidden = write(tmp_path / "all.tif", np.ones((60, 70), np.uint8), 6.0)
    run = make(tmp_path, replace(files, masks=(hidden,)), force=True)
    found = item_of(run)
    assert problems_of_a_run(found) == []
    assert found["geometry"] is None
    assert "bbox" not in found
    assert "Nothing was observed." in found["properties"]["description"]


def test_one_image_alone(tmp_path):
    files = scene_on_grid(tmp_path, 60, 70)
    post = [entry for entry in SPEC.inputs if entry.name == "post"]
    engine = FakeEngine(
        replace(SPEC, inputs=tuple(post)), lambda batch: np.full((len(batch["post"]), 1, 224, 224), 0.7, np.float32)
    )
    run = make(tmp_path, SceneFiles(post=files.post, reading=ReadOptions(post_date="2020-01-01")), engine)
    found = item_of(run)
    assert problems_of_a_run(found) == []
    assert found["properties"]["start_datetime"] == "2020-01-01T00:00:00Z"
    assert [entry["role"] for entry in found["properties"]["landslip:inputs"]] == ["post"]


@pytest.mark.parametrize(
    ("crs", "place", "map_crs"),
    [
        ("EPSG:32660", (725_000.0, 5_000_000.0), "EPSG:32660"),  # over the date line
        ("EPSG:3857", (1_000_000.0, 5_600_000.0), "EPSG:32632"),
        ("EPSG:2193", (1_600_000.0, 5_400_000.0), "EPSG:2193"),
    ],
)
def test_grids_of_all_kinds(tmp_path, crs, place, map_crs):
    rng = np.random.default_rng(0)
    bands = rng.integers(1, 256, (2, 3, 120, 400)).astype(np.uint8)
    cell = 60.0
    paths = [write(tmp_path / f"{k}.tif", bands[k], cell, left=place[0], top=place[1], crs=crs) for k in range(2)]
    terrain = [
        write(
            tmp_path / f"{name}.tif",
            rng.integers(1, 60, (120, 400)).astype(kind),
            cell,
            left=place[0],
            top=place[1],
            crs=crs,
        )
        for name, kind in (("hillshade", np.uint8), ("slope", np.float32))
    ]
    files = SceneFiles(
        pre=paths[0], post=paths[1], hillshade=terrain[0], slope=terrain[1], reading=ReadOptions(resolution=60.0)
    )
    found = item_of(make(tmp_path, files, force=True))
    assert problems_of_a_run(found) == []
    assert found["properties"]["proj:code"] == map_crs
    west, _, east, _ = found["bbox"]
    if crs == "EPSG:32660":
        assert (found["geometry"]["type"], west > 179, east < -179) == ("MultiPolygon", True, True)
    else:
        assert west < east


def test_inputs_and_models_that_catalogues_have_are_linked_to(mapped):
    items = [
        ItemUsed(id=name, address=address)
        for name, address in (("a", "https://h/a"), ("b", None), ("a", "https://h/a"))
    ]
    inputs = tuple(
        msgspec.structs.replace(entry, item=item)
        for entry, item in zip(mapped.record.inputs, [*items, None], strict=True)
    )
    model = msgspec.structs.replace(mapped.record.model, item="https://h/model.json")
    found = told(mapped, inputs=inputs, model=model)
    assert problems_of_a_run(found) == []
    links = [(link["href"], link["title"]) for link in found["links"] if link["rel"] == "derived_from"]
    assert links == [("https://h/a", "a"), ("https://h/model.json", model.name)]
    assert [entry["item"] for entry in found["properties"]["landslip:inputs"]] == ["a", "b", "a", None]


def test_secrets_and_folders_stay_out(tmp_path):
    (tmp_path / "very-private").mkdir()
    files = scene_mixed(tmp_path / "very-private")
    source = SourceItem(files.pre, "before", "https://host/before.json")
    run = make(tmp_path, replace(files, sources=(source,)))
    assert "very-private" in run.path("run.json").read_text()
    text = run.path(run.item_name).read_text()
    assert "very-private" not in text
    assert str(tmp_path) not in text


HOSTILE = [
    "<script>",
    "a\u202eb",
    "\x1b[2J",
    "\u202e滑坡",
    "x" * 5000,
    "../../etc/passwd",
    'a"b',
    "C:\\Users\\me\\x.tif",
    "\ud800",
    "",
]


@settings(max_examples=25)
@given(st.sampled_from(HOSTILE), st.sampled_from(HOSTILE), st.text(max_size=20))
def test_hostile_names_are_data(mapped, title, path, name):
    inputs = tuple(msgspec.structs.replace(entry, path=path) for entry in mapped.record.inputs)
    model = msgspec.structs.replace(mapped.record.model, name=name, notice=title)
    found = told(mapped, title=title or None, inputs=inputs, model=model)
    assert problems_of_a_run(found) == []
    text = json.dumps(found)
    assert text.isascii()
    assert len(text) < 40_000
    assert not {"/", "\\"} & {letter for entry in found["properties"]["landslip:inputs"] for letter in entry["name"]}
    assert [link for link in found["links"] if link["rel"] == "derived_from"] == []


def test_the_same_run_gives_the_same_bytes(mapped, tmp_path):
    write_run_item(mapped, mapped.path("run.json"), tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == mapped.path(mapped.item_name).read_bytes()


def test_an_item_that_cannot_be_written_or_told_is_said(mapped, tmp_path):
    with pytest.raises(OutputError, match=r"x\.json cannot be written"):
        write_run_item(mapped, mapped.path("run.json"), tmp_path / "nowhere" / "x.json")
    with pytest.raises(InputError, match=r"confidence\.tif cannot be read"):
        write_run_item(replace(mapped, folder=tmp_path), mapped.path("run.json"), tmp_path / "x.json")


def test_records_of_others_are_read(mapped):
    assert RunRecord.read(mapped.path("run.json")).item == mapped.item_name
