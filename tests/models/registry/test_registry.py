from __future__ import annotations

import dataclasses
import re
import subprocess
import sys

import pytest

from landslip.models.registry.registry import M_ALL_006, REGISTRY, find_by_sha256, registered
from landslip.runtime.errors import UsageError


def test_the_published_model_is_known_by_name_and_digest():
    assert registered("M_ALL_006") is M_ALL_006
    assert find_by_sha256(M_ALL_006.sha256.upper()) is M_ALL_006
    assert find_by_sha256("0" * 64) is None


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(UsageError, match=r"'M_ALL_030'.*M_ALL_006"):
        registered("M_ALL_030")


@pytest.mark.parametrize("model", REGISTRY.values(), ids=list(REGISTRY))
def test_entries_are_complete(model):
    assert REGISTRY[model.name] is model
    assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
    assert model.url.startswith("https://")
    assert model.url.endswith(f"/{model.file}")
    assert model.file == f"{model.name}.hdf5"
    assert model.doi.startswith("10.")
    assert model.doi in model.spec.source
    assert model.size > 0
    assert "licence" in model.licence
    assert model.spec.name == model.name


def test_the_published_file_is_described_as_published():
    assert M_ALL_006.size == 250_991_304
    assert M_ALL_006.sha256.startswith("24b81b52")
    assert (M_ALL_006.spec.tile, M_ALL_006.spec.resolution) == (224, 6.0)


def test_entries_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        M_ALL_006.size = 1


def test_the_registry_needs_no_tensorflow():
    heavy = "{'tensorflow', 'tf_keras', 'keras', 'h5py', 'onnx'}"
    code = "import sys, landslip.models.registry.registry; "
    code += f"sys.exit(str(found) if (found := {heavy} & set(sys.modules)) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
