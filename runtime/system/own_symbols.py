"""Libraries whose symbols TensorFlow has, too: each has to be bound to its own.

TensorFlow brings an SQLite without R-trees, and shows its symbols to all libraries that are loaded after it. GDAL, as
pyogrio brings it, would take them for those of its own SQLite: it then writes GeoPackages without an index of places,
and a question in SQL ends the process (pyogrio 0.13, TensorFlow 2.21, on Linux).
"""

from __future__ import annotations

import os
import sys


def bind_own_symbols() -> None:
    """Load pyogrio's libraries so that they see their own symbols first, where TensorFlow is there and they are not.

    Where TensorFlow comes later, nothing has to be done.
    """
    if "tensorflow" not in sys.modules or "pyogrio" in sys.modules or not hasattr(os, "RTLD_DEEPBIND"):
        return
    before = sys.getdlopenflags()
    sys.setdlopenflags(before | os.RTLD_DEEPBIND)
    try:
        import pyogrio.raw  # noqa: F401, PLC0415 - an import of its own kind
    finally:
        sys.setdlopenflags(before)
