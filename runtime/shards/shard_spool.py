"""The spool: a folder that the driver and all workers reach, with a folder of its own for each map."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from landslip.runtime.errors import InputError, OutputError, UsageError
from landslip.runtime.run.product_names import SHARDS
from landslip.runtime.shards.cuts import Shard
from landslip.runtime.shards.order import progress_path, rows_path, stop_path
from landslip.runtime.shards.rows_of_shard import ShardFile
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.drafts import LOCK, output_errors
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.safe_writing import write_anew

log = logging.getLogger(__name__)

_ROWS = re.compile(r"rows-(\d{1,9})-(\d{1,9})")


class ShardSpool(Closing):
    """Folder of one map in the spool, locked for its driver."""

    def __init__(self, root: Path, fingerprint: str, width: int) -> None:
        """Make it if needed, and claim it.

        Args:
            root: the folder that all workers reach.
            fingerprint: of the map.
            width: columns of the map.

        Raises:
            UsageError: another driver makes the same map there.
            OutputError: it cannot be made or written.
        """
        self.folder = root.absolute() / fingerprint[:20]
        """Path of it, the same for all workers."""
        self._root, self._fingerprint, self._width = root, fingerprint, width
        self._is_ours = not root.exists()
        with output_errors(root):
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = open_locked(self.folder / LOCK)
        if lock is None:
            raise UsageError(
                f"Another run makes the same map with the spool {root}.",
                "Wait for it, or choose another folder as `spool`.",
                where=self.folder,
                option="spool",
                retryable=True,
            )
        self._lock = lock
        with contextlib.suppress(OSError):
            stop_path(self.folder).unlink(missing_ok=True)

    def finished(self) -> dict[Shard, ShardFile]:
        """Shards that an earlier run has left; those that are damaged are removed, and computed again."""
        found: dict[Shard, ShardFile] = {}
        for path in sorted(self.folder.iterdir()):
            name = _ROWS.fullmatch(path.name)
            if name is None or not int(name[1]) < int(name[2]):
                continue
            shard = Shard(int(name[1]), int(name[2]))
            try:
                found[shard] = self.open(shard)
            except InputError as error:
                log.warning("%s It is computed again.", error.what)
                self.drop(shard)
        return found

    def open(self, shard: Shard) -> ShardFile:
        """Open a shard that is there.

        Raises:
            InputError: it is damaged.
            FileNotFoundError: it is not there.
        """
        path = rows_path(self.folder, shard.first, shard.stop)
        return ShardFile.open(path, self._fingerprint, shard, self._width)

    def drop(self, shard: Shard) -> None:
        """Remove a shard.

        Raises:
            OutputError: it cannot be removed.
        """
        path = rows_path(self.folder, shard.first, shard.stop)
        with output_errors(path):
            path.unlink(missing_ok=True)

    def tiles_done(self, shard: Shard) -> int:
        """Tiles of a shard that its worker says are done."""
        with (
            contextlib.suppress(OSError, ValueError),
            progress_path(self.folder, shard.first, shard.stop).open() as file,
        ):
            return int(file.read(20))
        return 0

    @property
    def is_empty(self) -> bool:
        """Tell whether no shard is there."""
        return not any(_ROWS.fullmatch(path.name) for path in self.folder.iterdir())

    def give_up(self) -> None:
        """Tell workers that nobody waits for their shards any more."""
        with contextlib.suppress(OSError):
            write_anew(stop_path(self.folder), "")

    def clear(self) -> None:
        """Remove the folder of the map, and the spool where it was made for it."""
        if os.name == "nt":
            self._lock.close()  # Windows removes no open files
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()
        if self._is_ours or self._root.name == SHARDS:
            with contextlib.suppress(OSError):
                self._root.rmdir()

    def close(self) -> None:
        """Give it back; what lies there stays."""
        self._lock.close()


@contextlib.contextmanager
def reachable(path: Path) -> Iterator[None]:
    """A block that opens what a worker says it has written.

    Raises:
        OutputError: it is not here.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise OutputError(
            f"A worker has written {path.name}, and it is not in {path.parent}: the worker sees another folder there.",
            "Give a folder as `spool` that all workers see under the same path.",
            where=path.parent,
            option="spool",
        ) from error
