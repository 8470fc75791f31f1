"""Inputs that are at the end of a run what they were at its beginning: a map of two versions of a file is of none."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.access.location import is_networked, shown
from landslip.runtime.access.web import version_of
from landslip.runtime.errors import InputChangedError, InputError
from landslip.runtime.imagery.acquisition_dates import with_times
from landslip.runtime.inputs.hashed_files import decisive_files, hashed_file
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.run_record import Record, describe_inputs
from landslip.runtime.rasters.content_digest import content_digest
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system import stopping
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.digests import sha256_of, side_by_side
from landslip.runtime.system.stages import threads_start

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Local:
    """A local file as it was found."""

    path: Path
    sha256: str
    state: tuple[int, int, int] | None
    """Length, time of change, and number on its disk; None where the system did not say."""


class Unchanged:
    """State of the files of a scene when they were opened.

    A local file whose length, time or place on the disk differs is read again: its content is what counts. Of one on a
    web server, what the server says of its version counts, where it says anything.
    """

    def __init__(self, files: SceneFiles, inputs: Sequence[Mapping[str, Any]], parts: Mapping[Path, str]) -> None:
        """Remember the files.

        Args:
            files: the scene.
            inputs: the ``inputs`` of its run record, in the order of :meth:`SceneFiles.roles`.
            parts: SHA-256 of each local file that its files refer to.
        """
        pairs = list(zip(files.roles(), inputs, strict=True))
        hashed = [(hashed_file(*given), entry["sha256"]) for given, entry in pairs if entry["sha256"]]
        local = {path: sha256 for path, sha256 in (*hashed, *parts.items()) if path is not None}
        self.local = [_Local(path, sha256, _state_of(path)) for path, sha256 in local.items()]
        # Nobody but landslip can write to what was copied.
        self._held = [
            (location, entry["sha256"])
            for (_, location), entry in pairs
            if isinstance(location, HeldRaster) and not location.snapshot
        ]
        self._remote = [(location, entry["version"]) for (_, location), entry in pairs if entry.get("version")]

    def check(self) -> None:
        """Compare them with what is there now.

        Raises:
            InputChangedError: a file is not what it was.
        """
        for file in self.local:
            if _state_of(file.path) != file.state and _digest(file.path) != file.sha256:
                raise _changed(str(file.path), "")
        for held, sha256 in self._held:
            if content_digest(held) != sha256:
                raise _changed(held, "")
        for location, version in self._remote:
            if not is_networked(location):
                continue
            found = version_of(location)
            if found is None:
                log.warning("%s: the server does not say any more whether the file is as it was.", shown(location))
            elif found != version:
                raise _changed(shown(location), f" (it was {_said(version)}, and is {_said(found)})")


@dataclass(frozen=True)
class HashedInputs:
    """The files of a scene as they were found, by their content."""

    records: list[Record]
    """The ``inputs`` of the run record, in the order of :meth:`SceneFiles.roles`."""
    parts: dict[Path, str]
    """SHA-256 of each local file that they refer to, or that is read of a product besides."""
    unchanged: Unchanged
    """Tells later whether they are what they were."""
    digests: Mapping[str, str]
    """SHA-256 of each local file by its path."""

    @classmethod
    def of(cls, files: SceneFiles, scene: Scene, stop: Event | None = None) -> HashedInputs:
        """Read all files of an opened scene.

        Args:
            files: the scene.
            scene: as it was opened.
            stop: set to end early; the checksums are none then.

        Raises:
            InputError: a file cannot be read.
        """
        stop = stop or Event()
        records = with_times(describe_inputs(files, stop), scene.times)
        hashed = {hashed_file(*given) for given in files.roles()}
        found = dict.fromkeys((*scene.parts, *scene.files, *decisive_files(files)))
        others = [path for path in found if path not in hashed]
        parts = dict(zip(others, side_by_side(sha256_of, others, stop), strict=True))
        unchanged = Unchanged(files, records, parts)
        return cls(records, parts, unchanged, {str(file.path): file.sha256 for file in unchanged.local})

    def by_content(self, facts: Any) -> Any:
        """Facts on how files are read, with checksums for the names of local files, wherever these lie."""
        if isinstance(facts, Mapping):
            return {
                key: self._content_of(value) if key == "file" else self.by_content(value)
                for key, value in facts.items()
            }
        return [self.by_content(value) for value in facts] if isinstance(facts, list | tuple) else facts

    def _content_of(self, file: str) -> str:
        # Of an archive the checksum is among the parts, and the name in it tells the file.
        return self.digests.get(file) or (file if is_networked(file) else re.split(r"[/\\]", file)[-1])


class InputHashing(Closing):
    """Checksums of the files of an opened scene that are taken on threads of their own, while its model is loaded.

    A context: whoever leaves it gives up what is not done.
    """

    def __init__(self, files: SceneFiles, scene: Scene) -> None:
        """Begin.

        Raises:
            ResourceError: the system starts no more threads.
        """
        self._stop = Event()
        self._pool = ThreadPoolExecutor(1, "landslip-checksums", stopping.heed, (stopping.current(),))
        with threads_start():
            self._hashed = self._pool.submit(HashedInputs.of, files, scene, self._stop)

    def result(self) -> HashedInputs:
        """Wait for them.

        Raises:
            InputError: a file cannot be read.
        """
        with self:
            return self._hashed.result()

    def close(self) -> None:
        """End."""
        self._stop.set()
        self._pool.shutdown()


def _changed(name: str, how: str) -> InputChangedError:
    return InputChangedError(
        f"{name} was changed while it was being mapped{how}: the map would be of two files. Nothing is kept of it.",
        "Map again when the file is complete.",
        where=name,
    )


def _state_of(path: Path) -> tuple[int, int, int] | None:
    with contextlib.suppress(OSError):
        found = path.stat()
        return found.st_size, found.st_mtime_ns, found.st_ino
    return None


def _digest(path: Path) -> str | None:
    with contextlib.suppress(InputError):
        return sha256_of(path)
    return None


def _said(version: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in version.items())
