"""Real command lines that are asked to end, or get too little memory: in time, with a sentence, nothing lost."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from helpers.models import brightness_model
from helpers.rasters import scene_mixed
from helpers.results import names_of_results
from helpers.silent_server import silence
from landslip.runtime.cli.main import run
from landslip.runtime.system.drafts import PARTIAL

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and processes of POSIX")

CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 143}
MAIN = """
import os, signal, sys, time
from landslip.runtime.cli.main import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # and so does what nohup starts
"""
SLOW = """
import collections, itertools
from landslip.runtime.run import run_files
from landslip.runtime.engines.onnx_runtime import OnnxRuntimeEngine
infer, calls = OnnxRuntimeEngine.infer, itertools.count()

def slowly(self, batch):
    number = next(calls)
    os.write(1, b"busy\\n")
    time.sleep(0.03)
    if number == 40:
        collections.deque(itertools.repeat(0), maxlen=0)  # for ever, with Python's lock
    return infer(self, batch)

OnnxRuntimeEngine.infer = slowly
run_files.INTERVAL = 0.0
"""


@pytest.fixture
def scene(tmp_path):
    files = scene_mixed(tmp_path)
    arguments = {
        "-m": brightness_model(tmp_path / "model.onnx"), "--pre": files.pre, "--post": files.post, "--dem": files.dem,
        "--mask": files.masks[0], "-o": tmp_path / "out", "--tile": 64, "--batch": 1,
    }  # fmt: skip
    return tmp_path, arguments


def command(arguments):
    return ["map", *(str(part) for pair in arguments.items() for part in pair)]


@contextlib.contextmanager
def mapping(arguments, before="", **options):
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN + before + "main()", *command(arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process, most=3.0):
    began = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < most, err
    assert "Traceback" not in err
    return process.returncode, out, err


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("role", ["--pre", "--aoi"])
@pytest.mark.slow
def test_a_silent_server_does_not_keep_a_map_from_ending(scene, role, name):
    folder, arguments = scene
    with silence() as server:
        place = {"--pre": "pre.tif", "--aoi": "area.geojson"}[role]
        with mapping(arguments | {role: f"http://{server.host}/{place}"}) as process:
            assert server.came.wait(60)
            process.send_signal(signal.Signals[name])
            code, out, err = ended(process)
    assert (code, out) == (CODES[name], "")
    assert err.splitlines()[-1] == "landslip: interrupted."
    assert not (folder / "out").exists()


def test_a_second_ctrl_c_ends_a_map_at_once(scene):
    _, arguments = scene
    with silence() as server, mapping(arguments | {"--pre": f"ftp://{server.host}/pre.tif"}) as process:
        assert server.came.wait(60)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert ended(process, 1.0)[0] == 130


@pytest.mark.slow
def test_an_engine_that_does_not_come_back_costs_no_finished_row(scene):
    folder, arguments = scene
    with mapping(arguments, SLOW) as process:
        for _ in range(41):
            assert process.stdout.readline() == "busy\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process)
    assert code == 143
    assert err.count("rows are kept in") == 1
    rows = int(err.rpartition("interrupted. ")[2].split()[0])
    last = (folder / "out" / PARTIAL / "journal.jsonl").read_text().splitlines()[-1]
    assert json.loads(last)["rows"] == rows > 0
    assert run([*command(arguments), "--resume"]) == 0
    assert json.loads((folder / "out" / "run.json").read_text())["resumed_after_row"] == rows
    assert sorted(entry.name for entry in (folder / "out").iterdir()) == names_of_results(folder / "out")


def test_what_is_kept_is_said_once_and_nothing_else_is_claimed(scene):
    _, arguments = scene
    with mapping(arguments, SLOW.replace("number == 40", "False")) as process:
        for _ in range(40):
            assert process.stdout.readline() == "busy\n"
        process.send_signal(signal.SIGHUP)
        code, _, err = ended(process)
    assert code == 143
    assert [line.split(" in ")[0] for line in err.splitlines() if "kept" in line] == ["61 of 400 rows are kept"]
    assert err.splitlines()[-1] == "landslip: interrupted."
    assert "final name" not in err


@pytest.mark.parametrize("megabytes", [60, 100, 130, 200, 300, 400, 500, 600, 700, 800, 1000])
@pytest.mark.slow
def test_too_little_address_space_is_a_sentence(scene, megabytes):
    folder, arguments = scene
    limit = megabytes << 20
    with mapping(arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))) as process:
        code, _, err = ended(process, 60.0)
    if code == 0:
        assert megabytes >= 600, "the limit does not bind"
        return
    assert code in {1, 4}, err
    assert err.splitlines()[-1].startswith("landslip: "), err
    assert not (folder / "out").exists() or "rows are kept" in err


@pytest.mark.parametrize("code", [1, 4])
def test_no_library_and_no_memory_are_needed_to_say_so(scene, code):
    _, arguments = scene
    spent = """
from landslip.runtime.cli import main as cli

def fails(*args, **options):
    sys.modules["resource"] = None  # as where no library can be loaded any more
    raise SystemError("half compiled")

def no_memory(error, voice):
    raise MemoryError

cli.cli.main = fails
""" + ("cli._failed = no_memory\n" if code == 4 else "")
    limited = partial(resource.setrlimit, resource.RLIMIT_AS, (4 << 30, 4 << 30))
    with mapping(arguments, spent, preexec_fn=limited) as process:
        ending, _, err = ended(process, 60.0)
    assert ending == code
    assert err.startswith("landslip: ")
    assert len(err.splitlines()) == 1


def test_a_line_of_the_log_without_memory_is_no_traceback(scene):
    _, arguments = scene
    spent = """
from landslip.runtime.cli import log_formats

def no_memory(text):
    raise MemoryError

log_formats.without_secrets = no_memory
"""
    with mapping(arguments, spent) as process:
        code, _, err = ended(process, 60.0)
    assert code == 4
    assert "not enough memory" in err.splitlines()[-1].lower()


def test_no_thread_to_be_had_is_a_sentence(scene):
    folder, arguments = scene
    refuse = """
import threading
start = threading.Thread.start

def refused(self):
    if self.name == "landslip-stage": raise RuntimeError("can't start new thread")
    start(self)

threading.Thread.start = refused
"""
    with mapping(arguments, refuse) as process:
        code, _, err = ended(process, 60.0)
    assert code == 4
    assert err.splitlines()[-1].startswith("landslip: the system starts no more threads.")
    assert not (folder / "out").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("room", [8192, 16384, 24576])
def test_a_thread_without_memory_for_its_first_frame_is_not_waited_for(scene, room):
    folder, arguments = scene
    tight = f"""
import resource, threading
from pathlib import Path
start = threading._start_new_thread

def with_a_stack_and_no_more(*args, **options):
    if threading.current_thread().name == "MainThread":
        used = int(Path("/proc/self/status").read_text().partition("VmSize:")[2].split()[0]) << 10
        limit = used + resource.getrlimit(resource.RLIMIT_STACK)[0] + {room}
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    return start(*args, **options)

threading._start_new_thread = with_a_stack_and_no_more
"""
    with mapping(arguments, tight) as process:
        code, _, err = ended(process, 60.0)
    assert code in {1, 4}, err
    assert err.splitlines()[-1].startswith("landslip: "), err
    assert not (folder / "out").exists() or "rows are kept" in err


def test_any_error_beside_a_limit_of_memory_names_the_limit(scene):
    _, arguments = scene
    strange = """
import landslip.runtime.cli.mapping as mapping

def make_map(*_, **__):
    raise TypeError("expected some sort of expr")

mapping.make_map = make_map
"""
    limit = 8 << 30
    with mapping(
        arguments, strange, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    ) as process:
        code, _, err = ended(process, 60.0)
    assert code == 1
    assert "expected some sort of expr" in err
    assert "limited to 8192 MB" in err


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize(("room", "code"), [(64 << 20, 4), (8 << 30, 3)])
def test_what_libraries_say_of_a_file_beside_a_limit_of_memory_may_be_no_fault_of_the_file(scene, room, code):
    _, arguments = scene
    blamed = f"""
import resource
from pathlib import Path
import landslip.runtime.cli.mapping as mapping
from landslip.runtime.errors import InputError

def make_map(*_, **__):
    used = int(Path("/proc/self/status").read_text().partition("VmPeak:")[2].split()[0]) << 10
    resource.setrlimit(resource.RLIMIT_AS, (used + {room}, used + {room}))
    raise InputError("pre.tif has no coordinate reference system.", "Assign one.")

mapping.make_map = make_map
"""
    with mapping(arguments, blamed) as process:
        ending, _, err = ended(process, 60.0)
    assert ending == code
    assert ("the address space is limited" in err) == (code == 4)
    assert "pre.tif has no coordinate reference system." in err
