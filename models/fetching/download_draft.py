"""Part of a file that is still on its way, beside the name it will have."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import msgspec

from landslip.runtime.access.location import exists
from landslip.runtime.errors import OutputError
from landslip.runtime.run.hidden_folder import check_folder
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.drafts import give_name, write_file
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.safe_writing import open_safely

_LONGEST = 1 << 17
"""Bytes of a note of the version that are read at the most."""


class _Origin(msgspec.Struct, frozen=True):
    """Note of the version that the bytes are from."""

    url_sha256: str
    """Digest of its address, which may hold a password."""
    validator: str | None
    """Name of the version for its server."""


class DownloadDraft(Closing):
    """``NAME.partial``, and in ``NAME.partial.json`` which version of the file its bytes are from.

    No other process can write it as long as it is open. What is there when it is closed stays, to go on from. Every
    method raises OSError where it cannot be written.
    """

    def __init__(self, final: Path) -> None:
        """Open it, or begin it.

        Args:
            final: the name the file will have; its folder is made if needed.

        Raises:
            UsageError: its folder could not be one.
            OutputError: another process writes it.
            OSError: it cannot be opened.
        """
        self.final = final
        self.path = final.with_name(f"{final.name}.partial")
        self._origin_file = final.with_name(f"{final.name}.partial.json")
        check_folder(final.parent)
        self._made_folder = not exists(final.parent)
        final.parent.mkdir(parents=True, exist_ok=True)
        file = open_locked(self.path)
        if file is None:
            raise OutputError(
                f"{self.path} is being written by another process.",
                "Wait for it, or choose another folder with `to`.",
                where=self.path,
                option="to",
                retryable=True,
            )
        self._file = file
        self.size = file.seek(0, os.SEEK_END)
        """Number of bytes that are there."""

    def validator(self, url: str) -> str | None:
        """Name of the version its bytes are from, for the server at ``url``, if they are from there."""
        try:
            with open_safely(self._origin_file, "r+b") as stream:
                origin = msgspec.json.decode(stream.read(_LONGEST), type=_Origin)
        except (OSError, ValueError, RecursionError):  # those of msgspec are ValueErrors
            return None
        return origin.validator if origin.url_sha256 == _digest(url) else None

    def begin(self, start: int, url: str, validator: str | None) -> None:
        """Keep the first ``start`` bytes; what is written from now on is of this version at this address."""
        self._truncate(start)
        write_file(self._origin_file, msgspec.json.encode(_Origin(_digest(url), validator)) + b"\n")

    def write(self, chunk: bytes) -> None:
        """Append."""
        rest = memoryview(chunk)
        while rest:
            count = self._file.write(rest)
            self.size += count
            rest = rest[count:]

    def discard(self) -> None:
        """Drop every byte."""
        self._truncate(0)

    def publish(self) -> None:
        """Give the file its final name, and close it."""
        if os.name == "nt":
            self._file.close()  # Windows renames no open file
        give_name(self.path, self.final)
        self._origin_file.unlink(missing_ok=True)
        self._file.close()

    def close(self) -> None:
        """Let go of it. An empty one is not kept, nor a folder made for it."""
        if self._file.closed:
            return
        with contextlib.suppress(OSError):
            if not self.size:
                self._origin_file.unlink(missing_ok=True)
                self.path.unlink()
                if self._made_folder:
                    self.final.parent.rmdir()
        self._file.close()

    def _truncate(self, size: int) -> None:
        self._file.truncate(size)
        self.size = size


def _digest(url: str) -> str:
    """Digest that stands for an address."""
    return hashlib.sha256(url.encode("utf-8", "surrogateescape")).hexdigest()
