"""A process that takes no more memory than it needs: one heap, counted by the C library itself, and few imports."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from landslip.runtime.system.lean_process import share_heap

with_heaps = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such heaps")

_COUNTED = """
import ctypes, sys, threading
from landslip.runtime.system.lean_process import share_heap
library = ctypes.CDLL(None)
library.malloc.restype = library.fopen.restype = ctypes.c_void_p
if sys.argv[1] == "shared":
    share_heap()
met = threading.Barrier(4)
def take():
    met.wait()
    library.malloc(ctypes.c_size_t(1000))
    met.wait()
threads = [threading.Thread(target=take) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
stream = ctypes.c_void_p(library.fopen(b"/dev/stdout", b"w"))
library.malloc_info(0, stream)
library.fclose(stream)
"""


@with_heaps
@pytest.mark.parametrize(("how", "settings", "one"), [
    ("shared", {}, True),
    ("as usual", {}, False),
    ("shared", {"MALLOC_ARENA_MAX": "8"}, False),
    ("shared", {"GLIBC_TUNABLES": "glibc.malloc.arena_max=8"}, False),
])  # fmt: skip
def test_threads_take_memory_from_one_heap_unless_the_environment_says_otherwise(
    how: str, settings: dict[str, str], one: bool
) -> None:
    own = {name: value for name, value in os.environ.items() if name not in {"MALLOC_ARENA_MAX", "GLIBC_TUNABLES"}}
    told = subprocess.run(
        [sys.executable, "-c", _COUNTED, how], env=own | settings, capture_output=True, text=True, check=True
    ).stdout
    assert (told.count("<heap nr=") == 1) is one


@with_heaps
def test_it_says_whether_it_is_so() -> None:
    assert not share_heap({"MALLOC_ARENA_MAX": "2"})
    assert share_heap({})


def test_a_lean_process_imports_nothing_that_pyogrio_and_numba_take_unasked() -> None:
    code = (
        "import sys; from landslip.runtime.system.lean_process import be_lean; be_lean(); "
        "from landslip.runtime.access.bound_pyogrio import pyogrio; import landslip.runtime.mapping.pipeline; "
        "import numpy; from landslip.runtime.imagery.stretch import percentiles; "
        "print(percentiles(lambda: [numpy.arange(101, dtype=numpy.uint8)[None]], (2, 98)).tolist()); "
        "names = ('pandas', 'geopandas', 'pyarrow', 'scipy', 'cffi', 'numpy.f2py'); "
        "print(*[name for name in names if sys.modules.get(name)])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.splitlines() == ["[[2.0, 98.0]]", ""]


def test_what_is_imported_already_stays() -> None:
    code = (
        "import sys; sys.modules['pandas'] = sys; from landslip.runtime.system.lean_process import be_lean; be_lean(); "
        "print(sys.modules['pandas'] is sys, sys.modules['geopandas'])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.split() == ["True", "None"]
