"""Tunings of this machine: records in the user's config folder, written by ``landslip bench tune``.

A record is of one model family, all artifacts made from one source, on one machine, with one set of versions. It is
advice: a record that is damaged, or of another machine, is left alone and said, and never stops a map.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import platformdirs

from landslip.runtime.artifacts.record_beside import record_beside
from landslip.runtime.engines.opening import EngineOptions
from landslip.runtime.system.machine import describe_environment
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json
from landslip.runtime.untrusted.printable import shown
from landslip.runtime.untrusted.typed_values import typed

log = logging.getLogger(__name__)

SUFFIX = ".json"
"""Suffix of the records."""

_LIBRARIES = ("landslip", "onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt")
"""Packages whose versions decide what is fastest."""


@dataclass(frozen=True)
class TunedWay:
    """The fastest way that was found to run an artifact with one engine, on one device, in one precision."""

    artifact: str
    """Name of the ONNX file."""
    sha256: str
    """SHA-256 of the artifact."""
    engine: str
    """Name of the engine, as in :class:`~landslip.runtime.engines.EngineOptions`; no value here is ``auto``."""
    device: str
    """Device it runs on."""
    precision: str
    """Number format it is computed in."""
    batch: int
    """Tiles of the model's own size per call."""
    threads: int
    """Threads on the CPU; 0 for as many as there are cores."""
    tiles_per_second: float
    """Tiles of the model's own size, by the engine alone."""
    shared_features: float | None = None
    """Factor by which a large map is faster with features that overlapping tiles share; None where that was not
    measured, or does not pass its gate. It is told, and never taken by itself: it changes the map."""

    def check(self) -> None:
        """Check every value.

        Raises:
            ValueError: one is out of range. Types are those of the fields.
        """
        for name in ("artifact", "sha256", "engine", "device", "precision"):
            if getattr(self, name) == "auto":
                raise ValueError(f"{name} is 'auto'")
        if self.artifact != Path(self.artifact).name or not self.artifact.isprintable():
            raise ValueError(f"artifact {shown(self.artifact)} is no name of a file")
        if not self.tiles_per_second > 0:
            raise ValueError(f"tiles_per_second is {shown(self.tiles_per_second)}")
        if self.shared_features is not None and not self.shared_features > 0:
            raise ValueError(f"shared_features is {shown(self.shared_features)}")
        self.options()

    def options(self) -> EngineOptions:
        """Options of an engine that runs this way.

        Raises:
            UsageError: they make no sense.
        """
        return EngineOptions(
            engine=self.engine, device=self.device, batch=self.batch, threads=self.threads, precision=self.precision,
            why="as tuned",
        )  # fmt: skip


@dataclass(frozen=True)
class Tuning:
    """Result of one tuning."""

    tuned: str
    """Time of the tuning: UTC in ISO 8601."""
    model: str
    """Name of the model, for people."""
    family: str
    """Digest of the file the artifacts were made from, or of the artifact itself where no record tells."""
    machine: Mapping[str, Any]
    """Machine it was made on: see :func:`machine_here`."""
    versions: Mapping[str, Any]
    """Versions it was made with: see :func:`versions_here`."""
    choices: tuple[TunedWay, ...]
    """Ways that passed their gates, the fastest first."""

    @property
    def day(self) -> str:
        """The date alone."""
        return self.tuned[:10]

    @property
    def name(self) -> str:
        """Name of its file: a family has one for each machine, as config folders may be shared by several."""
        machine = hashlib.sha256(json.dumps(dict(self.machine), sort_keys=True).encode()).hexdigest()
        return f"{self.family[:16]}-{machine[:16]}{SUFFIX}"

    def is_of(self, family: str, sha256: str) -> bool:
        """Tell whether it is about a family, or about an artifact wherever that comes from."""
        return self.family == family or any(choice.sha256 == sha256 for choice in self.choices)

    def differences(self, machine: Mapping[str, Any], versions: Mapping[str, Any]) -> list[str]:
        """Differences of the machine and versions it was made with, one phrase each; empty if it still holds."""
        found = []
        for before, now in ((self.machine, machine), (self.versions, versions)):
            for key in sorted({*before, *now}):
                if before.get(key) != now.get(key):
                    was, is_now = (shown(each[key]) if key in each else "not there" for each in (before, now))
                    found.append(f"{key} was {was} and is {is_now}")
        return found

    def to_json(self) -> str:
        """Text of the record; :meth:`from_json` reads it back."""
        return json.dumps({"landslip": "tuning", **asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, content: bytes) -> Tuning:
        """Read a record.

        Raises:
            ValueError, RecursionError: it is damaged, or no such record.
        """
        raw = parse_json(content)
        if not isinstance(raw, dict) or raw.pop("landslip", None) != "tuning":
            raise ValueError("it is none")
        tuning: Tuning = typed(raw, cls)
        for choice in tuning.choices:
            choice.check()
        return tuning


def machine_here() -> dict[str, Any]:
    """Facts that decide speed on this machine: board, if it tells, processor, what it can compute, cores, GPU."""
    found = describe_environment()
    return {key: found[key] for key in ("board", "cpu", "instruction_sets", "cores", "gpu") if key in found}


def versions_here() -> dict[str, Any]:
    """Versions of landslip, of the engines that are installed, and of the GPU's driver."""
    found = describe_environment()
    packages = {name: found["packages"][name] for name in _LIBRARIES if name in found["packages"]}
    return packages | ({"gpu_driver": found["gpu_driver"]} if "gpu_driver" in found else {})


def tuning_folder() -> Path:
    """Folder where the records lie."""
    return platformdirs.user_config_path("landslip") / "tuning"


def all_tunings() -> list[Tuning]:
    """Every record that can be read, the newest first; others are said and left out."""
    return sorted(_readable(tuning_folder()), key=lambda tuning: tuning.tuned, reverse=True)


def _readable(folder: Path) -> Iterator[Tuning]:
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            with path.open("rb") as stream:
                yield Tuning.from_json(stream.read(MOST_BYTES))
        except (OSError, ValueError, RecursionError) as error:
            log.warning(
                "The tuning in %s cannot be used (%s). Remove it, or tune again with: landslip bench tune",
                path, str(error)[:200] or type(error).__name__,
            )  # fmt: skip


def family_of(artifact: Path, sha256: str) -> str:
    """Digest of the file an artifact was made from, as the record beside it tells, or else its own.

    Args:
        artifact: the ONNX file.
        sha256: its digest.
    """
    record = record_beside(artifact)
    if record is None or record.source is None or record.artifact.sha256 != sha256:
        return sha256
    return record.source.sha256
