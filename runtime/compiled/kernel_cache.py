"""Compiled kernels on disk: one file for each specialisation, in the user's cache folder.

numba's own cache is an index for each function, and numbered files that the index points to. Two processes that start
on an empty cache can give one number to two specialisations, a crash between index and file leaves an index of the new
source that points at code of the old one, and a kernel from another module may change unnoticed. Here the name of a
file is a digest of all that its code is made from, and the file begins with a digest of the rest: whatever is found and
whole is right, and nothing is ever changed in place.
"""

from __future__ import annotations

import functools
import logging
import pickle
from pathlib import Path
from typing import Any

import platformdirs
from numba.core import compiler, config, serialize

from landslip.runtime.compiled.cache_files import SUFFIX, load, remove, store
from landslip.runtime.compiled.cache_key import digest_of, kernel_digest

log = logging.getLogger(__name__)

_numba_compiler: Any = compiler  # numba's types are partial
_numba_serialize: Any = serialize
_numba_config: Any = config


class KernelCache:
    """Cache of one numba dispatcher's compiled code, with the interface of ``numba.core.caching``.

    Files that are damaged, or that others could have written, are compiled anew. Where none can be kept, as in some
    containers, each process compiles for itself, which is said once.
    """

    def __init__(self, dispatcher: Any) -> None:
        """Make the cache of one kernel; nothing is read or written before it is called.

        Args:
            dispatcher: what numba's ``njit`` makes of a function.
        """
        self._dispatcher = dispatcher
        self._name = f"{dispatcher.py_func.__module__}.{dispatcher.py_func.__name__}"

    @property
    def cache_path(self) -> str:
        """Folder of the files, for numba's statistics."""
        return str(cache_folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Load what was compiled for a signature and this CPU; None if there is nothing that can be used."""
        target_context.refresh()
        path = self._path(sig, target_context.codegen())
        body = load(path)
        if body is None:
            _say_once()
            return None
        try:
            found = pickle.loads(body)  # noqa: S301 - the user's own; numba keeps its code likewise
            return _numba_compiler.CompileResult._rebuild(target_context, *found)  # noqa: SLF001 - as numba's own cache
        except Exception as error:  # unpickling raises anything
            log.debug("%s cannot be loaded (%r): its kernel is compiled again.", path, error)
            _say_once()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature."""
        if data.library.has_dynamic_globals:  # addresses of this process
            return
        body = _numba_serialize.dumps(data._reduce())  # noqa: SLF001 - as numba's own cache
        store(self._path(sig, data.codegen), body)

    def flush(self) -> None:
        """Forget what was kept, for numba's ``recompile``."""
        remove(cache_folder(), f"{self._name}-")

    def enable(self) -> None:
        """Do nothing: it is always in use."""

    def _path(self, sig: Any, codegen: Any) -> Path:
        fields = [getattr(one, "fields", None) for one in sig]  # of named tuples, which their names do not tell
        digest = digest_of(sig, fields, codegen.magic_tuple(), self._kernel_digest)
        return cache_folder() / f"{self._name}-{digest[:32]}{SUFFIX}"

    @functools.cached_property
    def _kernel_digest(self) -> str:
        return kernel_digest(self._dispatcher)


@functools.cache
def _say_once() -> None:
    """Say why the first run on a machine begins with a wait."""
    log.info("compiling loops for this machine, which takes a while the first time and is kept for the next run")


def cache_folder() -> Path:
    """Folder of compiled kernels: ``NUMBA_CACHE_DIR``, or a place of landslip's own."""
    chosen = getattr(_numba_config, "CACHE_DIR", "")
    return Path(chosen) if chosen else platformdirs.user_cache_path("landslip") / "kernels"
