"""Record of an engine: the key it was built for, and how. It lies beside the engine as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.engines.cuda import Gpu
from landslip.runtime.engines.tensor_rt.slots import Profile
from landslip.runtime.errors import InputMissingError, ModelError
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.typed_values import typed

SUFFIX = ".engine"
"""Suffix of the engines landslip builds."""
_MOST = 1 << 20
"""Bytes of a record that is read."""
_REASON = 300
"""Most characters of why it is none."""


@dataclass(frozen=True)
class EngineKey:
    """Key that an engine fits: where one of these differs, it has to be built again."""

    tensorrt: str
    """Version of TensorRT that built it, and alone can run it."""
    gpu: str
    """Name of the GPU."""
    capability: str
    """Compute capability of the GPU."""
    multiprocessors: int
    """Number of its streaming multiprocessors."""
    driver: str
    """Version of its driver."""
    platform: str
    """Operating system and processor."""
    onnx_sha256: str
    """Digest of the ONNX file."""
    batch: int
    """Most tiles of one execution."""
    tile: int
    """Edge of a tile in pixels."""
    recipe: int
    """Version of the way it is built, counted up by landslip."""

    @property
    def digest(self) -> str:
        """SHA-256 of all fields, as 64 hexadecimal digits."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    @property
    def machine(self) -> str:
        """Digest of what does not depend on the model: timings of layers are of use as long as it stays the same."""
        machine = {name: value for name, value in asdict(self).items() if name not in ("onnx_sha256", "batch", "tile")}
        return hashlib.sha256(json.dumps(machine, sort_keys=True).encode()).hexdigest()

    @property
    def profile(self) -> Profile:
        """The shapes it is built for."""
        return Profile(self.batch, self.tile)


@dataclass(frozen=True)
class EngineRecord:
    """Record of an engine."""

    key: EngineKey
    """Key that it fits."""
    spec: ModelSpec
    """The model it was built from."""
    precision: str
    """Number format it computes in, as in :data:`landslip.runtime.artifacts.onnx_file.PRECISIONS`."""
    onnx: str
    """Name of the ONNX file."""
    sha256: str
    """Digest of the engine."""
    bytes: int
    """Length in bytes."""
    tensors: Mapping[str, int]
    """Number of tensors inside it by type."""
    workspace: int | None
    """Limit of the scratch memory of a layer in bytes; None for all there is."""
    seconds: float
    """Seconds that the build took."""
    landslip: str
    """Version that built it."""
    created: str
    """Time of the build, in UTC."""

    def to_json(self) -> str:
        """The record as readable JSON, with the entries that all artifacts' records have."""
        stored = _Stored(
            landslip=self.landslip,
            created=self.created,
            artifact=_Artifact(f"{self.key.digest}{SUFFIX}", self.sha256, self.bytes, self.precision, "tensorrt"),
            source=_Source(self.onnx, self.key.onnx_sha256),
            spec=self.spec,
            key=self.key,
            build=_Build(self.seconds, self.workspace, dict(self.tensors)),
        )
        return json.dumps(asdict(stored), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> EngineRecord:
        """Read a record.

        Args:
            text: JSON as written by :meth:`to_json`.
            where: file it was found in, for messages.

        Raises:
            ModelError: it is none.
        """
        try:
            stored: _Stored = typed(parse_json(text.encode()), _Stored)
            stored.spec.check()
        except (ValueError, RecursionError) as error:
            raise ModelError(
                f"{where} is no record of a TensorRT engine, or a damaged one ({printable(str(error), _REASON)}).",
                "Delete it and the engine; the engine is built again from the ONNX file.",
            ) from error
        return cls(
            key=stored.key,
            spec=stored.spec,
            precision=stored.artifact.precision,
            onnx=stored.source.file,
            sha256=stored.artifact.sha256,
            bytes=stored.artifact.bytes,
            tensors=stored.build.tensors,
            workspace=stored.build.workspace,
            seconds=stored.build.seconds,
            landslip=stored.landslip,
            created=stored.created,
        )


@dataclass(frozen=True)
class _Artifact:
    file: str
    sha256: str
    bytes: int
    precision: str
    target: str


@dataclass(frozen=True)
class _Source:
    file: str
    sha256: str


@dataclass(frozen=True)
class _Build:
    seconds: float
    workspace: int | None
    tensors: Mapping[str, int]


@dataclass(frozen=True)
class _Stored:
    """The record as it lies on the disk."""

    landslip: str
    created: str
    artifact: _Artifact
    source: _Source
    spec: ModelSpec
    key: EngineKey
    build: _Build


def read_engine_record(engine: Path) -> EngineRecord:
    """Read the record beside an engine, without TensorRT, and without trusting either file.

    Raises:
        InputMissingError: there is none.
        ModelError: it cannot be read.
    """
    path = record_path(engine)
    try:
        with path.open("rb") as stream:
            return EngineRecord.from_json(stream.read(_MOST).decode(), str(path))
    except FileNotFoundError as error:
        raise InputMissingError(
            f"{engine} has no record beside it ({path.name}), so it is no engine that landslip built.", where=engine
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} cannot be read ({error}).", where=path) from error


def key_of(gpu: Gpu, tensorrt: str, platform: str, onnx_sha256: str, profile: Profile, recipe: int) -> EngineKey:
    """The key of an engine for a model on a GPU."""
    return EngineKey(
        tensorrt=tensorrt,
        gpu=gpu.name,
        capability=gpu.capability,
        multiprocessors=gpu.multiprocessors,
        driver=gpu.driver,
        platform=platform,
        onnx_sha256=onnx_sha256,
        batch=profile.batch,
        tile=profile.tile,
        recipe=recipe,
    )
