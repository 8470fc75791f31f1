"""Models that several tests of the export stage share; building and exporting them takes seconds."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from helpers.keras_files import write_keras_hdf5


class Exported(NamedTuple):
    """A stand-in at an eighth of the width, its file, and what was exported from it."""

    model: Any
    source: Path
    artifact: Any


@pytest.fixture(scope="session")
def pipeline():
    return importlib.import_module("landslip.export.pipeline")


@pytest.fixture(scope="session")
def exported(pipeline, tmp_path_factory):
    model = importlib.import_module("landslip.models.standin").standin_model(1 / 8, seed=1)
    folder = tmp_path_factory.mktemp("exported")
    source = folder / "standin.hdf5"
    importlib.import_module("landslip.models.dialect").write_tf115_hdf5(model, source, optimizer_slots=True)
    (artifact,) = pipeline.export_model(source, folder / "out")
    return Exported(model, source, artifact)


@pytest.fixture
def tiny_file(tmp_path):
    return write_keras_hdf5(tmp_path / "tiny.hdf5")
