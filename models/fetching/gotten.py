"""Record of what ``landslip get`` fetches: what was asked for and chosen, and which files are complete."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from landslip.runtime.errors import UsageError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import draft_of, output_errors
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json
from landslip.runtime.untrusted.typed_values import typed

RECORD = "get.json"
"""Name of the record in the folder."""


@dataclass
class Gotten:
    """The record, kept up to date in the folder."""

    folder: Path
    """Folder of the scene."""
    request: Mapping[str, Any]
    """Area, times, catalogue, collections and bands that were asked for."""
    chosen: dict[str, list[str]] = field(default_factory=dict)
    """Ids of the products that were chosen, by what they are for."""
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Complete files by their path in the folder: ``bytes``, ``sha256``, and where they are from."""

    def has(self, name: str) -> bool:
        """Tell whether a file is there and is the one that was fetched."""
        known, path = self.files.get(name), self.folder / name
        if known is None or not path.is_file() or path.stat().st_size != known.get("bytes"):
            return False
        return bool(sha256_of(path) == known.get("sha256"))

    def add(self, name: str, origin: str) -> None:
        """Note that a file is complete.

        Raises:
            OutputError: the record cannot be written.
        """
        path = self.folder / name
        self.files[name] = {"bytes": path.stat().st_size, "sha256": sha256_of(path), "from": origin}
        self.write()

    def write(self) -> None:
        """Write the record.

        Raises:
            OutputError: it cannot be written.
        """
        content = {key: value for key, value in asdict(self).items() if key != "folder"}
        path = self.folder / RECORD
        with output_errors(path):
            self.folder.mkdir(parents=True, exist_ok=True)
        with output_errors(path), draft_of(path) as draft:
            draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class _RecordOnDisk:
    """Record as it lies in the folder."""

    request: dict[str, Any]
    chosen: dict[str, list[str]]
    files: dict[str, dict[str, Any]]


def open_record(folder: Path, request: Mapping[str, Any]) -> Gotten:
    """The record of a folder, or a new one.

    Raises:
        UsageError: the folder holds something else that was fetched, or a damaged record.
    """
    path = folder / RECORD
    if not path.exists():
        return Gotten(folder, request)
    try:
        with path.open("rb") as stream:
            content = parse_json(stream.read(MOST_BYTES + 1))
        stored: _RecordOnDisk = typed(content, _RecordOnDisk)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} is damaged.", "Choose another folder, or remove this one.", option="out") from error
    found = Gotten(folder, dict(stored.request), dict(stored.chosen), dict(stored.files))
    if found.request != json.loads(json.dumps(request)):
        raise UsageError(
            f"{folder} holds a scene of another area, time or catalogue.",
            "Choose another folder, or ask for the same again.",
            option="out",
        )
    return found
