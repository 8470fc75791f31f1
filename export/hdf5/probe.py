"""Reads an HDF5 file in a process of its own first, where it can do no harm.

The HDF5 library is written in C and trusts what it reads: among randomly damaged files some end the process, some
never come back, and some make it ask for gigabytes. So a short-lived child with bounded memory and time reads all that
will be read. Only a file that got through is opened in this process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from landslip.runtime.errors import ModelError, OutputError

REFUSED = 3
"""Exit code of the child that says why on standard output."""
FULL = 4
"""Exit code of the child that could not write what it unpacks."""
MEMORY = 1 << 30
"""Bytes of address space: Python and its libraries take a third, and 8 MB of JSON can become 300 MB of objects."""
MOST = 5 << 30
_SPEED = 10e6
"""Bytes a second that a slow disk gives."""


def probe(path: Path, unpacked: Path | None = None, seconds: float = 60.0) -> None:
    """Have a file read by a child.

    Args:
        path: the file.
        unpacked: of an archive, the empty folder that it is unpacked into.
        seconds: what a child may take, beyond the time to read the file from a slow disk.

    Raises:
        ModelError: the file is refused, or the child did not come back.
        OutputError: the archive cannot be unpacked for want of space.
    """
    seconds += path.stat().st_size / _SPEED
    command = [sys.executable, "-m", "landslip.export.hdf5.probe_child", str(path)]
    command += [] if unpacked is None else [str(unpacked)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise _broken(path, f"does not come back within {seconds:.0f} seconds") from error
    if done.returncode in {REFUSED, FULL}:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise ModelError(said) if done.returncode == REFUSED else OutputError(said)
    if done.returncode < 0:
        raise _broken(path, f"is ended by signal {-done.returncode}")
    if done.returncode:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["no reason given"]
        raise _broken(path, f"fails ({reason[-1]})")


def _broken(path: Path, how: str) -> ModelError:
    return ModelError(
        f"{path}: the HDF5 library {how} when it reads this file, which is damaged or made to do harm. "
        "Fetch the file again, and do not use it unless you know who made it."
    )
