"""Networks that PyTorch makes and exports here and now, compared with what it says of whole arrays."""

from __future__ import annotations

import functools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import landslip
from helpers.foreign_onnx import TORCH, TORCH_NETWORKS, described, torch_network
from landslip.export.adoption.adopted_network import read_adopted
from landslip.export.precisions.graph_session import opened
from landslip.export.precisions.half import half, rounding
from landslip.runtime.artifacts.spec import InputSpec
from landslip.runtime.engines import EngineOptions, open_engine

PYTHONS = (Path(sys.executable), Path("/usr/bin/python3"))
"""Ours, and that of Debian's package ``python3-torch``."""


@functools.cache
def python_with_torch():
    """A Python that has PyTorch, or None."""
    for python in PYTHONS:
        code = [python, "-I", "-c", "import torch.onnx"]
        if python.exists() and not subprocess.run(code, capture_output=True, check=False).returncode:
            return python
    return None


def made(folder, script, *arguments):
    """A folder that a script has written with PyTorch."""
    if (python := python_with_torch()) is None:
        pytest.skip("PyTorch is not installed")
    command = [python, "-I", script, folder, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The networks of tests/data/torch, trained for a few steps."""
    return made(tmp_path_factory.mktemp("torch"), TORCH / "train.py", "20")


@pytest.fixture(scope="module")
def styles(tmp_path_factory):
    """Networks in the styles of public ones, with random weights."""
    return made(tmp_path_factory.mktemp("styles"), Path(__file__).with_name("pytorch_styles.py"))


@pytest.mark.parametrize("name", TORCH_NETWORKS)
def test_what_pytorch_makes_now_says_what_it_said(fresh, name):
    known = torch_network(name, fresh)
    adopted = read_adopted(known.onnx, known.description)
    np.testing.assert_allclose(adopted.network.confidence(known.batch), known.confidence, rtol=0, atol=1e-5)
    np.testing.assert_allclose(opened(adopted.network.graph).run(known.batch)[0], known.confidence, rtol=0, atol=1e-5)


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_artifacts_of_it_say_that_too(fresh, tmp_path, engine):
    known = torch_network("picture", fresh)
    (artifact,) = landslip.adopt_model(known.onnx, tmp_path, spec=known.toml)
    with open_engine(artifact.path, EngineOptions(engine, "cpu", 2, 64)) as running:
        np.testing.assert_allclose(running.infer(known.batch), known.confidence, rtol=0, atol=1e-4)


RGB = InputSpec("post", 3, "float32", "reflectance", 1.0, 0.0, ("post.red", "post.green", "post.blue"))


@pytest.mark.parametrize("how", ["open", "fixed"])
@pytest.mark.parametrize("name", ["enlarged", "attention", "windows", "dilated", "shuffled"])
def test_styles_of_public_networks_are_taken_in(styles, tmp_path, name, how):
    with np.load(styles / f"{name}.npz") as kept:
        batch, expected = {"post": kept["image"]}, kept["confidence"]
    adopted = read_adopted(styles / f"{name}.{how}.onnx", described(RGB, feeds=(0,), tile=64, multiple=16))
    assert (adopted.network.spec.fixed, adopted.network.spec.single) == (how == "fixed", False)
    np.testing.assert_allclose(adopted.network.confidence(batch), expected, rtol=0, atol=1e-5)
    path = tmp_path / "net.onnx"
    path.write_bytes(adopted.network.graph.SerializeToString())
    for engine in ("onnxruntime", "openvino"):
        with open_engine(path, EngineOptions(engine, "cpu", 2, 64)) as running:
            np.testing.assert_allclose(running.infer(batch), expected, rtol=0, atol=1e-5)
    halves = opened(rounding(half(adopted.network.graph))).run(batch)[0]
    np.testing.assert_allclose(halves, expected, rtol=0, atol=2e-3)
