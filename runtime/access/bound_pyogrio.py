"""pyogrio, bound to libraries of its own: all of landslip takes it from here.

TensorFlow shows the symbols of its libraries to whatever is loaded after it, on Linux: an SQLite that was built
without R-trees, and much of curl and OpenSSL. GDAL, as pyogrio brings it, takes these for its own. It then writes
GeoPackages without an index of places, and a question in SQL ends the process. Here its libraries are loaded so that
they look among themselves first. Reasons and figures are in ``docs/decisions/shared-symbols.md``.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import sys

from landslip.runtime.errors import UsageError


def _load() -> None:
    """Load pyogrio's libraries so that they see their own symbols first, where others show an SQLite to all.

    Raises:
        UsageError: they are loaded already, and use that SQLite; nothing can load them a second time.
    """
    if not hasattr(os, "RTLD_DEEPBIND") or _sqlite_of(None) is None:
        return
    before = sys.getdlopenflags()
    sys.setdlopenflags(before | os.RTLD_DEEPBIND)
    try:
        file = importlib.import_module("pyogrio._io").__file__
    finally:
        sys.setdlopenflags(before)
    if _is_mixed(file):
        raise UsageError(
            "pyogrio was imported after TensorFlow, or after another library that shows an SQLite to all, and took it "
            "for its own. Reading or writing a GeoPackage would end the process.",
            "Import pyogrio, and what brings it along, before TensorFlow or after landslip's modules.",
        )


def _is_mixed(file: str | None) -> bool:
    """Tell whether functions of the SQLite below a library use what belongs to the SQLite that all see."""
    own, common = _sqlite_of(file), _sqlite_of(None)
    return own is not None and common is not None and own[0] != common[0] and own[1] == common[1]


def _sqlite_of(file: str | None) -> tuple[int | None, int | None] | None:
    """Addresses of SQLite's function of its version and of the text that it gives; None where there is no SQLite.

    The text is a symbol of its own: a library that is bound to another SQLite gives the text of that one.

    Args:
        file: a library that is loaded, in which and below which to look; None for what all libraries see.
    """
    try:
        version = ctypes.CDLL(file).sqlite3_libversion
    except AttributeError:
        return None
    version.restype = ctypes.c_void_p
    return ctypes.cast(version, ctypes.c_void_p).value, version()


_load()
import pyogrio.errors  # noqa: E402 - only now
import pyogrio.raw  # noqa: E402

VECTOR_ERRORS = (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError)
"""Errors of pyogrio, of files and of layers; those of fields, features and geometries are kinds of these."""

__all__ = ["VECTOR_ERRORS", "pyogrio"]
