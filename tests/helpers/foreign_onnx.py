"""Networks of other programs as ONNX files: those of PyTorch in tests/data/torch, and small ones made with onnx."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, numpy_helper

from helpers.house import ROOT
from landslip.export.specification.description import Description, Served
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec

TORCH = ROOT / "tests" / "data" / "torch"
TORCH_NETWORKS = ("picture", "planet", "landslide4sense")

POST = InputSpec("post", 3, "uint8", "8-bit", 127.5, -1.0)
SPEC = ModelSpec("tiny", (POST,), "confidence", 16, 4, 10.0, 0.5, "confidence of a landslide", "made for tests")
DESCRIPTION = Description(SPEC, ("image",))


def described(*inputs: InputSpec, feeds=("image",), served=None, **spec) -> Description:
    """A description of inputs other than the usual one."""
    return Description(replace(SPEC, inputs=inputs or SPEC.inputs, **spec), feeds, served=served or Served())


@dataclass(frozen=True)
class TorchNetwork:
    """A network of PyTorch and what PyTorch said of it."""

    onnx: Path
    toml: Path
    batch: dict
    confidence: np.ndarray

    @property
    def description(self) -> Description:
        return read_description(self.toml, self.onnx)


def torch_network(name: str, folder: Path = TORCH) -> TorchNetwork:
    """One of :data:`TORCH_NETWORKS`."""
    with np.load(folder / f"{name}.npz") as kept:
        arrays = dict(kept)
    confidence = arrays.pop("confidence")
    return TorchNetwork(folder / f"{name}.onnx", TORCH / f"{name}.toml", arrays, confidence)


class Net:
    """A model in the making: nodes are added one after the other, and each takes the last one's output."""

    def __init__(self, dims=("n", 3, "rows", "cols"), name="image", kind=TensorProto.FLOAT):
        self.inputs = [helper.make_tensor_value_info(name, kind, dims)]
        self.nodes, self.weights = [], []
        self.last, self._rng = name, np.random.default_rng(0)

    def add(self, kind, *constants, outputs=1, **attributes):
        """Add a node of the last value and of constants."""
        names = [self.last, *map(self.constant, constants)]
        return self.node(kind, names, outputs=outputs, **attributes)

    def node(self, kind, names, *, outputs=1, **attributes):
        made = [f"value_{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, names, made, **attributes))
        self.last = made[0]
        return self

    def constant(self, values):
        name = f"weights_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def conv(self, bands, filters, size=3):
        """Add a convolution that keeps the size."""
        weights = self._rng.normal(0, 0.5, (filters, bands, size, size)).astype(np.float32)
        return self.add("Conv", weights, np.zeros(filters, np.float32), pads=[size // 2] * 4)

    def model(self, dims=("n", 1, "rows", "cols"), opset=17, outputs=None, kind=TensorProto.FLOAT) -> ModelProto:
        """The model, whose output is the last value or others by name."""
        names = outputs or [self.last]
        infos = [helper.make_tensor_value_info(name, kind, dims) for name in names]
        graph = helper.make_graph(self.nodes, "net", self.inputs, infos, self.weights)
        imports = [helper.make_operatorsetid("", opset)]
        version = helper.find_min_ir_version_for(imports)
        return helper.make_model(graph, opset_imports=imports, ir_version=version, producer_name="tests")


def tiny(path: Path, **options) -> Path:
    """A network of two convolutions and a sigmoid, from three channels to one."""
    onnx.save(Net().conv(3, 4).add("Relu").conv(4, 1).add("Sigmoid").model(**options), path)
    return path


def pictures(count=2, tile=16, seed=0):
    """Raw tiles of :data:`SPEC`."""
    return {"post": np.random.default_rng(seed).integers(0, 256, (count, 3, tile, tile), np.uint8)}
