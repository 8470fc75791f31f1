"""The child that reads an HDF5 file first: see :mod:`landslip.export.hdf5.probe`."""

from __future__ import annotations

import sys
from pathlib import Path

from landslip.export.hdf5.probe import MEMORY, MOST, REFUSED
from landslip.runtime.errors import LandslipError


def main(path: Path) -> int:
    """Read everything in the child, and say on standard output why a file is refused."""
    _bound(min(3 * path.stat().st_size, MOST) + MEMORY)
    from landslip.export.hdf5.model_file import open_here  # noqa: PLC0415 - after the bound

    try:
        with open_here(path) as saved:
            saved.read_all()
    except LandslipError as error:
        sys.stdout.buffer.write(str(error).encode("utf-8", "replace"))
        return REFUSED
    return 0


def _bound(memory: int) -> None:
    """Bound the address space, where the system can: the length of a file and what Python needs."""
    try:
        import resource  # noqa: PLC0415 - not on every system
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bounds = [bound for bound in (memory, hard) if bound != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min(bounds), hard))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
