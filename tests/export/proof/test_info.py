"""landslip info says what each kind of file is, and what is wrong with the others."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace

import onnx
import pytest

from helpers.exports import SOURCE, write_artifact
from helpers.keras_archives import write_keras_archive
from helpers.keras_files import layer, layers_with, tiny_config, tiny_layers, write_keras_hdf5
from helpers.models import brightness_model
from landslip.export.proof.spec_facts import describe_spec
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.models.registry.registry import M_ALL_006
from landslip.runtime.artifacts.spec import ClassSpec, InputSpec, published_spec
from landslip.runtime.cli.main import run
from landslip.runtime.scoring.confusion import Scores

KERAS = DEMO_MODEL.with_name("demo.hdf5")
POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize {}\n"


def told(capsys, path):
    assert run(["info", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_artifact_with_its_record(tmp_path, capsys):
    facts = told(capsys, write_artifact(tmp_path, "test.int8.openvino.onnx", "int8", "openvino"))
    assert facts["kind"] == "ONNX model exported by landslip"
    assert (facts["model"], facts["precision"], facts["target"], facts["opset"]) == ("test", "int8", "openvino", 18)
    assert facts["record"]["source"]["sha256"] == SOURCE
    assert len(facts["inputs"]) == 4
    assert facts["bytes"] == (tmp_path / "test.int8.openvino.onnx").stat().st_size


def test_the_text_has_the_same_facts(tmp_path, capsys):
    path = write_artifact(tmp_path, "test.fp32.onnx")
    assert run(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert any(line.strip().startswith("- pre: 3 bands of uint8 (8-bit)") for line in out.splitlines())
    assert SOURCE in out


def test_the_embedded_model_tells_how_it_was_checked(capsys):
    facts = told(capsys, DEMO_MODEL)
    assert facts["record"]["parity"]["figures"]
    assert facts["record"]["tools"]["tensorflow"]


def test_a_model_that_does_not_say_what_it_takes(tmp_path, capsys):
    facts = told(capsys, brightness_model(tmp_path / "m.onnx", None))
    assert "without a description" in facts["kind"]
    assert (facts["opset"], facts["record"]) == (18, "none beside the file")
    assert "landslip describe MODEL prints one to fill in" in facts["to_map_with_it"]


def test_a_model_of_another_program(tmp_path, capsys):
    model = onnx.load(brightness_model(tmp_path / "net.onnx", None))
    del model.metadata_props[:]
    onnx.save(model, tmp_path / "net.onnx")
    sentence = told(capsys, tmp_path / "net.onnx")["to_map_with_it"]
    assert "landslip describe net.onnx" in sentence
    assert "landslip adopt net.onnx --spec SPEC.toml -o FOLDER" in sentence


def test_bands_units_clip_and_classes_are_told():
    image = InputSpec(
        "image", 3, "float32", "reflectance", (0.3, 0.5, 45.0), 0.0, ("post.nir", "pre.ndvi", "slope"),
        ((0.0, 0.3), (-1.0, 1.0), (0.0, 90.0)),
    )  # fmt: skip
    terrain = InputSpec("terrain", 2, "float32", "metre, degree", 1.0, 0.0, ("dem", "aspect"), ((0.0, 9.0),) * 2)
    classes = (ClassSpec("ground", landslide=False), ClassSpec("slide", landslide=True))
    spec = replace(published_spec("m", "s"), inputs=(image, terrain), classes=classes)
    facts = describe_spec(spec)
    assert facts["inputs"] == [
        (
            "image: 3 bands of float32 (reflectance): post.nir, normalized_difference(pre.nir, pre.red), "
            "slope (degree), cut off at [0 to 0.3, -1 to 1, 0 to 90], x / [0.3, 0.5, 45] + 0 in the graph"
        ),
        "terrain: 2 bands of float32 (metre, degree): dem, aspect, cut off at 0 to 9, x / 1 + 0 in the graph",
    ]
    assert facts["classes"] == ["ground", "slide (landslide)"]


def test_reference_tiles(export, capsys):
    facts = told(capsys, export / "test.reference.npz")
    assert facts["made_by"] == "the brightest band"
    assert facts["tiles"][0] == "3 noise tiles of 64 pixels"


def test_a_keras_file(capsys):
    facts = told(capsys, KERAS)
    assert facts["kind"] == "Keras file (HDF5)"
    assert facts["published"].startswith("no")
    assert facts["network"]["keras_version"] == "2.2.4-tf"
    assert facts["network"]["layers"]["Conv2D"] == 100


def test_a_published_file_is_recognised(capsys, monkeypatch):
    info = importlib.import_module("landslip.export.proof.info")
    monkeypatch.setattr(info, "find_by_sha256", lambda _: M_ALL_006)
    facts = told(capsys, KERAS)
    assert facts["published"] == "M_ALL_006"
    assert M_ALL_006.doi in facts["citation"]


def test_a_keras_archive(tmp_path, capsys):
    facts = told(capsys, write_keras_archive(tmp_path / "m.keras"))
    assert facts["kind"] == "Keras file (archive, .keras)"
    assert facts["network"]["keras_version"] == "3.3.3"
    assert facts["network"]["layers"]["Conv2D"] == 3


def test_a_keras_file_that_cannot_be_exported(tmp_path, capsys):
    own = layer("Lambda", "own", ("add",))
    path = write_keras_hdf5(tmp_path / "own.hdf5", tiny_config(layers_with(own)))
    network = told(capsys, path)["network"]
    assert network.startswith("cannot be exported")
    assert network.endswith("--output chooses another one.")
    path = write_keras_hdf5(tmp_path / "head.hdf5", tiny_config([*tiny_layers(), own]))
    assert told(capsys, path)["network"]["left_out"]["refused"] == ["own (Lambda)"]


def test_a_keras_file_that_is_cut_off_is_bad_input(tmp_path, capsys):
    path = tmp_path / "cut.hdf5"
    path.write_bytes(KERAS.read_bytes()[:5000])
    assert run(["info", str(path)]) == 3
    captured = capsys.readouterr()
    assert "has 5000 of" in captured.err
    assert captured.out == ""


def test_the_record_of_another_file_is_not_believed(tmp_path, capsys):
    path = write_artifact(tmp_path, "test.fp32.onnx")
    record = path.with_name(f"{path.name}.json")
    assert told(capsys, path)["record"]["source"]["sha256"] == SOURCE
    write_artifact(tmp_path, "test.fp16.onnx", "fp16").replace(path)
    facts = told(capsys, path)
    assert facts["precision"] == "fp16"
    assert facts["record"].startswith("belongs to another file: the digest in test.fp32.onnx.json is not that of")
    record.write_text("{")
    facts = told(capsys, path)
    assert facts["precision"] == "fp16"
    assert facts["record"].startswith(f"cannot be used. {record} is no record, or a damaged one")


def test_what_lies_deep_in_records_reads_on_short_lines(tmp_path, capsys):
    for name in ("demo.fp32.onnx", "demo.fp32.onnx.json"):
        shutil.copy(DEMO_MODEL.with_name(name), tmp_path)
    proof = {"engine": "openvino", "figures": [{"kind": "noise", "tiles": 2}, {"kind": "scene", "tiles": 8}]}
    path = tmp_path / "demo.fp32.onnx.json"
    record = json.loads(path.read_text())
    record["parity"]["engines"] = [proof]
    path.write_text(json.dumps(record))
    item = importlib.import_module("landslip.export.folder.mlm").write_item(tmp_path, "demo")
    for each in (path, item):
        assert run(["info", str(each)]) == 0
        out = capsys.readouterr().out
        assert "{" not in out
        assert "['" not in out
        lines = out.splitlines()
        assert max(map(len, lines)) < 250
        if each == path:
            start = next(index for index, line in enumerate(lines) if line.split() == ["engines"])
            assert [line.strip() for line in lines[start + 1 : start + 5]] == [
                "- engine openvino", "figures", "- kind noise, tiles 2", "- kind scene, tiles 8",
            ]  # fmt: skip
        else:
            assert any(line.split() == ["shape", "-1;", "3;", "224;", "224"] for line in lines)


def test_records_may_nest_as_deep_as_is_read(tmp_path, capsys):
    nested = {"a": "word " * 100}
    for _ in range(20):
        nested = {"a": [nested]}
    path = tmp_path / "run.json"
    path.write_text(json.dumps(dict.fromkeys(("model", "engine", "grid", "tiles", "inputs"), nested)))
    assert run(["info", str(path)]) == 0
    assert "word word" in capsys.readouterr().out


def test_a_pointer_tells_what_it_stands_for(tmp_path, capsys):
    path = tmp_path / "M_ALL_006.hdf5"
    path.write_text(POINTER.format(M_ALL_006.sha256, M_ALL_006.size))
    facts = told(capsys, path)
    assert facts["stands_for"] == {"sha256": M_ALL_006.sha256, "bytes": M_ALL_006.size, "published": "M_ALL_006"}
    assert facts["get_it_with"] == "landslip fetch M_ALL_006"
    path.write_text(POINTER.format("0" * 64, 3))
    assert told(capsys, path)["get_it_with"] == "git lfs pull"


def test_records(tmp_path, capsys):
    write_artifact(tmp_path, "test.fp32.onnx")
    assert told(capsys, tmp_path / "test.fp32.onnx.json")["kind"] == "record of an artifact"
    path = tmp_path / "run.json"
    path.write_text(json.dumps(dict.fromkeys(("model", "engine", "grid", "tiles", "inputs"))))
    assert told(capsys, path)["kind"] == "run record of a map"
    path = tmp_path / "scores.json"
    path.write_text(json.dumps({"seed": 9001, "size_km": 6.0, **Scores(1, 2, 3, 4).as_dict()}))
    assert told(capsys, path)["kind"].startswith("scores of a demo")
    path.write_text(json.dumps(dict.fromkeys(("map", "precision", "recall", "landslides", "by_size", "truth"))))
    assert told(capsys, path)["kind"].startswith("score of a map")


UNKNOWN = {
    "empty.onnx": (b"", "is empty"),
    "page.hdf5": (b"<html>", "is a web page"),
    "packed.zip": (b"PK\x03\x04", "ZIP archive"),
    "half.npz": (b"PK\x03\x04", "reference tiles cannot be read"),
    "map.tif": (b"II*\0", "TIFF raster"),
    "notes.txt": (b"hello there", "no file that landslip knows"),
    "cut.onnx": (b"\x08\x07", "damaged or no ONNX model"),
    "other.json": (b'{"a": 1}', "no record of landslip"),
    "damaged.json": (b'{"a": ', "damaged JSON"),
    "deep.json": (b'{"a":' * 100_000, "damaged JSON"),
    "list.json": (b'{"artifact": 1, "source": 1, "spec": 1, "x": ' + b"[" * 60 + b"]" * 60 + b"}", "50 levels deep"),
    "table.json": (b'{"artifact": 1, "source": 1, "spec": ' + b'{"a":' * 500 + b"1" + b"}" * 501, "50 levels deep"),
    "digits.json": (b'{"artifact": 1, "source": 1, "spec": ' + b"9" * 5000 + b"}", "damaged JSON"),
    "endless.hdf5": (POINTER.format("0" * 64, "9" * 5000).encode(), "damaged git-LFS pointer"),
    "hole.hdf5": (POINTER.format("0" * 64, 3).encode() + bytes(2000), "damaged git-LFS pointer"),
    "pointer.hdf5": (b"version https://git-lfs.github.com/spec/v1\noid", "damaged git-LFS pointer"),
    "made.engine": (b"ftrt", "no record beside it"),
    "landslides.gpkg": (b"SQLite format 3\0" + bytes(52) + b"GPKG", "the outlines of a map. Open it in a GIS"),
    "quicklook.png": (b"\x89PNG\r\n\x1a\n", "the overview of a map"),
    "other.db": (b"SQLite format 3\0" + bytes(56), "no file that landslip knows"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_everything_else_is_bad_input_in_words(tmp_path, name, capsys):
    content, words = UNKNOWN[name]
    (tmp_path / name).write_bytes(content)
    assert run(["info", str(tmp_path / name)]) == 3
    captured = capsys.readouterr()
    assert words in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_folders_and_missing_files(tmp_path, capsys):
    assert run(["info", str(tmp_path)]) == 3
    assert "is a folder" in capsys.readouterr().err
    assert run(["info", str(tmp_path / "gone")]) == 3
    assert "does not exist" in capsys.readouterr().err


def test_a_terminal_obeys_nothing_that_a_file_says(tmp_path, capsys):
    path = tmp_path / "run.json"
    content = dict.fromkeys(("engine", "grid")) | {"model": "\x1b[2J\x07", "\x1b]0;": 1}
    content |= {"tiles": {"\x1b[2J": 1}, "inputs": [{"\x1b[2J": 1}]}
    path.write_text(json.dumps(content))
    assert run(["info", str(path)]) == 0
    assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("properties", "kind"),
    [
        ({"landslip:fingerprint": "ab"}, "STAC Item of a map"),
        ({"mlm:name": "net"}, "STAC Item of an export"),
        ({}, "STAC Item"),
        (3, "STAC Item"),
    ],
)
def test_items_say_what_they_are_of(tmp_path, capsys, properties, kind):
    path = tmp_path / "item.json"
    path.write_text(json.dumps({"stac_version": "1.1.0", "assets": {}, "properties": properties}))
    assert told(capsys, path)["kind"] == kind


def test_a_catalog_is_told(tmp_path, capsys):
    path = tmp_path / "catalog.json"
    path.write_text(json.dumps({"stac_version": "1.1.0", "description": "d", "links": []}))
    assert told(capsys, path)["kind"] == "STAC Catalog"


def test_a_record_cannot_call_itself_something_else(tmp_path, capsys):
    path = tmp_path / "run.json"
    content = dict.fromkeys(("model", "engine", "grid", "tiles", "inputs"))
    path.write_text(json.dumps(content | {"file": "/etc/hosts", "kind": "proof", "more": 1}))
    facts = told(capsys, path)
    assert (facts["file"], facts["kind"], facts["more"]) == (str(path), "run record of a map", 1)


def test_long_names_and_values_stay_short(tmp_path, capsys):
    path = tmp_path / "run.json"
    content = dict.fromkeys(("model", "engine", "grid", "tiles", "inputs"))
    path.write_text(json.dumps(content | {"k" * 1_000_000: "v" * 1_000_000} | dict.fromkeys(map(str, range(1000)))))
    assert run(["info", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1000 + len(content) + 3
    assert max(map(len, lines)) < 2100
    assert sum(map(len, lines)) < 100_000


def test_numbers_that_json_does_not_know_are_none(tmp_path, capsys):
    path = tmp_path / "run.json"
    path.write_text('{"model": NaN, "engine": -Infinity, "grid": 1e999, "tiles": [1.5], "inputs": 1}')
    assert run(["info", str(path), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert (facts["model"], facts["engine"], facts["grid"], facts["tiles"]) == (None, None, None, [1.5])


def test_a_pipe_is_not_waited_for(tmp_path, capsys):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    for name in ("pipe", "pipe.json", "pipe.npz", "pipe.engine"):
        os.mkfifo(tmp_path / name)
        assert run(["info", str(tmp_path / name)]) == 3
        assert "is no regular file" in capsys.readouterr().err
    os.mkfifo(write_artifact(tmp_path, "test.fp32.onnx").with_name("own.onnx.json"))
    assert run(["info", str(brightness_model(tmp_path / "own.onnx"))]) == 0
    assert "no regular file" in capsys.readouterr().out


def test_without_h5py_the_rest_is_told():
    code = (
        "import sys; sys.modules['h5py'] = None; from landslip.runtime.cli.main import main; "
        f"main(['info', {str(KERAS)!r}, '--json'])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "h5py is not installed (pip install 'landslip[export]')" in json.loads(result.stdout)["network"]


def test_an_artifact_is_described_without_an_engine_or_tensorflow():
    code = (
        "import sys; from landslip.runtime.cli.main import run; "
        f"assert run(['info', {str(DEMO_MODEL)!r}]) == 0; "
        "heavy = {'onnx', 'onnxruntime', 'openvino', 'tensorflow', 'h5py', 'tf_keras'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
