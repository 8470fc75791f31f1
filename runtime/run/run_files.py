"""Work of a run so far, on the disk: rows, small pictures, and the journal that says how far both are."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from landslip.runtime.errors import InputChangedError, LandslipError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.overviews import mode_rows
from landslip.runtime.products.thumbnails import Thumbnails
from landslip.runtime.products.tracing import Strip
from landslip.runtime.run.journal import Checkpoint, Journal
from landslip.runtime.run.pictures_file import ThumbnailFile
from landslip.runtime.run.product_names import CLASS_ROWS, JOURNAL, PICTURES, ROWS
from landslip.runtime.run.rows_file import RowsFile
from landslip.runtime.run.run_state import RunState
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.endings import Will, bequeath

log = logging.getLogger(__name__)

INTERVAL = 2.0
"""Seconds between checkpoints at the least; a crash costs what came after the last, and the tiles reaching over it."""


class RunFiles(Closing):
    """Keeps finished rows so that a later run can go on after them."""

    def __init__(
        self,
        work: Workspace,
        grid: MapGrid,
        thumbnails: Thumbnails,
        images: Sequence[str],
        identity: Mapping[str, Any],
        *,
        has_classes: bool = False,
    ) -> None:
        """Open the working files, and take over what an unfinished run of the same has left in them.

        Args:
            work: where they lie.
            grid: the map.
            thumbnails: small pictures of the map, which are kept too.
            images: those of the scene.
            identity: what decides the result, as plain JSON values.
            has_classes: whether the map tells several classes apart, which are kept too.

        Raises:
            UsageError: what is there was made from or with something else.
            OutputError: a file cannot be written.
        """
        self._work, self._thumbnails, self._height = work, thumbnails, grid.height
        self._journal = Journal(work.path(JOURNAL), identity)
        checkpoints = self._journal.checkpoints() if work.unfinished else None
        with ExitStack() as stack:
            self.rows = stack.enter_context(RowsFile(work.path(ROWS), grid))
            """Confidence in percent."""
            self.classes = (
                stack.enter_context(RowsFile(work.path(CLASS_ROWS), grid, mode_rows)) if has_classes else None
            )
            """Classes of the same rows; None where none are told apart."""
            self._pictures = stack.enter_context(ThumbnailFile(work.path(PICTURES), thumbnails, images))
            self.state = self._restored(checkpoints or [])
            """State that the run has reached."""
            self._stack = stack.pop_all()
        self._checksums = self._checksums_now()
        self._saved, self._saved_rows = time.monotonic(), self.state.rows
        self._told = self.state.damaged
        if self.state.rows:
            log.info("going on after row %d of %d", self.state.rows, grid.height)
            work.allow_resume()
            self._bequeath()
        else:
            self._start_anew(work)

    def _start_anew(self, work: Workspace) -> None:
        try:
            if work.unfinished:
                work.check_free()  # nobody knows what was unfinished, nor whether it was to replace what is there
                log.warning("nothing usable is left of the unfinished run in %s: starting at the top", work.out)
            self._journal.begin()
            work.hidden.sync_names()
        except BaseException:
            self.close()
            raise

    def add(self, strip: Strip, state: RunState) -> None:
        """Take finished rows; a checkpoint is made when one is due.

        Args:
            strip: the rows after those that are there.
            state: how far the run is with them; its rows are filled in.

        Raises:
            OutputError: the disk is full, or gone.
        """
        self._thumbnails.add_confidence(self.rows.rows, strip.confidence, strip.classes)
        self.rows.append(strip.confidence)
        if self.classes is not None and strip.classes is not None:
            self.classes.append(strip.classes)
        self.state, self._checksums = replace(state, rows=self.rows.rows), self._checksums_now()
        if self.rows.rows == self._height or time.monotonic() - self._saved >= INTERVAL:
            self._checkpoint()

    def strips(self, most: int) -> Iterator[Strip]:
        """The finished rows from the top down, up to ``most`` at a time."""
        return self._stored(self.state.rows, most)

    def _stored(self, stop: int, most: int | None = None) -> Iterator[Strip]:
        """Rows of the files up to one, from the top down."""
        parts = self.rows.stored(stop, most)
        if self.classes is None:
            yield from (Strip(first, percent) for first, percent in parts)
            return
        for (first, percent), (_, classes) in zip(parts, self.classes.stored(stop, most), strict=True):
            yield Strip(first, percent, classes)

    @contextlib.contextmanager
    def resumable(self) -> Iterator[None]:
        """A block whose failure loses nothing: what is finished is saved, and how to go on is said."""
        try:
            yield
        except InputChangedError:
            self._work.is_resumable = False  # what is there is of no version of the input
            raise
        except BaseException:
            if self._work.is_published:
                log.warning("the map was complete by then: %s", self._work.out)
                raise
            self.checkpoint_if_possible()
            if self._work.is_resumable and self._saved_rows and self._work.path(ROWS).exists():
                log.warning("%s", self._resume_notice)
            raise

    def close(self) -> None:
        """Close the files."""
        self._stack.close()

    def checkpoint_if_possible(self) -> None:
        """Make a checkpoint of what has come since the last one; if the disk is the trouble, the last one stands."""
        with contextlib.suppress(LandslipError):
            self._checkpoint()

    def _checkpoint(self) -> None:
        if self.state.rows == self._saved_rows:
            return
        self.rows.sync()
        if self.classes is not None:
            self.classes.sync()
        self._pictures.save(self.state.rows)
        percent, classes = self._checksums
        self._journal.add(Checkpoint(self.state, percent, self._pictures.checksum, classes), self._told)
        self._told = self.state.damaged
        self._work.allow_resume()
        self._saved, self._saved_rows = time.monotonic(), self.state.rows
        self._bequeath()
        log.debug("checkpoint: %d of %d rows", self._saved_rows, self._height)

    @property
    def _resume_notice(self) -> str:
        return (
            f"{self._saved_rows} of {self._height} rows are kept in {self._work.out}: the same again with resume=True "
            "(without overwrite=True) goes on from there."
        )

    def _bequeath(self) -> None:
        if self._work.is_resumable:
            bequeath(Will(say=self._resume_notice))

    def _restored(self, checkpoints: list[Checkpoint]) -> RunState:
        """The last state whose rows are on the disk; they are counted, and shown in the small pictures."""
        last = self._last_whole(checkpoints)
        for strip in self._stored(last.rows):
            self.rows.count(strip.confidence)
            if self.classes is not None and strip.classes is not None:
                self.classes.count(strip.classes)
            self._thumbnails.add_confidence(strip.first_row, strip.confidence, strip.classes)
        self._pictures.load(last.rows)
        return last

    def _with_pictures(self, checkpoints: list[Checkpoint]) -> Iterator[Checkpoint]:
        """The checkpoints whose small pictures are there as they were."""
        sums = dict(enumerate(self._pictures.stored(max(map(_rows, checkpoints), default=0))))
        for checkpoint in checkpoints:
            if sums.get(self._thumbnails.rows_for(checkpoint.state.rows)) == checkpoint.pictures:
                yield checkpoint

    def _last_whole(self, checkpoints: list[Checkpoint]) -> RunState:
        """State of the last checkpoint whose rows are there as they were: percent, and classes where there are any."""
        whole = sorted(self._with_pictures(checkpoints), key=_rows)
        stored = self.rows.checksums(map(_rows, whole))
        whole = [each for each, found in zip(whole, stored, strict=True) if found == each.checksum]
        if self.classes is not None:
            stored = self.classes.checksums(map(_rows, whole))
            whole = [each for each, found in zip(whole, stored, strict=True) if found == each.classes]
        return whole[-1].state if whole else RunState()

    def _checksums_now(self) -> tuple[int, int]:
        return self.rows.checksum, self.classes.checksum if self.classes is not None else 0


def _rows(checkpoint: Checkpoint) -> int:
    return checkpoint.state.rows
