"""The artifacts in a folder, each with the record beside it, and whether they are still what was exported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from landslip.export.folder.export_options import Precision, Target
from landslip.export.folder.json_file import read_json
from landslip.export.folder.missing import missing
from landslip.runtime.access.location import is_folder
from landslip.runtime.artifacts.onnx_file import PRECISIONS, OnnxFile, read_onnx_file, read_onnx_header
from landslip.runtime.artifacts.parity import Parity
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.artifacts.spec import METADATA_KEY
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.system.digests import sha256_of


@dataclass(frozen=True)
class Artifact:
    """A deployable file that passed its gate."""

    path: Path
    """The file."""
    precision: Precision
    """Number format that the network computes in."""
    target: Target
    """Backend it is made for."""
    sha256: str
    """Digest of the file."""
    bytes: int
    """Length of the file."""
    parity: tuple[Parity, ...]
    """Distance from the network it was made from, with the engine it is made for."""
    seconds: float
    """Time in seconds that making and checking it took."""
    peak_rss_bytes: int | None
    """The most memory the process had held until then; None where the system does not say."""

    @property
    def record(self) -> Path:
        """Path of the record."""
        return record_path(self.path)

    def as_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {**asdict(self), "path": str(self.path), "record": str(self.record)}


@dataclass(frozen=True)
class FoundArtifact:
    """A file that is to be proven."""

    path: Path
    """The ONNX file."""
    file: OnnxFile | None
    """Description in the file; None if it cannot be read, or says nothing that landslip could go by."""
    record: dict[str, Any]
    """The record beside it; empty if there is none."""
    fault: str | None = None
    """Sentence that says why it is not what was exported; None if nothing speaks against it."""
    undescribed: str | None = None
    """Sentence that says why it cannot be tried although nothing is wrong with it."""

    @property
    def source_sha256(self) -> str | None:
        """Digest of the file it was made from, if the record tells."""
        return recorded(self.record, "source", "sha256")


def recorded(record: dict[str, Any], entry: str, key: str) -> str | None:
    """A text of an entry of a record, or None where it is not there."""
    found = record.get(entry)
    value = found.get(key) if isinstance(found, dict) else None
    return value if isinstance(value, str) else None


def find_candidates(path: Path) -> list[FoundArtifact]:
    """The ONNX files of a folder, the most exact first, or a single one.

    Raises:
        InputMissingError: there is nothing.
        InputError: a single file that is no model; in a folder it becomes a candidate with a fault, and so does a file
            that a record or a STAC item names and that is not there.
    """
    if not is_folder(path):
        return [_candidate(path, read_onnx_file(path))]
    names = [entry for entry in path.glob("*.onnx") if not entry.name.startswith(".")]
    found = [*map(_candidate_or_fault, names), *(FoundArtifact(each, None, {}, fault) for each, fault in missing(path))]
    if not found:
        raise InputMissingError(f"{path} holds no .onnx file. Give the folder that landslip export has written.")
    return sorted(found, key=_order)


def read_record(artifact: Path) -> dict[str, Any]:
    """The record beside an artifact; empty if there is none.

    Raises:
        InputError: it is damaged.
    """
    path = record_path(artifact)
    try:
        record = read_json(path)
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is no record, or a damaged one ({error}). Copy it again.") from error
    if not isinstance(record, dict):
        raise InputError(f"{path} is no record: it holds a {type(record).__name__}. Copy it again.")
    return record


def _order(candidate: FoundArtifact) -> tuple[int, str]:
    """The most exact ones first, then by name."""
    precision = -1 if candidate.file is None else PRECISIONS.index(candidate.file.precision)
    return precision, candidate.path.name


def _candidate_or_fault(path: Path) -> FoundArtifact:
    try:
        if METADATA_KEY not in read_onnx_header(path).metadata:
            reason = "It says nothing of what it takes and gives, so that landslip can neither feed nor judge it."
            return FoundArtifact(path, None, {}, undescribed=reason)
        return _candidate(path, read_onnx_file(path))
    except InputError as error:
        return FoundArtifact(path, None, {}, str(error))


def _candidate(path: Path, file: OnnxFile) -> FoundArtifact:
    try:
        record = read_record(path)
    except InputError as error:
        return FoundArtifact(path, file, {}, str(error))
    if record and recorded(record, "artifact", "sha256") != sha256_of(path):
        fault = f"{path} is not the file its record {record_path(path).name} was written for. Copy both again."
        return FoundArtifact(path, file, record, fault)
    return FoundArtifact(path, file, record)
