"""A soak of ``landslip watch``: two watchers on one spool, which are killed and started again as systemd would."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from helpers.soak_jobs import SoakJob
from helpers.spools import workers_of
from landslip.runtime.errors import EngineError

WATCHERS = 2

CONFIG = """\
model = "m.onnx"
poll = 0.2
[engine]
tile = 64
[retry]
pause = 0.05
attempts = 3
crashes = 50
starts = 500
[room]
least_free_gb = 0
[worker]
renew_after = 100000
"""
"""SPOOL.toml: kills are meant to be survived here, and not to be counted."""


@dataclass
class SoakReport:
    """What a soak saw."""

    kills: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """SIGKILLs, by what was killed."""
    ends: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    """Watchers that ended meanwhile, by exit code."""
    starts: int = 0
    """Times that a watcher was started."""
    memory: dict[tuple[str, int], list[int]] = field(default_factory=lambda: defaultdict(list))
    """Resident bytes by kind and process id, once for each job that ended while it lived."""
    seconds: float = 0.0
    """Time of it all."""


class Soak:
    """A spool that is worked off while its watchers and their workers are killed."""

    def __init__(self, spool: Path, jobs: list[SoakJob], kills: int, seed: int) -> None:
        """Plan it.

        Args:
            spool: folder of SPOOL.toml.
            jobs: what is put into it, bit by bit.
            kills: SIGKILLs in the first two thirds of it; in the last third memory can be seen to be flat.
            seed: of the plan.
        """
        self._spool, self._jobs = spool, jobs
        self._chance = random.Random(seed)  # noqa: S311 - moments, no secrets
        self._plan = sorted(self._chance.uniform(0.02, 0.66) * len(jobs) for _ in range(kills))
        self._running: list[subprocess.Popen[bytes] | None] = [None] * WATCHERS
        self._vanishing = [job for job in jobs if job.vanishes]
        self.report = SoakReport()
        (spool / "SPOOL.toml").write_text(CONFIG)

    def run(self, patience: float) -> SoakReport:
        """Work all jobs off.

        Args:
            patience: seconds in which nothing ends, after which it is given up.
        """
        began = last = time.monotonic()
        ended, waiting = 0, list(self._jobs)
        try:
            while ended < len(self._jobs):
                self._keep_running()
                self._put(waiting, ended)
                self._take_away()
                now_ended = self._ended()
                if now_ended != ended:
                    ended, last = now_ended, time.monotonic()
                    self._measure()
                    self._kill_as_planned(ended)
                assert time.monotonic() - last < patience, f"{ended} of {len(self._jobs)} jobs ended, and no more"
                time.sleep(0.05)
        finally:
            codes = self._stop()
        self.report.seconds = time.monotonic() - began
        assert codes == [0] * len(codes), codes
        return self.report

    def _keep_running(self) -> None:
        for number, process in enumerate(self._running):
            if process is None or process.poll() is not None:
                if process is not None:
                    # 4 where the plan hits one worker three times before its engine is open.
                    assert process.returncode in (-signal.SIGKILL, EngineError.exit_code), self._log(number)
                    self.report.ends[process.returncode] += 1
                command = [sys.executable, "-m", "landslip", "watch", str(self._spool / "SPOOL.toml")]
                with (self._spool / f"log{number}").open("ab") as log:
                    self._running[number] = subprocess.Popen(command, stderr=log, stdout=log)
                self.report.starts += 1

    def _put(self, waiting: list[SoakJob], ended: int) -> None:
        """Keep some jobs in the spool, as a station does; not all at once."""
        while waiting and len(self._jobs) - len(waiting) - ended < 30:
            job = waiting.pop()
            incoming = os.fsencode(self._spool / "in")
            hidden = incoming + b"/.arriving"
            with open(hidden, "wb") as stream:  # noqa: PTH123 - names in bytes
                stream.write(job.content)
            os.rename(hidden, incoming + b"/" + job.file)  # noqa: PTH104

    def _ended(self) -> int:
        """Job files in ``done/`` and ``failed/``."""
        names = [*os.listdir(self._spool / "done"), *os.listdir(self._spool / "failed")]  # noqa: PTH208
        return sum(not name.endswith(".error.json") and not name.startswith(".") for name in names)

    def _take_away(self) -> None:
        """Take files away that jobs in hand need."""
        for job in list(self._vanishing):
            if job.vanishes and (self._spool / "work" / Path(os.fsdecode(job.file)).stem).exists():
                self._vanishing.remove(job)
                job.vanishes.unlink()

    def _kill_as_planned(self, ended: int) -> None:
        while self._plan and self._plan[0] <= ended:
            self._plan.pop(0)
            time.sleep(self._chance.uniform(0.0, 1.0))  # any moment of a map
            process = self._chance.choice(self._running)
            if process is None or process.poll() is not None:
                continue
            workers = workers_of(process.pid)
            if workers and self._chance.random() < 0.5:
                self._kill("worker", workers[0])
            else:
                self._kill("watcher", process.pid)

    def _kill(self, kind: str, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.report.kills[kind] += 1

    def _measure(self) -> None:
        for process in self._running:
            if process is not None and process.poll() is None:
                for kind, pid in (("watcher", process.pid), *(("worker", pid) for pid in workers_of(process.pid))):
                    if (size := resident(pid)) is not None:
                        self.report.memory[kind, pid].append(size)

    def _stop(self) -> list[int]:
        """Ask the watchers to end; their exit codes."""
        running = [process for process in self._running if process is not None]
        for process in running:
            process.terminate()
        codes = []
        for process in running:
            try:
                codes.append(process.wait(60))
            except subprocess.TimeoutExpired:
                process.kill()
                codes.append(process.wait())
        return codes

    def _log(self, number: int) -> str:
        return (self._spool / f"log{number}").read_text(errors="replace")[-3000:]


def resident(pid: int) -> int | None:
    """Memory of a process in bytes; None where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), None)
