"""landslip verify --reference asks the Keras network again."""

from __future__ import annotations

import importlib
import json
import shutil
import sys

import numpy as np
import pytest

from helpers.foreign import randomise, save
from helpers.keras_files import write_keras_hdf5
from landslip.export.judging.tiles import parity_tiles
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.reference_tiles import Reference, write_reference
from landslip.runtime.cli.main import run
from landslip.runtime.system.digests import sha256_of

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def small(pipeline, tmp_path_factory):
    """The file of a tiny network, and what was exported from it, for what has to be read again and again."""
    folder = tmp_path_factory.mktemp("small")
    source = write_keras_hdf5(folder / "standin.hdf5")
    (artifact,) = pipeline.export_model(source, folder / "out")
    return source, artifact


def answered_wrongly(source, artifact, folder):
    """An export whose reference tiles have wrong answers."""
    shutil.copy(artifact.path, folder)
    record = json.loads(artifact.record.read_text())
    del record["reference"]
    (folder / artifact.record.name).write_text(json.dumps(record))
    sets = [
        (tiles, np.zeros((tiles.count, 1, tiles.tile, tiles.tile), np.float32))
        for tiles in parity_tiles(read_onnx_file(artifact.path).spec)
    ]
    reference = Reference("standin", sha256_of(source), "nobody", tuple(sets))
    write_reference(folder / "standin.reference.npz", reference)
    return folder


@pytest.fixture
def folder(exported, tmp_path):
    return answered_wrongly(exported.source, exported.artifact, tmp_path)


@pytest.fixture
def small_folder(small, tmp_path):
    return answered_wrongly(*small, tmp_path)


def test_the_keras_network_is_asked_again(folder, exported, capsys):
    command = ["-q", "verify", str(folder), "--engine", "onnxruntime", "--json"]
    assert run(command) == 1
    capsys.readouterr()
    assert run([*command, "--reference", str(exported.source)]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["references"] == {"standin": "Keras network, float64, CPU, asked now"}
    figures = report["runs"][0]["figures"]
    assert {figure["kind"] for figure in figures} == {"noise", "relief"}
    assert all(0 < figure["max_abs"] <= 1e-5 for figure in figures)


def test_without_reference_tiles_generated_ones_are_asked(small_folder, small, capsys):
    (small_folder / "standin.reference.npz").unlink()
    command = ["-q", "verify", str(small_folder), "--engine", "onnxruntime", "--json", "--reference", str(small[0])]
    assert run(command) == 0
    figures = json.loads(capsys.readouterr().out)["runs"][0]["figures"]
    assert {figure["kind"] for figure in figures} == {"noise", "relief", "scene"}


def test_another_keras_file_is_refused(folder, tiny_file, capsys):
    assert run(["-q", "verify", str(folder), "--reference", str(tiny_file)]) == 3
    assert "is not the file standin.fp32.onnx was made from" in capsys.readouterr().err


FOREIGN = """
tile = 32
resolution = 10.0
[[inputs]]
role = "post"
feeds = 0
divisor = 255
"""


def test_a_network_with_a_description_of_its_own(tmp_path, capsys):
    keras = importlib.import_module("landslip.models.keras.quiet_tensorflow").keras
    source = keras.Input((32, 32, 3))
    layers = keras.layers.Conv2D(4, 3, padding="same")(source), keras.layers.Conv2D(1, 1, activation="sigmoid")
    path, spec = save(randomise(keras.Model(source, layers[1](layers[0]))), tmp_path / "m.h5"), tmp_path / "SPEC.toml"
    spec.write_text(FOREIGN)
    importlib.import_module("landslip.export.making.export_model").export_model(path, tmp_path / "out", spec=spec)
    command = ["-q", "verify", str(tmp_path / "out"), "--engine", "onnxruntime", "--reference", str(path)]
    assert run([*command, "--spec", str(spec)]) == 0
    assert run(command) == 2
    assert "m.fp32.onnx was exported with --spec" in capsys.readouterr().err
    spec.write_text(FOREIGN.replace("255", "254"))
    assert run([*command, "--spec", str(spec)]) == 3
    assert "describes other inputs or classes than m.fp32.onnx has" in capsys.readouterr().err
    assert run(["-q", "verify", str(tmp_path / "out"), "--spec", str(spec)]) == 2


def test_without_tensorflow_the_remedy_is_named(folder, exported, capsys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("landslip.export.conversion.network")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert run(["-q", "verify", str(folder), "--reference", str(exported.source)]) == 2
    assert "needs the package 'onnx'" in capsys.readouterr().err


def test_tiles_of_another_export_are_no_hindrance(small_folder, small, capsys):
    """Artifacts whose tiles were replaced can still be proven with the file they were made from."""
    write_reference(small_folder / "standin.reference.npz", Reference("standin", "cd" * 32, "nobody", ()))
    command = ["-q", "verify", str(small_folder), "--engine", "onnxruntime", "--reference", str(small[0])]
    assert run(["-q", "verify", str(small_folder)]) == 3
    assert run(command) == 0
    assert "224" in capsys.readouterr().out
