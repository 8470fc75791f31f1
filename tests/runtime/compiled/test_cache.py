"""Compiled kernels are kept on disk, and what is found there is right or not used."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import itertools
import logging
import os
import pickle
import stat
import subprocess
import sys
import time
import zipfile
import zipimport
from pathlib import Path

import llvmlite
import numba
import numpy as np
import pytest
from numba.core.codegen import JITCPUCodegen

from landslip.runtime.compiled.kernel_cache import KernelCache
from landslip.runtime.system.drafts import PARTIAL

pytestmark = pytest.mark.slow

posix = pytest.mark.skipif(os.name == "nt", reason="owners and rights of POSIX")

REMEDY = "Set NUMBA_CACHE_DIR to the full path of a folder that only you can write (chmod 700)."

KERNELS = """
from the_helpers import OFFSET, double
from landslip.runtime.compiled.kernel import kernel

@kernel
def total(values, start):
    for value in values:
        start += double(value) + OFFSET
    return start

@kernel
def width_of(size):
    return size.width
"""

HELPERS = """
from collections import namedtuple
from landslip.runtime.compiled.kernel import kernel

OFFSET = {offset}
Size = namedtuple("Size", "{fields}")

@kernel
def double(value):
    return {factor} * value
"""

VALUES = np.arange(5.0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The cache of this test; see :func:`landslip.runtime.compiled.kernel_cache.cache_folder`."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "landslip" / "kernels"


@pytest.fixture
def process(tmp_path, monkeypatch):
    """Imports the kernels as a new process would, made from these sources, and gives one."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # Python takes bytecode of the same second for fresh

    def load(offset=1, factor=2, fields="height width", place="sources", kernel="total"):
        (tmp_path / place).mkdir(exist_ok=True)
        helpers = HELPERS.format(offset=offset, factor=factor, fields=fields)
        for name, text in (("helpers", helpers), ("kernels", KERNELS)):
            path = tmp_path / place / f"{name}.py"
            path.write_text(text)
            spec = importlib.util.spec_from_file_location(f"the_{name}", path)
            module = importlib.util.module_from_spec(spec)
            monkeypatch.setitem(sys.modules, f"the_{name}", module)
            spec.loader.exec_module(module)
        return getattr(module, kernel)

    return load


def counts(kernel):
    """How many specialisations were loaded, and how many compiled."""
    return sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values())


def test_a_second_process_compiles_nothing(folder, process):
    first, second = process(), process()
    assert first(VALUES, 0.0) == second(VALUES, 0.0) == 25
    assert counts(first) == (0, 1)
    assert counts(second) == (1, 0)
    assert {path.suffix for path in folder.iterdir()} == {".nbc"}


def test_each_type_has_a_file_of_its_own(folder, process):
    first, second = process(), process()
    for kernel, values in itertools.product((first, second), (VALUES, VALUES.astype(np.int32), VALUES[::2])):
        assert kernel(values, 0.0) == 2 * values.sum() + len(values)
    assert counts(first) == (0, 3)
    assert counts(second) == (3, 0)


@pytest.mark.parametrize("change", [{"factor": 3}, {"offset": 2}])
def test_a_change_in_another_module_is_noticed(folder, process, change):
    process()(VALUES, 0.0)
    changed = process(**change)
    assert changed(VALUES, 0.0) == change.get("factor", 2) * 10 + change.get("offset", 1) * 5
    assert counts(changed) == (0, 1)
    back = process()
    assert back(VALUES, 0.0) == 25
    assert counts(back) == (1, 0)  # two checkouts take nothing from each other


def test_the_order_of_named_fields_counts(folder, process):
    for fields, compiled in (("height width", 1), ("height width", 0), ("width height", 1)):
        kernel = process(kernel="width_of", fields=fields)
        assert kernel(sys.modules["the_helpers"].Size(height=2.0, width=3.0)) == 3
        assert counts(kernel) == (1 - compiled, compiled)


def test_equal_sources_elsewhere_share_what_is_compiled(folder, process):
    process()(VALUES, 0.0)
    other = process(place="clone")
    assert other(VALUES, 0.0) == 25
    assert counts(other) == (1, 0)


@pytest.mark.parametrize("library", [numba, np, llvmlite])
def test_another_version_compiles_anew(folder, process, library, monkeypatch):
    process()(VALUES, 0.0)
    monkeypatch.setattr(library, "__version__", "0.0")
    kernel = process()
    assert kernel(VALUES, 0.0) == 25
    assert counts(kernel) == (0, 1)


def test_code_of_another_cpu_is_not_taken(folder, process, monkeypatch):
    process()(VALUES, 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(JITCPUCodegen, "magic_tuple", lambda _: ("x86_64-unknown-linux-gnu", "another", "+none"))
        kernel = process()
        assert kernel(VALUES, 0.0) == 25
        assert counts(kernel) == (0, 1)
    back = process()
    assert back(VALUES, 0.0) == 25
    assert counts(back) == (1, 0)


def test_kernels_in_an_archive_share_what_is_compiled(folder, process, tmp_path, monkeypatch):
    """As when Python runs from a zip file: there is no source file to tell by its date whether it has changed."""
    process()(VALUES, 0.0)
    archive = tmp_path / "packed.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in (tmp_path / "sources").glob("*.py"):
            packed.write(path, f"the_{path.name}")
    for name in ("the_helpers", "the_kernels"):
        spec = zipimport.zipimporter(str(archive)).find_spec(name)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, name, module)
        spec.loader.exec_module(module)
    assert module.total(VALUES, 0.0) == 25
    assert counts(module.total) == (1, 0)


@pytest.mark.parametrize("keep", [0, 10, 40, 0.5, -1])
def test_damaged_files_are_compiled_again(folder, process, keep):
    process()(VALUES, 0.0)
    for path in folder.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[: int(keep * len(content)) if isinstance(keep, float) else keep])
    second, third = process(), process()
    assert second(VALUES, 0.0) == third(VALUES, 0.0) == 25
    assert counts(second) == (0, 1)
    assert counts(third) == (1, 0)


def test_a_byte_that_changed_is_found(folder, process):
    process()(VALUES, 0.0)
    for path in folder.iterdir():
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    kernel = process()
    assert kernel(VALUES, 0.0) == 25
    assert counts(kernel) == (0, 1)


def refusals(caplog):
    """What was said of a folder that is not used; that something is compiled is said as well, once a process."""
    return [record.message for record in caplog.records if not record.message.startswith("compiling loops")]


def test_where_nothing_can_be_written_each_process_compiles_and_says_so_once(folder, process, caplog):
    folder.parent.parent.parent.joinpath("cache").write_text("no folder")
    caplog.set_level(logging.INFO, "landslip")
    kernel = process()
    for values in (VALUES, VALUES.astype(np.int32)):
        assert kernel(values, 0.0) == 25
    said = refusals(caplog)
    assert said == [
        f"Kernels are compiled in each process anew, as {folder} cannot be written (Not a directory). {REMEDY}"
    ]


class Poison:
    """What runs when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def put(path, body):
    """Have a whole file, whatever it holds."""
    path.write_bytes(hashlib.sha256(body).digest() + body)


@posix
def test_where_others_can_write_nothing_is_read_or_written_and_it_is_said_once(folder, process, tmp_path, caplog):
    caplog.set_level(logging.INFO, "landslip")
    process()(VALUES, 0.0)
    for path in folder.iterdir():
        put(path, pickle.dumps(Poison(tmp_path / "poisoned")))
    folder.chmod(0o775)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    for _ in range(2):
        kernel = process()
        assert kernel(VALUES, 0.0) == 25
        assert counts(kernel) == (0, 1)
        kernel.recompile()
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert not (tmp_path / "poisoned").exists()
    said = refusals(caplog)
    assert said == [f"Kernels are compiled in each process anew, as {folder} can be written by others. {REMEDY}"]


@posix
def test_a_folder_of_its_own_is_made_whatever_the_umask(folder, process):
    before = os.umask(0o002)
    try:
        process()(VALUES, 0.0)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


@posix
def test_a_file_that_others_could_have_written_is_compiled_again_and_replaced(folder, process, tmp_path):
    process()(VALUES, 0.0)
    for path in folder.iterdir():
        put(path, pickle.dumps(Poison(tmp_path / "poisoned")))
        path.chmod(0o666)
    second, third = process(), process()
    assert second(VALUES, 0.0) == third(VALUES, 0.0) == 25
    assert (counts(second), counts(third)) == ((0, 1), (1, 0))
    assert not (tmp_path / "poisoned").exists()


def test_a_path_that_depends_on_the_current_folder_is_not_used(process, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "landslip")
    monkeypatch.chdir(tmp_path)
    place = f"kernels of {tmp_path.name}"
    monkeypatch.setattr(numba.config, "CACHE_DIR", place)
    assert process()(VALUES, 0.0) == 25
    assert not Path(place).exists()
    said = refusals(caplog)
    assert said == [f"Kernels are compiled in each process anew, as {place} is no absolute path. {REMEDY}"]


@pytest.mark.parametrize("content", [None, 3, (1, 2, 3), ("x",) * 40])
def test_what_cannot_be_loaded_is_compiled_again(folder, process, content):
    process()(VALUES, 0.0)
    for path in folder.iterdir():
        put(path, b"no pickle" if content is None else pickle.dumps(content))
    second, third = process(), process()
    assert second(VALUES, 0.0) == third(VALUES, 0.0) == 25
    assert (counts(second), counts(third)) == ((0, 1), (1, 0))


@pytest.mark.parametrize(("setting", "value"), [("BOUNDSCHECK", 1), ("OPT", 1), ("DEBUGINFO_DEFAULT", 1)])
def test_another_way_of_compiling_everything_compiles_anew(folder, process, setting, value, monkeypatch):
    process()(VALUES, 0.0)
    monkeypatch.setattr(numba.config, setting, value)
    kernel = process()
    assert kernel(VALUES, 0.0) == 25
    assert counts(kernel) == (0, 1)


@pytest.mark.parametrize("options", [{"boundscheck": True}, {"fastmath": True}])
def test_another_way_of_compiling_a_kernel_compiles_anew(folder, process, options):
    function = process().py_func
    for changes, found in ({}, (0, 1)), (options, (0, 1)), ({}, (1, 0)), (options, (1, 0)):
        kernel = numba.njit(nogil=True, **changes)(function)
        kernel._cache = KernelCache(kernel)
        assert kernel(VALUES, 0.0) == 25
        assert counts(kernel) == found


def test_what_a_killed_process_left_half_written_is_removed_after_a_day(folder, process, monkeypatch):
    def killed(self, target):
        raise KeyboardInterrupt

    kernel = process()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            kernel(VALUES, 0.0)
    (draft,) = folder.iterdir()
    assert draft.name.startswith(PARTIAL)
    process()(VALUES, 0.0)
    assert draft.exists()  # somebody may be at it
    old = time.time() - 2 * 24 * 3600
    os.utime(draft, (old, old))
    process()(VALUES.astype(np.int32), 0.0)
    assert len(list(folder.iterdir())) == 4
    assert not list(folder.glob(f"{PARTIAL}*"))


def test_the_users_own_folder_wins(folder, process, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "own"))
    process()(VALUES, 0.0)
    assert not folder.exists()
    assert list((tmp_path / "own").glob("*.nbc"))


def test_it_can_be_compiled_again_on_purpose(folder, process):
    kernel = process()
    kernel(VALUES, 0.0)
    before = {path.name for path in folder.glob("*total*")}
    kernel.recompile()
    assert kernel(VALUES, 0.0) == 25
    assert {path.name for path in folder.glob("*total*")} == before


def test_many_processes_can_start_on_an_empty_cache(tmp_path):
    """Several processes compile two specialisations of one kernel at once; then one more compiles nothing."""
    code = """
import numpy as np
from landslip.runtime.products.labels import has_label
assert has_label(np.ones(2, np.int32)) and not has_label(np.zeros(2, np.int64))
print(sum(has_label.stats.cache_misses.values()))
"""
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    start = functools.partial(
        subprocess.Popen, [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    crowd = [start() for _ in range(3)]
    assert all(process.communicate()[0].strip() in {"0", "1", "2"} and process.returncode == 0 for process in crowd)
    last = start()
    assert last.communicate()[0].strip() == "0"
    assert [path.suffix for path in tmp_path.iterdir()] == [".nbc", ".nbc"]


def test_a_second_demo_compiles_nothing(tmp_path):
    """With the user's own cache, so that only the very first run here compiles."""
    code = """
import gc, sys
from landslip.runtime.cli.main import run
assert run(["-q", "demo", sys.argv[1], "--overwrite", "--size-km", "3"]) == 0
from numba.core.dispatcher import Dispatcher
ours = [one.stats for one in gc.get_objects() if isinstance(one, Dispatcher) and "landslip" in one.py_func.__module__]
print(sum(sum(stats.cache_hits.values()) for stats in ours), sum(sum(stats.cache_misses.values()) for stats in ours))
"""
    for _ in range(2):
        result = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "demo")], capture_output=True, text=True, check=True
        )
    loaded, compiled = map(int, result.stdout.splitlines()[-1].split())
    assert loaded > 20
    assert compiled == 0


def test_without_numbas_compiler_a_kernel_is_a_plain_function():
    code = "from landslip.runtime.products.labels import has_label as k; print(k([0, 3]), type(k).__name__)"
    result = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"NUMBA_DISABLE_JIT": "1"}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert result.stdout.split() == ["True", "function"]
