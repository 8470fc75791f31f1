"""Load of the machine by other processes: what they took of the cores while something was measured."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROC = Path("/proc")

_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM = 11, 12, 13, 14
"""Fields of ``/proc/PID/stat`` behind the name of the program; see proc_pid_stat(5)."""

_STATES = 8
"""States that ``/proc/stat`` counts apart: user, nice, system, idle, iowait, irq, softirq, steal. What it says of
guests behind them is part of user and nice."""

_IDLE = (3, 4)
"""Places of idle and iowait among these. What a hypervisor kept for others (steal) is taken by others."""


_KEY = "landslip.benchmarks.measuring.other_load"
"""Key of the watch among what the contexts of a command share."""


@dataclass(frozen=True)
class _Ticks:
    """Clock ticks of the cores until a moment."""

    all: int
    """Ticks of all states of the cores that this process may use."""
    busy: int
    """Ticks of all states but the idle ones."""
    ours: int
    """Ticks of this process and of all below it, ended ones included."""


class OtherLoad:
    """Watches what others take of the cores from its making on (Linux)."""

    def __init__(self, proc: Path = _PROC) -> None:
        """Begin to watch.

        Args:
            proc: where the system tells of its processes.
        """
        self._proc = proc
        self._before = _ticks(proc)

    def share(self) -> float | None:
        """Share of the cores this process may use that others have taken, 0..1; None where the system does not tell."""
        before, after = self._before, _ticks(self._proc)
        if before is None or after is None or after.all <= before.all:
            return None
        others = (after.busy - before.busy) - (after.ours - before.ours)
        return min(1.0, max(0.0, others / (after.all - before.all)))


def watch_load(shared: MutableMapping[str, Any]) -> None:
    """Begin to watch the load, for the report of the command that comes.

    Args:
        shared: what the contexts of a command share (``click.Context.meta``).
    """
    shared[_KEY] = OtherLoad()


def watched_share(shared: Mapping[str, Any]) -> float | None:
    """Share that others took since :func:`watch_load`; None where nobody watched, or the system does not tell."""
    load: OtherLoad | None = shared.get(_KEY)
    return None if load is None else load.share()


def _ticks(proc: Path) -> _Ticks | None:
    try:
        states = list(_states(proc))
        return _Ticks(
            all=sum(map(sum, states)),
            busy=sum(ticks for core in states for place, ticks in enumerate(core) if place not in _IDLE),
            ours=sum(_of_the_tree(proc)),
        )
    except (OSError, ValueError, AttributeError):  # AttributeError: systems that tell no process its cores
        return None


def _states(proc: Path) -> Iterator[list[int]]:
    """Ticks in each state, for each core that this process may use."""
    cores = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    for line in (proc / "stat").read_text(encoding="ascii").splitlines():
        name, *ticks = line.split()
        if name in cores:
            yield [int(each) for each in ticks[:_STATES]]


def _of_the_tree(proc: Path) -> Iterator[int]:
    """Ticks of this process and of all below it."""
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for path in proc.glob("[0-9]*/stat"):
        try:
            # The name stands in brackets, and may hold blanks and brackets itself.
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # It has ended meanwhile.
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        ticks[pid] = sum(int(fields[place]) for place in (_USER, _SYSTEM, _CHILDREN_USER, _CHILDREN_SYSTEM))
    for pid, taken in ticks.items():
        if _is_ours(pid, parents):
            yield taken


def _is_ours(pid: int, parents: dict[int, int]) -> bool:
    while pid not in (os.getpid(), 0):
        pid = parents.get(pid, 0)
    return pid == os.getpid()
