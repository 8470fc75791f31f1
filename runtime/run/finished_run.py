"""A run whose map is made: its record with its files, proven to belong together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.run.hidden_folder import settle
from landslip.runtime.run.product_names import CONFIDENCE, RECORD, is_ours, item_name, made_by
from landslip.runtime.run.record_and_map import fault_of
from landslip.runtime.run.record_types import ProductWritten, RunRecord
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.untrusted.printable import printable

_REMEDY = "Copy the folder again, or map the scene again with overwrite=True."


@dataclass(frozen=True)
class FinishedRun:
    """A map that is made: in the folder of its results, or as drafts that have no final names yet."""

    folder: Path
    """Folder of the files."""
    record: RunRecord
    """Record of the run."""
    scene: Scene | None = None
    """Scene of the run while it is open; None where it would have to be opened again."""
    given: SceneFiles | None = None
    """Files of the scene where they are given again; None where the record names them."""

    def path(self, name: str) -> Path:
        """Path of one of its files."""
        return self.folder / name

    @cached_property
    def date_from(self) -> str | None:
        """Day or instant in UTC (ISO 8601) from which the images before are, the earliest; None where nobody says."""
        return min(self._acquired("pre"), default=None)

    @cached_property
    def date_to(self) -> str | None:
        """Day or instant in UTC up to which the images after are, the latest; None where nobody says."""
        return max(self._acquired("post"), default=None)

    @property
    def dates(self) -> dict[str, str | None]:
        """Dates by role, ``pre`` and ``post``, of the images that it was mapped from; None where nobody says."""
        given = {entry.role for entry in self.record.inputs} & {"pre", "post"}
        both = {"pre": self.date_from, "post": self.date_to}
        return {role: date for role, date in both.items() if role in given or not given}

    @property
    def item_name(self) -> str:
        """Name of its STAC Item."""
        return item_name(self.record.fingerprint)

    def without_further(self) -> FinishedRun:
        """The run as if nothing had been made on demand, so that what is made is the same at any time."""
        made = {name: self.record.products.get(name) for name in made_by(classes=bool(self.record.classes))}
        return replace(self, record=msgspec.structs.replace(self.record, products=made))

    def _acquired(self, role: str) -> list[str]:
        return [entry.acquired for entry in self.record.inputs if entry.role == role and entry.acquired is not None]


def open_finished_run(out: Path) -> FinishedRun:
    """Open the results of a run, and prove that its files are those that its record lists.

    Args:
        out: folder of the results.

    Raises:
        InputMissingError: there is no record, or a file that it lists is not there.
        InputError: the record is damaged, or a file is another one than it lists; the message names the file.
        UsageError: products are being added to it right now.
    """
    path = out / RECORD
    settle(out)
    try:
        record = RunRecord.read(path)
    except InputMissingError as error:
        raise InputMissingError(
            f"{out} holds no finished run: there is no {RECORD} in it.", "Give the folder of a map.", where=path
        ) from error
    run = FinishedRun(out, record)
    for name, listed in _listed(path, record).items():
        _check_file(run.path(name), path, listed)
    fault = fault_of(record, run.path(CONFIDENCE))
    if fault is not None:
        raise InputError(f"{path} {fault}: it was damaged or changed.", _REMEDY, where=path)
    return run


def described(folder: Path, names: Iterable[str]) -> dict[str, Any]:
    """Entries of ``products`` in a record: size and SHA-256 of each, by name; None for one that is not there."""
    found = {name: folder / name for name in names}
    return {
        name: {"bytes": path.stat().st_size, "sha256": sha256_of(path)} if path.is_file() else None
        for name, path in found.items()
    }


def _listed(path: Path, record: RunRecord) -> dict[str, ProductWritten]:
    """The products of a record, proven to be names that runs give, and to be complete."""
    strange = [name for name in record.products if not is_ours(name)]
    if strange:
        raise InputError(
            f"{path} lists {printable(strange[0], 100)!r}, which no run makes: it was damaged or changed.",
            _REMEDY,
            where=path,
        )
    listed = {name: entry for name, entry in record.products.items() if entry is not None}
    missing = [name for name in made_by(classes=bool(record.classes)) if name not in listed]
    if missing:
        raise InputError(
            f"{path} lists no {missing[0]}: it was damaged or changed, or an older version has written it.",
            "Map the scene again with overwrite=True.",
            where=path,
        )
    return listed


def _check_file(path: Path, record: Path, listed: ProductWritten) -> None:
    """Make sure that a file is the one that a record lists.

    Raises:
        InputMissingError: there is none.
        InputError: it is another one.
    """
    if not path.is_file():
        raise InputMissingError(f"{path} is not there, and {record} lists it.", _REMEDY, where=path)
    found = path.stat().st_size
    if found != listed.bytes or sha256_of(path) != listed.sha256:
        raise InputError(
            f"{path} is not the file that {record} lists: it was changed, or belongs to another run.",
            _REMEDY,
            where=path,
        )
