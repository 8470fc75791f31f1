"""The file of a run record, and of what describes it: written as readable JSON, read within bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, OutputError
from landslip.runtime.system.safe_writing import write_anew
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write a record, or what describes one, as readable JSON; equal values make equal bytes.

    Raises:
        OutputError: it cannot be written.
    """
    try:
        write_anew(path, json.dumps(values, indent=2) + "\n")
    except OSError as error:
        raise OutputError(
            f"{path.name} cannot be written ({error.strerror}).", "Check the free disk space.", where=path
        ) from error


def read_values(path: Path) -> dict[str, Any]:
    """Entries of a record as they stand in its file, those of later versions among them.

    Raises:
        InputError: it cannot be read, or is no record.
    """
    try:
        with path.open("rb") as stream:
            found = parse_json(stream.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as a run record.", "Copy it again.", where=path) from error
    if not isinstance(found, dict):
        raise InputError(f"{path} holds no run record.", "Copy it again.", where=path)
    return found


def as_stored(values: Mapping[str, Any]) -> Any:
    """Values as they are read back from JSON."""
    return json.loads(json.dumps(values))
