"""What there is of a file that is still on its way, beside the name it will have."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landslip.runtime.access.location import exists
from landslip.runtime.errors import OutputError
from landslip.runtime.run.workspace import check_folder
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.safe_writing import write_anew


class Partial(Closing):
    """``NAME.partial``, and in ``NAME.partial.json`` which version of the file its bytes are from.

    No other process can write it as long as it is open. What is there when it is closed stays, to go on from.
    """

    def __init__(self, final: Path) -> None:
        """Open it, or begin it.

        Args:
            final: the name the file will have; its folder is made if needed.

        Raises:
            UsageError: its folder could not be one.
            OutputError: it cannot be written, or another process writes it.
        """
        self.final = final
        self.path = final.with_name(f"{final.name}.partial")
        self._origin = final.with_name(f"{final.name}.partial.json")
        check_folder(final.parent)
        self._made_folder = not exists(final.parent)
        with self._writing():
            final.parent.mkdir(parents=True, exist_ok=True)
            file = open_locked(self.path)
        if file is None:
            raise OutputError(
                f"{self.path} is being written by another process. Wait for it, or choose another folder with `to`."
            )
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        """Bytes there are."""

    def validator(self, url: str) -> str | None:
        """What names to the server at ``url`` the version its bytes are from, if they are from there."""
        try:
            origin = json.loads(self._origin.read_text(encoding="utf-8"))
            known = origin["validator"] if origin["url_sha256"] == _digest(url) else None
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return known if isinstance(known, str) else None

    def begin(self, start: int, url: str, validator: str | None) -> None:
        """Keep the first ``start`` bytes; what is written from now on is of this version at this address."""
        with self._writing():
            self._file.truncate(start)
            self.size = start
            origin = {"url_sha256": _digest(url), "validator": validator}
            write_anew(self._origin, json.dumps(origin) + "\n")

    def write(self, chunk: bytes) -> None:
        """Append."""
        rest = memoryview(chunk)
        with self._writing():
            while rest:
                count = self._file.write(rest)
                self.size += count
                rest = rest[count:]

    def discard(self) -> None:
        """Drop every byte."""
        with self._writing():
            self._file.truncate(0)
            self.size = 0

    def publish(self) -> None:
        """Give the file its final name, and close it."""
        with self._writing():
            os.fsync(self._file.fileno())
            if os.name == "nt":
                self._file.close()  # Windows renames no open file
            self.path.replace(self.final)
            self._origin.unlink(missing_ok=True)
        self._file.close()

    def close(self) -> None:
        """Let go of it. An empty one is not kept, nor a folder made for it."""
        if self._file.closed:
            return
        with contextlib.suppress(OSError):
            if not self.size:
                self._origin.unlink(missing_ok=True)
                self.path.unlink()
                if self._made_folder:
                    self.final.parent.rmdir()
        self._file.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written ({error.strerror}). Check the folder and its space."
            ) from error


def _digest(url: str) -> str:
    """Stands for an address, which may hold a password."""
    return hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()
