"""Downloads a published file: resumed where it broke off, named only once it is proven to be the published file."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from landslip.models.fetching.http import Answer, DroppedError, UnreachableError, opened, shown_url
from landslip.models.fetching.partial import Partial
from landslip.runtime.access.location import exists
from landslip.runtime.errors import FetchError, ModelError, OutputError, UsageError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.progress import NoProgress, Progress
from landslip.runtime.untrusted.file_kinds import kind_of_head

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0
"""Seconds."""


@dataclass(frozen=True)
class Patience:
    """How long a bad connection is put up with."""

    timeout: float = 30.0
    """Seconds without a byte after which a connection counts as dropped."""
    attempts: int = 5
    """Attempts in a row that bring nothing new before giving up."""
    pause: float = 1.0
    """Seconds before the second attempt; twice as long before each one after it, up to half a minute."""


@dataclass(frozen=True)
class Fetched:
    """A file that is the published one."""

    path: Path
    """Where it is."""
    url: str
    """Where it comes from, without user, password and query."""
    received: int
    """Bytes that were downloaded now; 0 where it was there already."""


class Published(Protocol):
    """A file that others have published: where it is and how to know it."""

    @property
    def name(self) -> str:
        """What a user names to have it."""
        ...

    @property
    def url(self) -> str:
        """Its address."""
        ...

    @property
    def size(self) -> int:
        """Its length in bytes."""
        ...

    @property
    def sha256(self) -> str:
        """Its digest, 64 lower-case hexadecimal digits."""
        ...

    @property
    def file(self) -> str:
        """Its name on the disk."""
        ...


def fetch_file(
    published: Published,
    folder: Path,
    *,
    to: Path | None = None,
    url: str | None = None,
    overwrite: bool = False,
    patience: Patience | None = None,
    progress: Progress | None = None,
) -> Fetched:
    """Have a published file in a folder.

    A file that is there already is checked and kept. What an earlier attempt left is gone on from. The file appears
    under its name once its length and SHA-256 are those of the registry.

    Args:
        published: the file.
        folder: made if needed.
        to: the folder a user has given, for messages; None for ``folder``.
        url: of another copy, HTTP or HTTPS.
        overwrite: replace a file of that name which is another one.
        patience: how long to put up with a bad connection.
        progress: is told of the bytes as they come.

    Raises:
        UsageError: another file has that name, or the address is none.
        FetchError: it cannot be downloaded; what was received is kept.
        ModelError: the address has another file.
        OutputError: it cannot be written, or another process is writing it.
    """
    source = published.url if url is None else url
    final = folder / published.file
    if _is_there(published, final, overwrite=overwrite):
        log.info("%s is there already, and is the published file", final)
        return Fetched(final, shown_url(source), 0)
    with Partial(final) as partial:
        patience, progress = patience or Patience(), progress or NoProgress()
        download = _Download(published, source, partial, patience, progress, to or folder)
        download.run()
        _check_digest(published, source, partial)
        partial.publish()
    return Fetched(final, shown_url(source), download.received)


class _Download:
    """The way of one file, over as many connections as it takes."""

    def __init__(
        self, published: Published, url: str, partial: Partial, patience: Patience, progress: Progress, to: Path
    ) -> None:
        self._to = to
        self._published, self._url, self._partial = published, url, partial
        self._patience, self._progress = patience, progress
        self._failures = 0
        self._furthest = partial.size
        self.received = 0

    def run(self) -> None:
        """Have every byte."""
        try:
            self._go_on()
        except KeyboardInterrupt:
            log.warning("%s", self._kept())
            raise

    def _go_on(self) -> None:
        if self._partial.size > self._published.size:
            self._partial.discard()
        elif self._partial.size:
            log.info("%s is there: going on from it", self._partial.path)
        while self._partial.size < self._published.size:
            _check_space(self._partial, self._published.size - self._partial.size)
            try:
                self._attempt()
            except DroppedError as error:
                self._bear(error)

    def _attempt(self) -> None:
        """One connection, as far as it goes."""
        start = self._partial.size
        with opened(self._url, start, self._partial.validator(self._url), self._patience.timeout) as answer:
            head = next(answer.chunks, b"")
            # Before anything that was received earlier is given up for this.
            _check_answer(self._published, self._url, answer, head)
            if answer.start < start:
                log.info("%s: the server sends it from byte %d again", self._published.file, answer.start)
            self._partial.begin(answer.start, self._url, answer.validator)
            self._receive(chain([head], answer.chunks))
        if self._partial.size < self._published.size:
            raise DroppedError(f"{shown_url(self._url)}: the server ended the file early")

    def _receive(self, chunks: Iterator[bytes]) -> None:
        self._progress.start(self._published.file, self._published.size - self._partial.size, "byte")
        try:
            for chunk in chunks:
                self._partial.write(chunk)
                self.received += len(chunk)
                self._progress.advance(len(chunk))
                if self._partial.size > self._published.size:
                    self._partial.discard()
                    raise ModelError(_not_it(self._published, self._url, f"more than {self._published.size} bytes"))
        finally:
            self._progress.finish()

    def _bear(self, error: DroppedError) -> None:
        """Wait for the next attempt, or give up."""
        if isinstance(error, UnreachableError) and not self.received:
            raise FetchError(f"{error}. {_by_hand(self._published, self._partial, self._to)}") from error
        # Bytes received a second time are no progress: a server that begins anew each time would go on for ever.
        self._failures = 0 if self._partial.size > self._furthest else self._failures + 1
        self._furthest = max(self._furthest, self._partial.size)
        if self._failures >= self._patience.attempts:
            raise FetchError(f"{error}; given up after {self._failures} attempts that brought nothing. {self._kept()}")
        pause = max(error.wait, min(self._patience.pause * 2.0 ** max(0, self._failures - 1), _LONGEST_PAUSE))
        log.warning("%s; trying again in %.0f s", error, pause)
        time.sleep(pause)

    def _kept(self) -> str:
        have, want = self._partial.size, self._published.size
        if not have:
            return "Nothing was received."
        return f"{self._partial.path} holds {have} of {want} bytes: the same command goes on from there."


def _is_there(published: Published, final: Path, *, overwrite: bool) -> bool:
    if not exists(final):
        return False
    if final.is_dir():
        raise UsageError(f"{final} is a folder. Choose another folder with `to`.")
    size, digest = final.stat().st_size, sha256_of(final)
    if digest == published.sha256:
        return True
    if overwrite:
        return False
    raise UsageError(
        f"{final} is not the published file: it has {size} bytes and SHA-256 {digest}, and not {published.size} and "
        f"{published.sha256}. Add overwrite=True to replace it, or choose another folder with `to`."
    )


def _check_space(partial: Partial, wanted: int) -> None:
    free = shutil.disk_usage(partial.path.parent).free
    if free < wanted:
        raise OutputError(
            f"{partial.path.parent} has {free / 1e6:.0f} MB free, and {wanted / 1e6:.0f} MB are missing of "
            f"{partial.final.name}. Make room, or choose another folder with `to`."
        )


def _check_answer(published: Published, url: str, answer: Answer, head: bytes) -> None:
    """Tell what is certainly another file by its length or its first bytes."""
    kind = kind_of_head(head) if answer.start == 0 else "other"
    if kind in {"web page", "git-lfs pointer"}:
        raise ModelError(_not_it(published, url, f"a {kind}"))
    if answer.total not in (None, published.size):
        raise ModelError(_not_it(published, url, f"{answer.total} bytes and not {published.size}"))


def _check_digest(published: Published, url: str, partial: Partial) -> None:
    digest = sha256_of(partial.path)
    if digest != published.sha256:
        partial.discard()
        raise ModelError(_not_it(published, url, f"SHA-256 {digest} and not {published.sha256}; it was removed"))


def _not_it(published: Published, url: str, found: str) -> str:
    return (
        f"{shown_url(url)} is not the published {published.file}: it is {found}. "
        "Try again, from another network or another copy with `url`."
    )


def _by_hand(published: Published, partial: Partial, to: Path) -> str:
    return (
        f"Without a connection, bring {published.url} ({published.size} bytes, SHA-256 {published.sha256}) here as "
        f"{partial.final}; landslip fetch {published.name} --to {to} then checks it. "
        "Behind a proxy, set the environment variable https_proxy."
    )
