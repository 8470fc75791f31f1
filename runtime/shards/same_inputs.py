"""Inputs of a worker, proven to be those of the driver: by length and time, and by content where the time differs."""

from __future__ import annotations

import functools
import socket
from pathlib import Path

from landslip.runtime.errors import InputChangedError, InputMissingError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.input_checksums import Unchanged
from landslip.runtime.shards.shard_job import FileState, ShardJob
from landslip.runtime.system.digests import sha256_of


def same_inputs(job: ShardJob, files: SceneFiles) -> Unchanged:
    """Make sure that the files of a job are here as the driver has them; tells later whether they still are.

    Raises:
        InputMissingError: a file is not here.
        InputChangedError: a file is another one.
    """
    for file in job.files:
        _check(file)
    found = Unchanged(files, job.inputs, {Path(path): sha256 for path, sha256 in job.parts.items()})
    found.check()
    return found


def _check(file: FileState) -> None:
    path = Path(file.path)
    try:
        found = path.stat()
    except OSError as error:
        raise InputMissingError(
            f"{path} cannot be read by the worker on {socket.gethostname()} ({error.strerror}).",
            "Put the files of the scene where all workers see them under the same path.",
            where=path,
        ) from error
    same_time = found.st_mtime_ns == file.changed
    if found.st_size != file.bytes or not (same_time or _digest(path, found.st_mtime_ns) == file.sha256):
        raise InputChangedError(
            f"{path} is another file for the worker on {socket.gethostname()} than it was when the map was begun: the "
            "map would be of two files. Nothing is kept of it.",
            "Map again when the file is complete, and the same for all workers.",
            where=path,
        )


@functools.lru_cache(maxsize=4096)
def _digest(path: Path, changed: int) -> str:
    del changed  # with another time the file is read again
    return sha256_of(path)
