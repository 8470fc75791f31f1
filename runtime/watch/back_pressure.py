"""Back-pressure: a job waits while it does not fit onto the disk or into memory, and fails if it never can."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from landslip.runtime.errors import InputError
from landslip.runtime.system.memory_room import MemoryRoom, memory_room

Reason = Literal["disk", "memory"]
"""Resource that a job has to wait for."""


@dataclass(frozen=True)
class RoomNeeded:
    """Room that a map takes, by estimate."""

    disk: int
    """Bytes on disk while it is made, without polygons and products on demand."""
    memory: int
    """Bytes of memory more than the worker process holds now."""
    process: int
    """Bytes of memory that the worker process holds already, its engine included; 0 where the system does not say."""


@dataclass(frozen=True)
class RoomLeft:
    """Room that there is, in bytes; None where the system does not say, which holds nothing back."""

    disk_free: int | None
    """Bytes that are free where results go."""
    disk_total: int | None
    """Bytes of that disk."""
    memory: MemoryRoom
    """Memory."""


@dataclass(frozen=True)
class Shortfall:
    """Lack of room for a job."""

    reason: Reason
    """Resource that is short."""
    sentence: str
    """Sentence for people, which stays the same while figures change a little."""


def room_at(out: Path) -> RoomLeft:
    """Room for results in a folder, and for a map in memory, now."""
    free = total = None
    with contextlib.suppress(OSError):
        usage = shutil.disk_usage(out)
        free, total = usage.free, usage.total
    return RoomLeft(free, total, memory_room())


def shortfall(needed: RoomNeeded, room: RoomLeft, reserve: int) -> Shortfall | None:
    """Lack of room for a job now; None where it fits.

    Args:
        needed: room that the job takes.
        room: room that there is.
        reserve: bytes on disk that stay free.
    """
    if room.disk_free is not None and needed.disk + reserve > room.disk_free:
        return Shortfall("disk", f"it takes {_size(needed.disk)} on disk, and {_size(reserve)} have to stay free")
    if room.memory.free is not None and needed.memory > room.memory.free:
        return Shortfall("memory", f"it takes {_size(needed.memory)} of memory")
    return None


def check_can_ever_fit(needed: RoomNeeded, room: RoomLeft, reserve: int, where: Path) -> None:
    """Refuse a job that needs more than there is at all.

    Args:
        needed: room that the job takes.
        room: room that there is.
        reserve: bytes on disk that stay free.
        where: the job file.

    Raises:
        InputError: it would not even fit if everything were free.
    """
    if room.disk_total is not None and needed.disk + reserve > room.disk_total:
        raise InputError(
            f"The map takes {_size(needed.disk)} on disk by estimate, {_size(reserve)} have to stay free, and the disk "
            f"of the results has {_size(room.disk_total)} in all.",
            "Cut the scene into parts (aoi), or put the spool on a larger disk.",
            where=where,
        )
    whole = needed.memory + needed.process
    if room.memory.total is not None and whole > room.memory.total:
        raise InputError(
            f"The map takes {_size(whole)} of memory by estimate, and the service may use {_size(room.memory.total)} "
            "in all.",
            "Take a smaller batch or tile, cut the scene into narrower parts (aoi), or raise the limit of the service.",
            where=where,
        )


class BackPressure:
    """Asks before each claim whether a job fits, and remembers what it takes."""

    _MOST = 10_000
    """Forecasts that are remembered."""

    def __init__(self, reserve: int, look: Callable[[], RoomLeft]) -> None:
        """Begin without knowing any job.

        Args:
            reserve: bytes on disk that stay free.
            look: tells what room there is.
        """
        self._reserve, self._look = reserve, look
        self._known: dict[object, RoomNeeded | None] = {}

    def reason_to_wait(self, job: object, forecast: Callable[[], RoomNeeded | None]) -> Shortfall | None:
        """Reason not to claim a job now; None where it fits, can never fit, or nobody can tell.

        What can never fit is claimed, and fails with a reason. While there is no room for anything, no file is opened.

        Args:
            job: what the job is known by, such as its name and its time; the forecast of one is asked for once.
            forecast: tells what it takes; None where that cannot be told, and the map will say why.
        """
        room = self._look()
        if (short := shortfall(RoomNeeded(0, 0, 0), room, self._reserve)) is not None:
            return short
        if job not in self._known:
            if len(self._known) >= self._MOST:
                self._known.clear()
            self._known[job] = forecast()
        needed = self._known[job]
        if needed is None or self.why_never(job, Path()) is not None:
            return None
        return shortfall(needed, room, self._reserve)

    def why_never(self, job: object, where: Path) -> InputError | None:
        """Error of a job that would not fit if everything were free; None for any other.

        Args:
            job: what it is known by.
            where: the job file.
        """
        needed = self._known.get(job)
        if needed is not None:
            try:
                check_can_ever_fit(needed, self._look(), self._reserve, where)
            except InputError as error:
                return error
        return None


def _size(count: int) -> str:
    """Bytes in the unit that makes them readable, powers of ten."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e6:.0f} MB"
