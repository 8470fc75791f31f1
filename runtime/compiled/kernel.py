"""Compiling of kernels: without the GIL, and kept on disk for the next process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

from landslip.runtime.compiled.kernel_cache import KernelCache

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a loop with numba on its first call, releasing the GIL.

    The compiled code is kept in the user's cache folder: see
    :class:`landslip.runtime.compiled.kernel_cache.KernelCache`.
    """
    dispatcher: Any = numba.njit(nogil=True)(function)
    if hasattr(dispatcher, "_cache"):  # with NUMBA_DISABLE_JIT it is the plain function
        dispatcher._cache = KernelCache(dispatcher)  # noqa: SLF001 - numba's own switch knows only numba's own cache
    compiled: F = dispatcher
    return compiled
