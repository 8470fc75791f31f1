"""Digest of all that the machine code of a kernel is made from: kernels of one digest are the same."""

from __future__ import annotations

import hashlib
import pickle
import sys
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any

import llvmlite
import numba
import numpy as np
from numba.core import config
from numba.core.dispatcher import Dispatcher

_CONSTANTS = (bool, int, float, complex, str, tuple, np.generic, np.ndarray)
"""Types of what numba freezes into the code where a kernel uses it by a global name."""

_SWITCHES = ("BOUNDSCHECK", "OPT", "DEBUGINFO_DEFAULT")
"""Names in ``numba.config`` that decide how everything is compiled. Older numba lacks some."""


def digest_of(*parts: Any) -> str:
    """SHA-256 of values that are written out in full."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def kernel_digest(dispatcher: Any) -> str:
    """SHA-256 of all that decides the code of a kernel but its argument types and the CPU.

    Args:
        dispatcher: what numba's ``njit`` makes of a function.
    """
    versions = (sys.version, numba.__version__, llvmlite.__version__, np.__version__)
    settings = [getattr(config, name, None) for name in _SWITCHES]
    return digest_of(versions, settings, *_ingredients(dispatcher, set()))


def _ingredients(dispatcher: Any, seen: set[Callable[..., Any]]) -> Iterator[Any]:
    """Yield what the code of a kernel is made from: its options, its bytecode, and what it uses by a global name.

    The bytecode that was loaded counts, not the file it came from, which may have changed since.
    """
    function = dispatcher.py_func
    seen.add(function)
    yield sorted(dispatcher.targetoptions.items())
    for code in _codes(function.__code__):
        yield code.co_code, code.co_names, code.co_varnames, function.__defaults__
        yield [constant for constant in code.co_consts if not isinstance(constant, CodeType)]
        for name in code.co_names:
            used = function.__globals__.get(name)
            if isinstance(used, _CONSTANTS):
                yield pickle.dumps(used)
            elif isinstance(used, Dispatcher) and used.py_func not in seen:
                yield from _ingredients(used, seen)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code, and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
