"""Models that several tests of the export stage share; building and exporting them takes seconds."""

from __future__ import annotations

import importlib
import json
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import pytest

from helpers.keras_files import write_keras_hdf5
from helpers.processes import Ran, landslip
from helpers.together import made_once
from landslip.runtime.system.digests import sha256_of


class Exported(NamedTuple):
    """A damped stand-in at an eighth of the width, its file, and what was exported from it."""

    model: Any
    source: Path
    artifact: Any


class FullSize(NamedTuple):
    """A file of 251 MB, and how its export went."""

    source: Path
    export: Ran


@pytest.fixture(scope="session")
def pipeline():
    return importlib.import_module("landslip.export.making.export_model")


@pytest.fixture(scope="session")
def export_again(pipeline):
    """``export_model`` for files that several tests export: a network is read and converted once."""
    read, known = pipeline.read_network, {}

    def remembered(source, *arguments, **options):
        key = sha256_of(source), repr((arguments, options))
        if key not in known:
            known[key] = read(source, *arguments, **options)
        graph = onnx.ModelProto()
        graph.CopyFrom(known[key].graph)
        return replace(known[key], graph=graph)

    def export(*arguments, **options):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pipeline, "read_network", remembered)
            return pipeline.export_model(*arguments, **options)

    return export


@pytest.fixture(scope="session")
def exported(export_again, shared_folder):
    model = importlib.import_module("landslip.models.keras.standin").standin_model(1 / 8, seed=1, damped=True)

    def make(folder):
        source = folder / "standin.hdf5"
        importlib.import_module("landslip.models.keras.tf115_hdf5").write_tf115_hdf5(
            model, source, optimizer_slots=True
        )
        (artifact,) = export_again(source, folder / "out")
        (folder / "artifact.pickle").write_bytes(pickle.dumps(artifact))

    folder = made_once(shared_folder / "exported", make)
    return Exported(model, folder / "standin.hdf5", pickle.loads((folder / "artifact.pickle").read_bytes()))  # noqa: S301


@pytest.fixture(scope="session")
def full_size(shared_folder):
    """The damped stand-in at the published width: its file, and what the command made of it in a process of its own."""

    def make(folder):
        importlib.import_module("landslip.models.keras.standin").write_standin(folder / "standin.hdf5", damped=True)
        precisions = ("--precision", "fp32", "--precision", "fp16", "--precision", "int8")
        ran = landslip("export", folder / "standin.hdf5", "-o", folder / "model", *precisions, "--json")
        (folder / "ran.json").write_text(json.dumps(ran))

    folder = made_once(shared_folder / "full-size", make)
    return FullSize(folder / "standin.hdf5", Ran(*json.loads((folder / "ran.json").read_text())))


@pytest.fixture
def tiny_file(tmp_path):
    return write_keras_hdf5(tmp_path / "tiny.hdf5")
