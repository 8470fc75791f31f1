"""The STAC item beside an export: valid by the published schemas, and true of the files it describes."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import importlib
import json
import logging
import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.models import brightness_model
from helpers.stac import having, problems, without
from landslip.export.folder.mlm import write_item
from landslip.export.folder.stac_item import CatalogueFile, Export, model_item
from landslip.models.registry.registry import M_ALL_006
from landslip.runtime.artifacts.spec import FED, PRECISION_KEY, TARGET_KEY, ClassSpec, InputSpec, published_spec
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.opening import open_engine
from landslip.runtime.errors import InputMissingError, OutputError

DEMO = Path(__file__).parents[3] / "models" / "demo_data"
RECORD = json.loads((DEMO / "demo.fp32.onnx.json").read_text())


EXPORT = Export(
    file=CatalogueFile("net.int8.onnx", 1, "0" * 64), spec=published_spec("net", "exported from net.hdf5"),
    precision="int8", target="onnx", created=RECORD["created"], source_sha256="0" * 64, registered=None,
    onnx_version="1.23.2",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    for name in ("demo.fp32.onnx", "demo.fp32.onnx.json"):
        shutil.copy(DEMO / name, tmp_path)
    return tmp_path


def item_in(folder, name="demo"):
    path = write_item(folder, name)
    assert path == folder / f"{name}.stac.json"
    return json.loads(path.read_text(encoding="utf-8"))


def add_artifact(folder, name, *, precision="int8", target="onnx", hours=1, spec=None, **source):
    """A small artifact with the record an export would write."""
    path = folder / name
    described = spec or published_spec("demo", "exported from demo.hdf5")
    brightness_model(path, described, extra={PRECISION_KEY: precision, TARGET_KEY: target})
    record = copy.deepcopy(RECORD)
    record["created"] = (datetime.fromisoformat(RECORD["created"]) + timedelta(hours=hours)).isoformat()
    record["artifact"] |= {
        "file": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size,
        "precision": precision, "target": target,
    }  # fmt: skip
    record["source"] |= source
    path.with_name(f"{name}.json").write_text(json.dumps(record))
    return path


def test_the_item_is_valid(folder):
    item = item_in(folder)
    assert problems(item) == []
    assert [uri.split("/")[3:5] for uri in item["stac_extensions"]] == [
        ["mlm", "v1.5.0"], ["file", "v2.1.0"], ["classification", "v2.0.0"],
    ]  # fmt: skip


def test_titles_say_what_runs_each_artifact(folder):
    add_artifact(folder, "demo.int8.onnx")
    add_artifact(folder, "demo.int8.openvino.onnx", target="openvino")
    titles = {key: asset["title"] for key, asset in item_in(folder)["assets"].items()}
    assert titles["fp32"] == "demo, fp32, for any engine"
    assert titles["int8"] == "demo, int8, for ONNX Runtime"
    assert titles["int8.openvino"] == "demo, int8, for OpenVINO"


@pytest.mark.parametrize(
    "change",
    [
        without("geometry"),
        without("properties", "datetime"),
        without("properties", "mlm:name"),
        without("properties", "mlm:architecture"),
        without("properties", "mlm:input"),
        without("properties", "mlm:output"),
        without("properties", "mlm:input", 0, "input", "shape"),
        without("assets", "fp32", "mlm:artifact_type"),
        without("assets", "fp32", "roles"),
        without("assets", "fp32", "bands"),
        without("properties", "mlm:output", 0, "classification:classes", 1, "name"),
        having("properties", "mlm:tasks", ["finding landslides"]),
        having("properties", "mlm:input", 0, "input", "data_type", "byte"),
        having("properties", "mlm:input", 0, "value_scaling", [{"type": "z-score", "mean": 1}]),
        having("assets", "fp32", "file:checksum", "sha256:00"),
    ],
)
def test_what_the_schemas_forbid_is_found(folder, change):
    item = item_in(folder)
    change(item)
    assert problems(item) != []


def test_checksums_and_sizes_are_those_of_the_files(folder):
    add_artifact(folder, "demo.int8.openvino.onnx", target="openvino")
    np.savez(folder / "demo.reference.npz", tiles=np.zeros(3))
    item = item_in(folder)
    measured = {key: asset for key, asset in item["assets"].items() if "file:size" in asset}
    assert list(measured) == ["fp32", "int8.openvino", "reference"]
    for asset in measured.values():
        content = (folder / asset["href"]).read_bytes()
        assert asset["file:size"] == len(content)
        assert asset["file:checksum"] == "1220" + hashlib.sha256(content).hexdigest()
    assert all((folder / asset["href"]).is_file() for asset in item["assets"].values())
    assert problems(item) == []


def test_shapes_and_types_are_those_of_the_graph(folder):
    item = item_in(folder)
    graph = onnx.load(folder / "demo.fp32.onnx").graph
    described = [(entry["name"], entry["input"]) for entry in item["properties"]["mlm:input"]]
    described += [(entry["name"], entry["result"]) for entry in item["properties"]["mlm:output"]]
    values = [*graph.input, *graph.output]
    assert [name for name, _ in described] == [value.name for value in values]
    for (_, array), value in zip(described, values, strict=True):
        tensor = value.type.tensor_type
        assert array["data_type"] == onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
        fixed = {axis: dim.dim_value for axis, dim in enumerate(tensor.shape.dim) if dim.HasField("dim_value")}
        assert fixed
        assert {axis: array["shape"][axis] for axis in fixed} == fixed
        assert len(array["shape"]) == len(array["dim_order"]) == len(tensor.shape.dim)
    assert item["properties"]["mlm:total_parameters"] == sum(
        onnx.numpy_helper.to_array(weight).size for weight in graph.initializer if weight.data_type == 1
    )


def test_every_band_an_input_names_is_described(folder):
    properties = item_in(folder)["properties"]
    described = [band["name"] for band in properties["bands"]]
    assert described == [name for entry in properties["mlm:input"] for name in entry["bands"]]
    assert described[:4] == ["pre-red", "pre-green", "pre-blue", "post-red"]
    assert described[-2:] == ["hillshade", "slope"]
    assert all(len(entry["bands"]) == entry["input"]["shape"][1] for entry in properties["mlm:input"])


def described(*inputs, classes=()):
    spec = dataclasses.replace(EXPORT.spec, inputs=inputs, classes=classes)
    item = model_item([dataclasses.replace(EXPORT, spec=spec)])
    assert problems(item) == []
    assert [band["name"] for band in item["assets"]["int8"]["bands"]] == [
        band["name"] for band in item["properties"]["bands"]
    ]
    return item["properties"]


def test_bands_are_named_by_what_they_show_with_their_units():
    image = InputSpec(
        "image", 5, "float32", "reflectance", 1.0, 0.0, ("post.nir", "post.4", "pre.ndvi", "slope", "dem"),
        ((0.0, 0.3), (0.0, 0.3), (-1.0, 1.0), (0.0, 90.0), (0.0, 5000.0)),
    )  # fmt: skip
    properties = described(image)
    found = [(band["name"], band.get("unit")) for band in properties["bands"]]
    formula = "normalized_difference(pre.nir, pre.red)"
    assert found == [("post-nir", "1"), ("post-4", "1"), (formula, None), ("slope", "degree"), ("dem", "metre")]
    assert properties["bands"][0]["description"] == "image, band 1: nir after the event, reflectance"
    assert properties["mlm:input"][0]["bands"] == [name for name, _ in found]
    assert properties["mlm:input"][0]["input"]["shape"][1] == 5
    assert properties["mlm:hyperparameters"]["cut_off_before"]["image"][2] == [-1.0, 1.0]


def test_bands_that_are_fed_twice_have_names_of_their_own():
    grey = InputSpec("grey", 3, "float32", "dn", 1.0, 0.0, ("post.pan",) * 3)
    again = InputSpec("again", 2, "float32", "dn", 1.0, 0.0, ("post.pan", "dem"))
    names = [band["name"] for band in described(grey, again, FED["dem"])["bands"]]
    assert names == ["post-pan", "grey-2", "grey-3", "again-1", "dem", "dem-1"]


def test_classes_are_told_with_what_they_mean():
    names = {"background": False, "debris flow": True, "滑坡": True, "debris-flow": False}
    classes = tuple(ClassSpec(name, landslide=landslide) for name, landslide in names.items())
    (output,) = described(*EXPORT.spec.inputs, classes=classes)["mlm:output"]
    assert output["result"]["shape"][1] == 4
    assert [(each["value"], each["name"], each["description"]) for each in output["classification:classes"]] == [
        (0, "background", "background: no landslide"),
        (1, "debris-flow", "debris flow: landslide"),
        (2, "class", "滑坡: landslide"),
        (3, "class-3", "debris-flow: no landslide"),
    ]


def test_who_knows_the_item_alone_gets_the_confidence_the_runtime_gets(folder):
    item = item_in(folder)
    rng = np.random.default_rng(3)
    batch = {}
    for entry in item["properties"]["mlm:input"]:
        shape = [2 if size == -1 else size for size in entry["input"]["shape"]]
        assert entry["value_scaling"] is None  # so the raw values are what is fed
        batch[entry["name"]] = rng.integers(0, 40, shape).astype(entry["input"]["data_type"])
    model = folder / item["assets"]["fp32"]["href"]
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (confidence,) = session.run([item["properties"]["mlm:output"][0]["name"]], batch)
    with open_engine(model, EngineOptions(engine="onnxruntime", batch=2)) as engine:
        np.testing.assert_allclose(confidence, engine.infer(batch), atol=1e-5)


def test_the_scaling_inside_the_graph_is_told_as_the_extension_tells_scalings(folder):
    spec = published_spec("net", "exported from net.hdf5")
    uneven = dataclasses.replace(spec.inputs[0], divisor=(127.5, 100.0, 1.0), offset=(-1.0, 0.5, 0.0))
    add_artifact(
        folder, "net.fp32.onnx", precision="fp32", spec=dataclasses.replace(spec, inputs=(uneven, *spec.inputs[1:]))
    )
    scalings = item_in(folder, "net")["properties"]["mlm:hyperparameters"]["scaling_in_graph"]
    assert [len(scalings[name]) for name in ("pre", "post", "slope")] == [3, 1, 1]
    values = np.linspace(0, 255, 7)
    for scaling, divisor, offset in zip(scalings["pre"], uneven.divisor, uneven.offset, strict=True):
        assert scaling["type"] == "z-score"
        np.testing.assert_allclose((values - scaling["mean"]) / scaling["stddev"], values / divisor + offset)


def test_functions_that_are_named_are_there(folder):
    named = [entry["pre_processing_function"] for entry in item_in(folder)["properties"]["mlm:input"]]
    assert named[:2] == [None, None]
    for function in named[2:]:
        module, attribute = function["expression"].split(":")
        assert callable(getattr(importlib.import_module(module), attribute))


def test_all_artifacts_of_the_model_are_in_it_and_no_others(folder):
    add_artifact(folder, "demo.int8.onnx")
    add_artifact(folder, "demo.int8.tensorrt.onnx", target="tensorrt")
    add_artifact(folder, "demo.fp16.onnx", precision="fp16")
    add_artifact(folder, "other.fp32.onnx", precision="fp32", spec=published_spec("other", "exported from other.hdf5"))
    item = item_in(folder)
    models = {key: asset for key, asset in item["assets"].items() if "mlm:model" in asset["roles"]}
    assert list(models) == ["fp32", "fp16", "int8", "int8.tensorrt"]
    assert [key for key, asset in models.items() if asset.get("mlm:accelerator") == "cuda"] == ["int8.tensorrt"]
    assert item["properties"]["created"] == RECORD["created"]
    assert item["properties"]["updated"] > RECORD["created"]
    assert problems(item) == []


def remove_record(path):
    path.with_name(f"{path.name}.json").unlink()


def change_file(path):
    path.write_bytes((DEMO / "demo.fp32.onnx").read_bytes())


def empty_record(path):
    path.with_name(f"{path.name}.json").write_text("{}")


def thin_record(path):
    record = path.with_name(f"{path.name}.json")
    record.write_text(json.dumps(json.loads(record.read_text()) | {"source": None}))


@pytest.mark.parametrize("spoil", [remove_record, change_file, empty_record, thin_record])
def test_what_no_record_vouches_for_is_left_out(folder, caplog, spoil):
    spoil(add_artifact(folder, "demo.int8.onnx"))
    assert list(item_in(folder)["assets"]) == ["fp32", "fp32.record"]
    assert "demo.int8.onnx is left out of the item" in caplog.text


@pytest.mark.parametrize(("hours", "kept"), [(1, "int8"), (-1, "fp32")])
def test_files_of_two_networks_are_not_described_as_one(folder, caplog, hours, kept):
    add_artifact(folder, "demo.int8.onnx", hours=hours, sha256="0" * 64)
    assert list(item_in(folder)["assets"]) == [kept, f"{kept}.record"]
    assert "left out of the item: it was made from another file" in caplog.text


def test_a_published_model_is_cited_and_placed(folder):
    spec = dataclasses.replace(M_ALL_006.spec)
    add_artifact(
        folder, "M_ALL_006.fp16.onnx", precision="fp16", spec=spec, registered="M_ALL_006", sha256=M_ALL_006.sha256
    )
    item = item_in(folder, "M_ALL_006")
    assert problems(item) == []
    properties = item["properties"]
    assert properties["sci:doi"] == M_ALL_006.doi
    assert properties["sci:citation"] == M_ALL_006.citation
    assert (properties["license"], properties["mlm:architecture"]) == ("other", "U-Net")
    assert M_ALL_006.licence in properties["description"]
    assert item["links"] == [{"rel": "cite-as", "href": f"https://doi.org/{M_ALL_006.doi}"}]
    assert item["bbox"] == [-180, -90, 180, 90]
    assert item["assets"]["source"]["href"] == M_ALL_006.url
    assert item["assets"]["source"]["file:checksum"] == f"1220{M_ALL_006.sha256}"
    assert "mlm:total_parameters" not in properties  # there is no float32 graph to count them in
    broken = copy.deepcopy(item)
    broken["properties"]["sci:doi"] = "https://doi.org/10.1038"
    assert problems(broken) != []


def test_an_unknown_model_claims_nothing(folder):
    item = item_in(folder)
    assert item["geometry"] is None
    assert "bbox" not in item
    assert item["properties"]["mlm:architecture"] == "unknown"
    assert not {"license", "sci:doi"} & item["properties"].keys()


@pytest.mark.parametrize("name", ["x", "2026", "Wörgl 2", "-", "a..", "a b.c-", "滑坡", "a#1?%20"])
def test_any_name_makes_a_valid_item(folder, name):
    add_artifact(folder, f"{name}.fp32.onnx", precision="fp32", spec=published_spec(name, "exported from a file"))
    item = item_in(folder, name)
    assert (item["id"], item["properties"]["title"]) == (name, name)
    assert all((folder / unquote(asset["href"])).is_file() for asset in item["assets"].values())
    assert problems(item) == []


@given(st.text(min_size=1, max_size=12))
def test_names_come_out_in_the_characters_the_extension_allows(name):
    export = dataclasses.replace(EXPORT, spec=dataclasses.replace(EXPORT.spec, name=name))
    found = model_item([export])["properties"]["mlm:name"]
    assert re.fullmatch(r"[a-zA-Z][a-zA-Z0-9_.\-\s]+[a-zA-Z0-9]", found)


@pytest.mark.parametrize(("version", "said"), [("1.23.2", "1.23.2"), ("1.24.0rc1", "1.24.0"), ("unknown", None)])
def test_versions_are_given_as_releases(version, said):
    item = model_item([dataclasses.replace(EXPORT, onnx_version=version)])
    assert item["properties"].get("mlm:framework_version") == said
    assert problems(item) == []


def test_the_same_files_make_the_same_item(folder):
    add_artifact(folder, "demo.int8.onnx")
    first = write_item(folder, "demo").read_bytes()
    assert write_item(folder, "demo").read_bytes() == first
    assert sorted(path.name for path in folder.iterdir() if "partial" in path.name) == []


def test_nothing_to_describe_is_said(folder, caplog):
    with caplog.at_level(logging.WARNING), pytest.raises(InputMissingError, match="no artifact of nobody"):
        write_item(folder, "nobody")
    with pytest.raises(InputMissingError):
        write_item(folder / "nowhere", "demo")
    assert not list(folder.glob("*.stac.json"))


def test_an_item_that_cannot_be_written_is_said(folder):
    (folder / "demo.stac.json").mkdir()
    with pytest.raises(OutputError, match=r"demo\.stac\.json cannot be written"):
        write_item(folder, "demo")
