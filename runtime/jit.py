"""How kernels are compiled: without the GIL, and kept on disk where there is a place for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a loop with numba on its first call, releasing the GIL.

    The compiled code is kept beside the source, or in the user's cache folder. Where neither can be written, as in some
    containers, it is compiled anew in each process, which takes some seconds.
    """
    try:
        compiled: Any = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # numba found no place for its cache
        compiled = numba.njit(nogil=True)(function)
    dispatcher: F = compiled
    return dispatcher
