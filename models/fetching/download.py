"""Download of a published file over as many connections as it takes, each going on where the one before broke off."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from landslip.models.fetching.download_draft import DownloadDraft
from landslip.models.fetching.http import Answer, DroppedError, UnreachableError, opened
from landslip.models.registry.published_file import PublishedFile
from landslip.runtime.access.location import shown
from landslip.runtime.errors import FetchError, ModelError, OutputError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.progress import Progress
from landslip.runtime.untrusted.file_kinds import kind_of_head

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 30.0
"""Seconds between two attempts at the most, unless a server asks for more."""


@dataclass(frozen=True)
class Patience:
    """Limits up to which a bad connection is put up with."""

    timeout: float = 30.0
    """Seconds without a byte after which a connection counts as dropped."""
    attempts: int = 5
    """Attempts in a row that bring nothing new before giving up."""
    pause: float = 1.0
    """Seconds before the second attempt; twice as long before each one after it, up to half a minute."""


class Download:
    """One file on its way."""

    def __init__(
        self, published: PublishedFile, url: str, draft: DownloadDraft, patience: Patience, progress: Progress, to: Path
    ) -> None:
        """Prepare it; nothing is asked for yet.

        Args:
            published: the file.
            url: of the copy that is asked for it.
            draft: takes the bytes, and holds those of earlier attempts.
            patience: how long to put up with a bad connection.
            progress: is told of the bytes as they come.
            to: the folder a user has given, for messages.
        """
        self._published, self._url, self._draft = published, url, draft
        self._patience, self._progress, self._to = patience, progress, to
        self._failures = 0
        self._furthest = draft.size
        self.received = 0
        """Bytes that came, some of them perhaps again."""

    def run(self) -> None:
        """Have every byte, and prove that they are those of the published file.

        Raises:
            UsageError: the address is none.
            FetchError: it cannot be downloaded; what was received is kept.
            ModelError: the address has another file.
            OSError: it cannot be written.
        """
        if self._missing < 0:
            self._draft.discard()
        elif self._draft.size:
            log.info("%s is there: going on from it", self._draft.path)
        try:
            while self._missing:
                self._check_space()
                try:
                    self._attempt()
                except DroppedError as error:
                    self._bear(error)
        except KeyboardInterrupt:
            log.warning("%s", self._kept())
            raise
        digest = sha256_of(self._draft.path)
        if digest != self._published.sha256:
            self._draft.discard()
            raise self._other(f"SHA-256 {digest} and not {self._published.sha256}; it was removed")

    @property
    def _missing(self) -> int:
        """Number of bytes; negative where there are too many."""
        return self._published.size - self._draft.size

    def _attempt(self) -> None:
        """One connection, as far as it goes."""
        start = self._draft.size
        with opened(self._url, start, self._draft.validator(self._url), self._patience.timeout) as answer:
            head = next(answer.chunks, b"")
            # Before anything that was received earlier is given up for this.
            self._check_answer(answer, head)
            if answer.start < start:
                log.info("%s: the server sends it from byte %d again", self._published.file, answer.start)
            self._draft.begin(answer.start, self._url, answer.validator)
            self._receive(chain([head], answer.chunks))
        if self._missing:
            where = shown(self._url)
            raise DroppedError(f"{where}: the server ended the file early", where=where)

    def _receive(self, chunks: Iterator[bytes]) -> None:
        self._progress.start(self._published.file, self._missing, "byte")
        try:
            for chunk in chunks:
                self._draft.write(chunk)
                self.received += len(chunk)
                self._progress.advance(len(chunk))
                if self._missing < 0:
                    self._draft.discard()
                    raise self._other(f"more than {self._published.size} bytes")
        finally:
            self._progress.finish()

    def _bear(self, error: DroppedError) -> None:
        """Wait for the next attempt, or give up."""
        if isinstance(error, UnreachableError) and not self.received:
            raise FetchError(f"{error}.", self._by_hand(), where=error.where, retryable=True) from error
        # Bytes received a second time are no progress: a server that begins anew each time would go on for ever.
        self._failures = 0 if self._draft.size > self._furthest else self._failures + 1
        self._furthest = max(self._furthest, self._draft.size)
        if self._failures >= self._patience.attempts:
            what = f"{error}; given up after {self._failures} attempts that brought nothing."
            raise FetchError(what, self._kept(), where=error.where, retryable=True)
        pause = max(error.wait, min(self._patience.pause * 2.0 ** max(0, self._failures - 1), _LONGEST_PAUSE))
        log.warning("%s; trying again in %.0f s", error, pause)
        time.sleep(pause)

    def _check_space(self) -> None:
        folder = self._draft.path.parent
        free = shutil.disk_usage(folder).free
        if free < self._missing:
            raise OutputError(
                f"{folder} has {free / 1e6:.0f} MB free, and {self._missing / 1e6:.0f} MB are missing of "
                f"{self._published.file}.",
                "Make room, or choose another folder with `to`.",
                where=folder,
                option="to",
                retryable=True,
            )

    def _check_answer(self, answer: Answer, head: bytes) -> None:
        """Tell what is certainly another file by its length or its first bytes."""
        kind = kind_of_head(head) if answer.start == 0 else "other"
        if kind in {"web page", "git-lfs pointer"}:
            raise self._other(f"a {kind}")
        if answer.total not in (None, self._published.size):
            raise self._other(f"{answer.total} bytes and not {self._published.size}")

    def _other(self, found: str) -> ModelError:
        return ModelError(
            f"{shown(self._url)} is not the published {self._published.file}: it is {found}.",
            "Try again, from another network or another copy with `url`.",
            where=shown(self._url),
            option="url",
        )

    def _kept(self) -> str:
        have, want = self._draft.size, self._published.size
        if not have:
            return "Nothing was received."
        return f"{self._draft.path} holds {have} of {want} bytes: the same command goes on from there."

    def _by_hand(self) -> str:
        published = self._published
        return (
            f"Without a connection, bring {published.url} ({published.size} bytes, SHA-256 {published.sha256}) here as "
            f"{self._draft.final}; landslip fetch {published.name} --to {self._to} then checks it. "
            "Behind a proxy, set the environment variable https_proxy."
        )
