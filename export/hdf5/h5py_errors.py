"""Turns what h5py says of damaged files into the errors of landslip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landslip.export.hdf5.storage_screen import FETCH_AGAIN
from landslip.runtime.errors import LandslipError, ModelError
from landslip.runtime.untrusted.printable import printable

_OF_DAMAGE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError, MemoryError)
"""Exceptions that h5py raises for damaged files; RecursionError is a RuntimeError."""
_REASON = 300
"""Characters of what h5py says that a message repeats at the most."""


@contextmanager
def h5py_errors_told(path: Path) -> Iterator[None]:
    """Have a block read an HDF5 file.

    Raises:
        ModelError: h5py cannot read it.
    """
    try:
        yield
    except LandslipError:
        raise
    except _OF_DAMAGE as error:
        reason = printable(str(error), _REASON) or type(error).__name__
        raise ModelError(f"{path}: the HDF5 file cannot be read ({reason}). {FETCH_AGAIN}") from error
