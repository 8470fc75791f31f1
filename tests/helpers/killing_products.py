"""Kills ``make_products`` with SIGKILL at every step it takes on the disk, one after the other.

Run as a script it imports everything once and forks for each step. A step is a call of ``os`` that changes a name or a
length: the process ends just before the n-th of them. Prints as JSON, for each step, what the folder was afterwards.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from helpers.finished_runs import finished_run, landslide_scene
from landslip.runtime.delivery.further_products import make_products
from landslip.runtime.run.finished_run import open_finished_run
from landslip.runtime.system.drafts import PARTIAL

_CALLS = ("open", "rename", "replace", "unlink", "rmdir", "mkdir", "fsync")
"""Functions of ``os`` that are counted; those of libraries in C are not, and lie between them."""

EARLIER, LATER = {"also": "fgb", "density": 100}, {"also": "geojson", "density": 250}
"""Products that the run has, and those that are asked for when it is killed: one of them is replaced."""


def state(out: Path) -> dict[str, str]:
    """Digests of all files of a folder but the hidden ones."""
    files = sorted(entry for entry in out.iterdir() if entry.name != PARTIAL)
    return {entry.name: hashlib.sha256(entry.read_bytes()).hexdigest() for entry in files}


def _killed_at(step: int, out: Path) -> bool:
    """Make products in a child that is killed before a step; whether it had come to an end before."""
    child = os.fork()
    if not child:
        code = 1
        try:
            _count_down(step)
            make_products(out, **LATER)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, -signal.SIGKILL), code
    return code == 0


def _count_down(step: int) -> None:
    left = [step]

    def counted(name):
        function = getattr(os, name)

        def call(*arguments, **options):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **options)

        return call

    for name in _CALLS:
        setattr(os, name, counted(name))


def main(folder: Path) -> None:
    """Kill it before its first step, its second, and so on, until it comes to its end."""
    start = finished_run(folder / "start", landslide_scene())
    make_products(start, **EARLIER)
    shutil.copytree(start, folder / "end")
    make_products(folder / "end", **LATER)
    before, after = state(start), state(folder / "end")
    told, ended = [], False
    while not ended:
        out = folder / "out"
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(start, out)
        ended = _killed_at(len(told), out)
        at_once = state(out)
        open_finished_run(out)
        found = state(out)
        make_products(out, **LATER)
        told.append(
            {
                "left": next(
                    (name for name, each in (("before", before), ("after", after)) if each == at_once), "between"
                ),
                "is": next((name for name, each in (("before", before), ("after", after)) if each == found), "other"),
                "again": state(out) == after and not (out / PARTIAL).exists(),
            }
        )
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
