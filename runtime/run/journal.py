"""The journal of a run: what it makes, and how far it is, so that another run can go on from there.

Lines of JSON. The first says what decides the result; each later one is a checkpoint, written after the rows it counts
have reached the disk. A line that a crash has torn is none, and a checkpoint whose rows are not there does not count.

How far a run is (:class:`~landslip.runtime.run.run_state.RunState`) is not how it is written; :class:`JournalLine`
alone knows both.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.run.plain_bytes import unwritable, write_all
from landslip.runtime.run.product_names import JOURNAL
from landslip.runtime.run.run_state import RunState
from landslip.runtime.system.drafts import PARTIAL
from landslip.runtime.system.safe_writing import clear_name, open_safely
from landslip.runtime.untrusted.typed_values import UnfitError, typed

_MOST = 64 << 20
"""Bytes of a journal that are read: far more than one has."""


_Count = Annotated[int, Meta(ge=0)]


@dataclass(frozen=True)
class Checkpoint:
    """A state of a run that is on the disk, and by what it is known again there."""

    state: RunState = field(default_factory=RunState)
    """State that the run has reached."""
    checksum: int = 0
    """CRC-32 of the rows of the map that are finished."""
    pictures: int = 0
    """CRC-32 of the small pictures of the images in them."""
    classes: int = 0
    """CRC-32 of the classes of these rows; 0 where none are told apart."""


@dataclass(frozen=True)
class JournalLine:
    """A checkpoint as it is written: damage that an earlier line tells is left out."""

    rows: _Count = 0
    checksum: _Count = 0
    pictures: _Count = 0
    tile_rows: _Count = 0
    predicted: _Count = 0
    skipped: _Count = 0
    damaged: tuple[Any, ...] = ()
    classes: _Count = 0

    @classmethod
    def of(cls, checkpoint: Checkpoint, before: Sequence[Any]) -> JournalLine:
        """The line of a checkpoint after lines that tell of the damage ``before``."""
        state, told = checkpoint.state, {_place(entry) for entry in before}
        fresh = tuple(entry for entry in state.damaged if _place(entry) not in told)
        return cls(
            rows=state.rows,
            checksum=checkpoint.checksum,
            pictures=checkpoint.pictures,
            tile_rows=state.tile_rows,
            predicted=state.predicted,
            skipped=state.skipped,
            damaged=fresh,
            classes=checkpoint.classes,
        )

    def checkpoint(self, before: Sequence[Any]) -> Checkpoint:
        """The checkpoint that it stands for after such lines."""
        damaged = merged(before, self.damaged)
        state = RunState(self.rows, self.tile_rows, self.predicted, self.skipped, damaged)
        return Checkpoint(state, self.checksum, self.pictures, self.classes)


@dataclass(frozen=True)
class Journal:
    """A journal file."""

    path: Path
    """Path of the journal."""
    identity: Mapping[str, Any] = field(default_factory=dict)
    """Facts that decide the result: plain JSON values."""

    def begin(self) -> None:
        """Start anew.

        Raises:
            OutputError: it cannot be written.
        """
        self._write({"landslip": "run", "identity": self.identity}, anew=True)

    def add(self, checkpoint: Checkpoint, before: Sequence[Any] = ()) -> None:
        """Add a checkpoint, and wait until the disk has it.

        Args:
            checkpoint: how far the run is.
            before: what earlier lines say of damage already, and this one does not repeat.

        Raises:
            OutputError: it cannot be written.
        """
        line = asdict(JournalLine.of(checkpoint, before))
        self._write({name: value for name, value in line.items() if name != "classes" or value})

    def checkpoints(self) -> list[Checkpoint] | None:
        """The checkpoints of an earlier run of the same, in order; None if there was none.

        Raises:
            UsageError: the earlier run was of something else.
        """
        lines = list(_lines(self.path))
        if not lines or "identity" not in lines[0]:
            return None
        if differences := list(_differences(lines[0]["identity"], json.loads(json.dumps(self.identity)))):
            raise UsageError(
                f"output: {self.path.parent.parent} holds a run that is not finished, of something else: "
                f"{'; '.join(differences)}.",
                "Give what it was started with, or add overwrite=True to start anew.",
                option="out",
            )
        found: list[Checkpoint] = []
        for line in filter(None, map(_line, lines[1:])):
            found.append(line.checkpoint(found[-1].state.damaged if found else ()))
        return found

    def _write(self, entry: Mapping[str, Any], *, anew: bool = False) -> None:
        # On a line of its own even where a crash has torn the one before.
        line = ("" if anew else "\n") + json.dumps(entry) + "\n"
        try:
            if anew:
                clear_name(self.path)
            with open_safely(self.path, "a+b") as stream:
                write_all(stream, memoryview(line.encode()))
                os.fsync(stream.fileno())
        except OSError as error:
            raise unwritable(self.path, error) from error


def identity_begun(out: Path) -> dict[str, Any] | None:
    """Facts that decide the result of the unfinished run in a folder of results; None if there is none.

    Raises:
        OutputError: its journal cannot be read.
    """
    first = next(_lines(out / PARTIAL / JOURNAL), {})
    identity = first.get("identity")
    return identity if isinstance(identity, dict) else None


def merged(before: Sequence[Any], now: Sequence[Any]) -> tuple[Any, ...]:
    """Findings of before and of now, each once."""
    found = {_place(entry): entry for entry in (*now, *before)}
    return tuple(found[key] for key in sorted(found))


def _place(entry: Any) -> str:
    """Part of the file that an entry is about; the words for why may differ."""
    known = entry if isinstance(entry, dict) else {}
    return json.dumps([known.get(key) for key in ("role", "path", "rows", "cols")])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"{path} cannot be read ({error.strerror}).", "Check the disk.", where=path) from error
    for line in content.decode(errors="replace").split("\n"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(entry, dict):
            yield entry


def _line(entry: dict[str, Any]) -> JournalLine | None:
    try:
        line: JournalLine = typed(entry, JournalLine)
    except UnfitError:
        return None
    return line


def _differences(before: Any, now: Any, where: str = "") -> Iterator[str]:
    """Differences between two trees of plain values, in words."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            yield from _differences(before.get(key), now.get(key), f"{where} {key}".strip())
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for one, other in zip(before, now, strict=True):
            yield from _differences(one, other, where)
    elif json.dumps(before) != json.dumps(now):  # so that NaN is what it was
        yield f"{where} was {_short(before)} and is {_short(now)}"


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
