"""Outcomes of jobs on disk: the marker of results, the file of an error, and where the job file ends.

Each is a fixed order of single steps, so that whoever takes over a job of a killed watcher can tell what is left to do:
the marker comes after the results and before the job file moves; the error is decided in ``work/`` before it moves.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, LandslipError
from landslip.runtime.system.clock import now
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import write_file
from landslip.runtime.system.versions import landslip_version
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.watch.attempts import Attempts, Replaced, as_json
from landslip.runtime.watch.claims import Claim
from landslip.runtime.watch.job_names import ERROR, RESULT, fault_of_name, job_name
from landslip.runtime.watch.spool_folders import Spool

DECIDED = ".error.json"
"""Name in the folder of a job in ``work/`` of the error that is to go to ``failed/``."""

_MOST = 1 << 20


def results_folder(spool: Spool, name: str) -> Path:
    """Folder of the results of a job."""
    return spool.out / name


def marker_of(spool: Spool, name: str) -> Path:
    """File that says that the results of a job are there."""
    return spool.out / f"{name}{RESULT}"


def found_before(spool: Spool, name: str) -> Replaced:
    """Results that lie there of an earlier job of the same name."""
    return Replaced(_digest(marker_of(spool, name)), _digest(results_folder(spool, name) / "run.json"))


def is_marked(spool: Spool, name: str, attempts: Attempts) -> bool:
    """Tell whether an attempt at this job has put its results and their marker in place."""
    marker = _digest(marker_of(spool, name))
    return attempts.replaces is not None and marker is not None and marker != attempts.replaces.marker


def write_marker(spool: Spool, claim: Claim, attempts: Attempts, result: Mapping[str, Any], seconds: float) -> None:
    """Say that the results of a job are there: the last thing that is written of them.

    Args:
        spool: the spool.
        claim: the job.
        attempts: at it.
        result: what the worker says of its map: products with digests, fingerprint, areas.
        seconds: time of the attempt.

    Raises:
        OSError: it cannot be written.
    """
    values = {
        "job": claim.file.name,
        "landslip": landslip_version(),
        "claimed": attempts.claimed,
        "finished": now(),
        "seconds": round(seconds, 3),
        "attempts": attempts.starts,
        **result,
    }
    write_file(marker_of(spool, claim.name), json.dumps(values, indent=1) + "\n")


def finish_done(spool: Spool, claim: Claim) -> None:
    """Move the job file to ``done/``, once the marker is there.

    Raises:
        OSError: it cannot be moved.
    """
    name = _free_name(spool.done, claim.file)
    for companion in claim.companions():
        companion.rename(spool.done / _renamed(companion.name, claim.file.name, name))
    claim.file.rename(spool.done / name)
    claim.end()


def decide_failure(spool: Spool, claim: Claim, attempts: Attempts, error: Mapping[str, Any]) -> None:
    """Write down that a job has failed, and why; from then on it fails, whoever ends it.

    Args:
        spool: the spool.
        claim: the job.
        attempts: at it.
        error: its fields: ``what``, ``remedy``, ``where``, ``option``, ``exit_code`` …

    Raises:
        OSError: it cannot be written.
    """
    counted = {key: value for key, value in as_json(attempts).items() if key in {"starts", "errors", "crashes", "ends"}}
    values = {
        "job": claim.file.name,
        "file": _free_name(spool.failed, claim.file),
        "landslip": landslip_version(),
        "claimed": attempts.claimed,
        "failed": now(),
        "error": dict(error),
        "attempts": counted,
    }
    write_file(claim.folder / DECIDED, json.dumps(values, indent=1) + "\n")


def finish_failed(spool: Spool, claim: Claim) -> None:
    """Move the job file to ``failed/``, and then its error, once that is decided.

    Raises:
        OSError: one cannot be moved.
    """
    name = _decided_name(claim.folder) or _free_name(spool.failed, claim.file)
    for companion in claim.companions():
        companion.rename(spool.failed / _renamed(companion.name, claim.file.name, name))
    with contextlib.suppress(FileNotFoundError):
        claim.file.rename(spool.failed / name)
    (claim.folder / DECIDED).rename(spool.failed / f"{error_stem(name)}{ERROR}")
    claim.end()


def is_failure_decided(folder: Path) -> bool:
    """Tell whether a job in ``work/`` has failed, and is only to be moved."""
    return (folder / DECIDED).is_file()


def fields_of(error: LandslipError) -> dict[str, Any]:
    """Fields of an error as a file or a message holds them."""
    return {
        "kind": type(error).__name__,
        "what": error.what,
        "remedy": error.remedy,
        "where": error.where,
        "option": error.option,
        "exit_code": error.exit_code,
        "retryable": error.retryable,
    }


def error_stem(file_name: str) -> str:
    """Beginning of the name of an error file, by the name of its job file in ``failed/``."""
    return Path(file_name).stem if fault_of_name(file_name) is None else job_name(file_name)


def _decided_name(folder: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError, RecursionError), (folder / DECIDED).open("rb") as stream:
        found = parse_json(stream.read(_MOST))
        name = found.get("file") if isinstance(found, dict) else None
        return name if isinstance(name, str) and "/" not in name and name not in {"", ".", ".."} else None
    return None


def _free_name(folder: Path, file: Path) -> str:
    """Name for a job file in a folder: its own, or with a number where that is the name of another file."""
    for number in range(1, 100_000):
        name = file.name if number == 1 else f"{error_stem(file.name)}.{number}{file.suffix}"
        target, error = folder / name, folder / f"{error_stem(name)}{ERROR}"
        if not (target.exists() or error.exists()) or _digest(target) == _digest(file):
            return name
    raise OSError(None, f"there are 100 000 files of the name {file.name}", str(folder))


def _renamed(companion: str, before: str, after: str) -> str:
    """Name of what came with a job file, such as ``x.toml.done``, when that is renamed."""
    for old, new in ((before, after), (Path(before).stem, Path(after).stem)):
        if companion.startswith(old):
            return f"{new}{companion[len(old) :]}"
    return companion


def _digest(path: Path) -> str | None:
    """SHA-256 of a file; None where there is none."""
    try:
        return sha256_of(path)
    except InputError:
        return None
