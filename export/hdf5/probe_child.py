"""The child that reads an HDF5 file first: see :mod:`landslip.export.hdf5.probe`."""

from __future__ import annotations

import sys
from pathlib import Path

from landslip.export.hdf5.probe import FULL, MEMORY, MOST, REFUSED
from landslip.runtime.errors import LandslipError, OutputError


def main(path: Path, unpacked: Path | None = None) -> int:
    """Read everything in the child, and say on standard output why a file is refused.

    Args:
        path: the file.
        unpacked: of an archive, the empty folder that it is unpacked into.
    """
    _bound(min(3 * path.stat().st_size, MOST) + MEMORY)
    try:
        _read(path, unpacked)
    except LandslipError as error:
        sys.stdout.buffer.write(str(error).encode("utf-8", "replace"))
        return FULL if isinstance(error, OutputError) else REFUSED
    return 0


def _read(path: Path, unpacked: Path | None) -> None:
    from landslip.export.hdf5.archive_file import open_unpacked  # noqa: PLC0415 - after the bound
    from landslip.export.hdf5.model_file import open_here  # noqa: PLC0415
    from landslip.export.hdf5.unpacking import unpack  # noqa: PLC0415

    if unpacked is None:
        with open_here(path) as saved:
            saved.read_all()
    else:
        unpack(path, unpacked)
        with open_unpacked(path, unpacked) as archived:
            archived.read_all()


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
    sys.exit(main(*map(Path, sys.argv[1:])))
