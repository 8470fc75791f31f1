"""The record beside each artifact: what it was made from, with what, and how it was checked."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from landslip.export.choices import Precision, Target
from landslip.runtime.parity import GATES, Parity
from landslip.runtime.record import landslip_version, now
from landslip.runtime.spec import ModelSpec

_TOOLS = ("tensorflow", "tf_keras", "tf2onnx", "onnx", "onnxruntime", "numpy", "h5py")


@dataclass(frozen=True)
class Source:
    """The Keras file an artifact was made from."""

    file: str
    """Name of the file."""
    sha256: str
    """Its digest."""
    bytes: int
    """Its length."""
    keras_version: str
    """Keras version that wrote it."""
    registered: str | None
    """Name of the published model it is, or None."""


@dataclass(frozen=True)
class Artifact:
    """A deployable file that passed its gate."""

    path: Path
    """The file."""
    precision: Precision
    """What the network computes in."""
    target: Target
    """Kind of file."""
    sha256: str
    """Digest of the file."""
    bytes: int
    """Length of the file."""
    parity: tuple[Parity, ...]
    """How far it is from the Keras network."""

    @property
    def record(self) -> Path:
        """Where its record lies."""
        return record_path(self.path)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {**asdict(self), "path": str(self.path), "record": str(self.record)}


def record_path(artifact: Path) -> Path:
    """Where the record of an artifact lies: beside it."""
    return artifact.with_name(f"{artifact.name}.json")


def record_text(artifact: Artifact, source: Source, spec: ModelSpec | None) -> str:
    """The record as readable JSON."""
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
        "source": asdict(source),
        "spec": None if spec is None else asdict(spec),
        "tools": {"python": platform.python_version(), **{name: version(name) for name in _TOOLS}},
        "parity": {
            "reference": "Keras network, float64, CPU",
            "engine": "onnxruntime, CPU",
            "machine": platform.machine(),
            "limits": {name: value for name, value in asdict(GATES[artifact.precision]).items() if value},
            "figures": [asdict(figure) for figure in artifact.parity],
        },
    }
    return json.dumps(record, indent=2) + "\n"
