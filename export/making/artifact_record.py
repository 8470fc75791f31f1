"""The record beside each artifact: what it was made from, with what, and how it was checked."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Literal, TypeAlias

from landslip.export.folder.artifacts import Artifact
from landslip.export.judging.gate import Proof
from landslip.export.topology.left_out import LeftOut
from landslip.runtime.artifacts.parity import Gate
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.system.clock import now
from landslip.runtime.system.versions import landslip_version

_TOOLS = {
    "keras": ("tensorflow", "tf_keras", "tf2onnx", "onnx", "onnxruntime", "numpy", "h5py"),
    "onnx": ("onnx", "onnxruntime", "numpy"),
}
"""Packages that make artifacts of each kind of source."""


@dataclass(frozen=True)
class KerasSource:
    """The Keras file an artifact was made from."""

    file: str
    """Name of the file."""
    sha256: str
    """SHA-256 of the file."""
    bytes: int
    """Length of the file in bytes."""
    keras_version: str
    """Keras version that wrote it."""
    registered: str | None
    """Name of the published model it is, or None."""
    kind: Literal["keras"] = "keras"
    """Kind of the file."""


@dataclass(frozen=True)
class OnnxSource:
    """The ONNX file of another program that an artifact was made from."""

    file: str
    """Name of the file."""
    sha256: str
    """SHA-256 of the file."""
    bytes: int
    """Length of the file in bytes."""
    opset: int
    """Version of the operators it was written in."""
    producer: str
    """Program that wrote it, as it says itself; empty where it does not."""
    weights: dict[str, str]
    """SHA-256 of the files beside it that hold its weights, by name; empty where they are inside."""
    registered: None = None
    """Name of a published model: none is published as ONNX."""
    kind: Literal["onnx"] = "onnx"
    """Kind of the file."""


Source: TypeAlias = KerasSource | OnnxSource
"""File that an artifact was made from."""


@dataclass(frozen=True)
class Circumstances:
    """Facts that the record of an artifact says besides the artifact."""

    source: Source
    """File it was made from."""
    made_by: str
    """Name of what computed the reference."""
    left_out: LeftOut
    """Layers and outputs of that file that did not go into the artifact."""
    spec: ModelSpec | None
    """Description of inputs and output; None for a network that keeps its own inputs."""
    gate: Gate
    """Gate that it had to pass."""
    proofs: tuple[Proof, ...]
    """Proofs that it passed, that of the engine it is made for first."""
    shared: tuple[Proof, ...]
    """Proofs of it with shared features."""
    scenes: str | None
    """Origin of the tiles of scenes; None where there were none."""
    reference: dict[str, str] | None
    """File and digest of the reference tiles beside it, if there are any."""
    facts: dict[str, Any]
    """Facts about how it was made."""


def record_text(artifact: Artifact, how: Circumstances) -> str:
    """The record as readable JSON."""
    first = how.proofs[0]
    record = {
        "landslip": landslip_version(),
        "created": now(),
        "artifact": {
            "file": artifact.path.name,
            "sha256": artifact.sha256,
            "bytes": artifact.bytes,
            "precision": artifact.precision,
            "target": artifact.target,
        },
        "source": asdict(how.source),
        "left_out": how.left_out.as_json(),
        "spec": None if how.spec is None else asdict(how.spec),
        "tools": {"python": platform.python_version(), **{name: version(name) for name in _TOOLS[how.source.kind]}},
        **how.facts,
        "parity": {
            "reference": how.made_by,
            "engine": f"{first.engine}, {first.device.upper()}",
            "machine": platform.machine(),
            "scenes": how.scenes,
            "limits": {name: value for name, value in asdict(how.gate).items() if value},
            "figures": [asdict(figure) for figure in first.figures],
            "engines": [proof.as_json() for proof in how.proofs],
            **({"shared_features": [proof.as_json() for proof in how.shared]} if how.shared else {}),
        },
        "reference": how.reference,
    }
    return json.dumps(record, indent=2) + "\n"
