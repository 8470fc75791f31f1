"""The user's own cache of engines and timings: the only place that engines are run from.

A TensorRT engine is executable content, and fits one build of TensorRT, one GPU and one driver. So it is kept with its
key and digest where only the user can write, and everything else is refused.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.engines.tensor_rt.engine_record import SUFFIX, EngineKey, EngineRecord, read_engine_record
from landslip.runtime.errors import EngineError, InputMissingError, ModelError, OutputError
from landslip.runtime.system.drafts import write_file
from landslip.runtime.system.private_files import UntrustedError, check_folder, make_private_folder, read_private_file

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CachedEngine:
    """An engine of the cache."""

    path: Path
    """The file."""
    record: EngineRecord
    """Record of the engine."""
    plan: bytes = field(repr=False)
    """Content of the engine, read and checked."""


class EngineCache:
    """Engines by key, in a folder that only the user can write."""

    def __init__(self, folder: Path | None = None) -> None:
        """Name a cache; nothing is made before something is stored.

        Args:
            folder: by default the one in the user's cache folder.
        """
        self.folder = folder or platformdirs.user_cache_path("landslip") / "tensorrt"

    def path(self, key: EngineKey) -> Path:
        """Path of the engine of a key."""
        return self.folder / f"{key.digest}{SUFFIX}"

    def find(self, key: EngineKey) -> CachedEngine | None:
        """The engine of a key, or None: then it has to be built, and is stored in the place of what could not be used.

        Raises:
            EngineError: others can write into the folder.
        """
        if not self.folder.exists():
            return None
        self._check_folder()
        path = self.path(key)
        try:
            return _checked(path, key)
        except FileNotFoundError:
            return None
        except UntrustedError as error:
            log.warning("The engine %s %s, and is built again", path, error)
            return None

    def load(self, path: Path) -> CachedEngine:
        """The engine in a file that the user names.

        Raises:
            InputMissingError: there is no such file.
            ModelError: it is not from this cache, or not what was stored in it.
            EngineError: others can write into the folder.
        """
        if not path.exists():
            raise InputMissingError(
                f"model: {path} does not exist.", "Check the path, or give the ONNX file.", where=path, option="model"
            )
        if path.parent.resolve() != self.folder.resolve():
            raise ModelError(
                f"model: {path} is a TensorRT engine from elsewhere. Engines are programs, and fit one GPU, driver "
                "and TensorRT; landslip runs only those it has built itself.",
                "Give the ONNX file with `engine` tensorrt.",
                where=path,
                option="model",
            )
        self._check_folder()
        key = read_engine_record(path).key
        try:
            return _checked(path, key)
        except UntrustedError as error:
            raise ModelError(
                f"model: {path} {error}.", "Give the ONNX file it was built from instead.", where=path, option="model"
            ) from error

    def store(self, plan: bytes, record: EngineRecord) -> CachedEngine:
        """Keep an engine. It gets its name when it is complete, and its record last.

        Raises:
            EngineError: others can write into the folder.
            OutputError: the folder cannot be written.
        """
        path = self.path(record.key)
        with self._writing():
            record_path(path).unlink(missing_ok=True)
            write_file(path, plan, private=True)
            write_file(record_path(path), record.to_json(), private=True)
        return CachedEngine(path, record, plan)

    def timings(self, key: EngineKey) -> bytes:
        """Timings that earlier builds on this machine have measured; empty if there is nothing."""
        path = self._timings_path(key)
        try:
            check_folder(self.folder)
            return read_private_file(path)
        except FileNotFoundError:
            return b""
        except UntrustedError as error:
            log.warning("The timings of earlier builds are not used: %s %s", path, error)
            return b""

    def save_timings(self, key: EngineKey, timings: bytes) -> None:
        """Keep what a build has measured for the next one.

        Raises:
            EngineError: others can write into the folder.
            OutputError: the folder cannot be written.
        """
        with self._writing():
            write_file(self._timings_path(key), timings, private=True)

    def _timings_path(self, key: EngineKey) -> Path:
        return self.folder / f"{key.machine}.timings"

    def _check_folder(self) -> None:
        try:
            check_folder(self.folder)
        except UntrustedError as error:
            raise EngineError(self._refusal(error)) from error

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            make_private_folder(self.folder)
            yield
        except UntrustedError as error:
            raise EngineError(self._refusal(error)) from error
        except OSError as error:
            raise OutputError(
                f"{self.folder} cannot be written ({error.strerror}).",
                "Free some space, or set XDG_CACHE_HOME to a folder of your own.",
                where=self.folder,
            ) from error

    def _refusal(self, error: UntrustedError) -> str:
        return (
            f"The folder of TensorRT engines {self.folder} {error}, and engines are programs. Make it your own "
            "(chown, chmod 700), or delete it."
        )


def _checked(path: Path, key: EngineKey) -> CachedEngine:
    """Read an engine and its record, and make sure that they belong together and to a key.

    Raises:
        FileNotFoundError: one of them is not there.
        UntrustedError: they do not, or cannot be trusted.
    """
    where = record_path(path)
    try:
        record = EngineRecord.from_json(read_private_file(where).decode(), str(where))
    except (ModelError, UnicodeDecodeError) as error:
        raise UntrustedError("has a damaged record") from error
    plan = read_private_file(path)
    if record.key != key or path.name != f"{key.digest}{SUFFIX}":
        raise UntrustedError("was built for something else than its name says")
    if hashlib.sha256(plan).hexdigest() != record.sha256:
        raise UntrustedError("is not what was stored (its SHA-256 differs from its record's)")
    return CachedEngine(path, record, plan)
