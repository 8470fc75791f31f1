"""Compiled kernels on disk: one file for each specialisation, in the user's cache folder.

numba's own cache is an index for each function, and numbered files that the index points to. Two processes that start
on an empty cache can give one number to two specialisations, a crash between index and file leaves an index of the new
source that points at code of the old one, and a kernel from another module may change unnoticed. Here the name of a
file is a digest of all that its code is made from, and the file begins with a digest of the rest: whatever is found and
whole is right, and nothing is ever changed in place.
"""

from __future__ import annotations

import functools
import hashlib
import logging
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any

import numba
import numpy as np
import platformdirs
from numba.core import compiler, serialize
from numba.core.dispatcher import Dispatcher

log = logging.getLogger(__name__)

Kernel = Callable[..., Any]

_numba_compiler: Any = compiler  # numba's types are partial
_numba_serialize: Any = serialize

_DIGEST = hashlib.sha256().digest_size
_CONSTANTS = (bool, int, float, complex, str, tuple, np.generic, np.ndarray)
"""What numba freezes into the code where a kernel uses it by a global name."""


class KernelCache:
    """What a numba dispatcher keeps its compiled code in: the interface is that of ``numba.core.caching``.

    Files that are damaged or cannot be read are compiled anew. Where none can be written, as in some containers, each
    process compiles for itself, which is said once.
    """

    def __init__(self, function: Kernel) -> None:
        """Make the cache of one kernel; nothing is read or written before it is called."""
        self._function = function
        self._name = f"{function.__module__}.{function.__name__}"

    @property
    def cache_path(self) -> str:
        """The folder, for numba's statistics."""
        return str(cache_folder())

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What was compiled for a signature and this CPU; None if there is nothing, or nothing whole."""
        target_context.refresh()
        found = _read(self._path(sig, target_context.codegen()))
        if found is None:
            return None
        return _numba_compiler.CompileResult._rebuild(target_context, *found)  # noqa: SLF001 - as numba's own cache

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled for a signature."""
        if data.library.has_dynamic_globals:  # addresses of this process
            return
        body = _numba_serialize.dumps(data._reduce())  # noqa: SLF001 - as numba's own cache
        try:
            _write(self._path(sig, data.codegen), body)
        except OSError as error:
            _say_once(self.cache_path, error.strerror or str(error))

    def flush(self) -> None:
        """Forget what was kept, for numba's ``recompile``."""
        for path in cache_folder().glob(f"{self._name}-*"):
            path.unlink(missing_ok=True)

    def enable(self) -> None:
        """Nothing: it is always in use."""

    def _path(self, sig: Any, codegen: Any) -> Path:
        fields = [getattr(one, "fields", None) for one in sig]  # of named tuples, which their names do not tell
        digest = _digest(sig, fields, codegen.magic_tuple(), self._stamp)
        return cache_folder() / f"{self._name}-{digest[:32]}.nbc"

    @functools.cached_property
    def _stamp(self) -> str:
        versions = (sys.version, numba.__version__, np.__version__)
        return _digest(versions, *_makings(self._function, set()))


def cache_folder() -> Path:
    """Where compiled kernels are kept: ``NUMBA_CACHE_DIR``, or a place of landslip's own."""
    chosen = getattr(numba.config, "CACHE_DIR", "")
    return Path(chosen) if chosen else platformdirs.user_cache_path("landslip") / "kernels"


def _read(path: Path) -> Any:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    digest, body = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(body).digest() != digest:
        log.debug("%s is damaged: its kernel is compiled again.", path)
        return None
    return pickle.loads(body)  # noqa: S301 - what we wrote; numba keeps its own code likewise


def _write(path: Path, body: bytes) -> None:
    """Have a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{path.stem}.", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(body).digest() + body)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _digest(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _makings(function: Kernel, seen: set[Kernel]) -> Iterator[Any]:
    """What the code of a kernel is made from: its bytecode, and what it uses by a global name.

    The bytecode that was loaded counts, not the file it came from, which may have changed since.
    """
    seen.add(function)
    for code in _codes(function.__code__):
        yield code.co_code, code.co_names, code.co_varnames, function.__defaults__
        yield [constant for constant in code.co_consts if not isinstance(constant, CodeType)]
        for name in code.co_names:
            used = function.__globals__.get(name)
            if isinstance(used, _CONSTANTS):
                yield pickle.dumps(used)
            elif isinstance(used, Dispatcher) and used.py_func not in seen:
                yield from _makings(used.py_func, seen)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


@functools.cache
def _say_once(folder: str, trouble: str) -> None:
    log.info("Kernels are compiled in each process anew, as %s cannot be written: %s.", folder, trouble)
