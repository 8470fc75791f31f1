"""Commands end when they are asked to, whatever they do, with their exit code and one sentence."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals and processes of POSIX")

BEGIN = """
import atexit, collections, contextlib, itertools, os, signal, sys, time
signal.signal(signal.SIGHUP, signal.SIG_DFL)
from landslip.runtime.system import supervisor
from landslip.runtime.system.endings import Will, bequeath, undisturbed

def ready(): os.write(1, b"ready\\n")
def fail(*_): raise OSError("no process to be had")
"""
"""Before what the child does; signals are as in a shell of a terminal."""
END = """
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
sys.exit(supervisor.supervised(work))
"""

DEAF = """
def work():
    for number in itertools.count():
        with contextlib.suppress(BaseException):
            ready() if not number else None
            time.sleep(60)
"""
LOCKED = """
def work():
    ready()
    collections.deque(itertools.repeat(0), maxlen=0)  # holds Python's lock
"""
ORDERLY = """
def work():
    try:
        ready()
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(0.5)
        print("orderly", flush=True)
        return 130
"""
WITHOUT_CHILD = "os.fork = fail\n"


@contextlib.contextmanager
def running(code, wait=True):
    process = subprocess.Popen(
        [sys.executable, "-c", BEGIN + code + END], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        if wait:
            assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process, most):
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - began < most, err
    assert "Traceback" not in err
    return process.returncode, out, err


CODES = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 143}


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("work", [DEAF, LOCKED, WITHOUT_CHILD + DEAF], ids=["deaf", "locked", "without a child"])
def test_what_hears_nothing_ends_within_three_seconds(work, name):
    with running(work) as process:
        process.send_signal(signal.Signals[name])
        code, _, err = ended(process, 3.0)
    assert (code, err) == (CODES[name], "landslip: interrupted.\n")


@pytest.mark.parametrize("work", [DEAF, LOCKED, WITHOUT_CHILD + DEAF], ids=["deaf", "locked", "without a child"])
def test_a_second_signal_ends_at_once(work):
    with running(work) as process:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process, 0.5)
    assert (code, err) == (143, "landslip: interrupted.\n")


@pytest.mark.parametrize("work", [ORDERLY, WITHOUT_CHILD + ORDERLY], ids=["child", "without a child"])
def test_an_orderly_end_is_waited_for_and_signals_that_come_together_are_one(work):
    with running(work) as process:
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)  # as timeout(1) does
        code, out, err = ended(process, 2.0)
    assert (code, out, err) == (130, "orderly\n", "")


def test_all_processes_of_a_terminal_hear_ctrl_c():
    with running("os.setpgrp()\n" + ORDERLY) as process:
        os.killpg(process.pid, signal.SIGINT)
        assert ended(process, 2.0)[:2] == (130, "orderly\n")


def test_what_is_kept_is_said_and_the_rest_is_cleared(tmp_path):
    (tmp_path / "left").mkdir()
    will = f"bequeath(Will('7 of 9 rows are kept.', 'shutil:rmtree', ({str(tmp_path / 'left')!r},)))\n    "
    with running(LOCKED.replace("ready()", will + "ready()")) as process:
        time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        code, _, err = ended(process, 3.0)
    assert (code, err) == (143, "landslip: interrupted. 7 of 9 rows are kept.\n")
    assert not (tmp_path / "left").exists()


CRASHES = {"os.abort()": "SIGABRT", "os.kill(os.getpid(), signal.SIGKILL)": "SIGKILL", "os._exit(1)": "exit code 1"}


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_in_a_library_is_a_sentence(crash):
    code = f"""
def work():
    bequeath(Will("7 of 9 rows are kept."))
    ready()
    {crash}
"""
    with running(code) as process:
        code, _, err = ended(process, 3.0)
    assert code == 1
    assert err.startswith("landslip: ")
    assert CRASHES[crash] in err
    assert err.endswith(" 7 of 9 rows are kept.\n")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("code", [0, 1, 4])
def test_a_crash_when_all_is_said_changes_no_exit_code(code):
    with running(f"def work():\n    atexit.register(os.abort); ready(); return {code}\n") as process:
        assert ended(process, 3.0) == (code, "", "")


@pytest.mark.parametrize("code", [0, 2, 3, 4])
def test_the_exit_code_is_that_of_the_work(code):
    with running(f"def work():\n    print('done'); return {code}\n", wait=False) as process:
        assert ended(process, 30.0) == (code, "done\n", "")


def test_work_that_is_done_by_then_is_done():
    code = ORDERLY.replace("return 130", "return 0")
    with running(code) as process:
        process.send_signal(signal.SIGTERM)
        assert ended(process, 2.0) == (0, "orderly\n", "")


def test_what_is_to_outlive_its_terminal_does():
    code = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n" + ORDERLY.replace("sleep(60)", "sleep(1); return 0")
    with running(code) as process:
        process.send_signal(signal.SIGHUP)
        assert ended(process, 5.0) == (0, "", "")


HELD = """
def work():
    with undisturbed():
        ready()
        time.sleep(3)
        print("whole", flush=True)
"""


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.slow
def test_results_get_their_names_undisturbed(again):
    with running(HELD) as process:
        process.send_signal(signal.SIGTERM)
        if again:
            time.sleep(1.5)
            process.send_signal(signal.SIGTERM)
        code, out, _ = ended(process, 6.0)
    assert (code, out) == (143, "whole\n")


@pytest.mark.skipif(sys.platform != "linux", reason="prctl")
def test_a_child_does_not_outlive_its_parent():
    with running("def work():\n    ready(); print(os.getpid(), flush=True); time.sleep(60)\n") as process:
        child = int(process.stdout.readline())
        process.kill()
        process.wait()
        for _ in range(100):
            state = Path(f"/proc/{child}/stat")
            if not state.exists() or " Z " in state.read_text():
                return
            time.sleep(0.05)
    pytest.fail("it goes on")


@pytest.mark.parametrize("code", [0, 4])
def test_a_library_that_never_comes_down_does_not_keep_the_command_from_ending(code):
    with running(f"""
supervisor.FAREWELL = 0.3

def work():
    ready()
    atexit.register(time.sleep, 600)
    return {code}
""") as process:
        ending, _, err = ended(process, 10.0)
    assert (ending, err) == (code, "")


def test_a_library_that_raises_ctrl_c_for_want_of_memory_is_no_ctrl_c():
    code = """
import importlib.machinery
from landslip.runtime.cli.main import run
import click
from landslip.runtime.cli import main as cli

def create_module(): signal.raise_signal(signal.SIGINT)  # as OpenBLAS does when it is loaded
create_module.__code__ = create_module.__code__.replace(co_filename="<frozen importlib._bootstrap_external>")
cli.COMMANDS["fail"] = ("failing:command", "")
sys.modules["failing"] = type(sys)("failing")
sys.modules["failing"].command = click.Command("fail", callback=create_module)
def work(): ready(); return run(["fail"])
"""
    with running(code) as process:
        code, _, err = ended(process, 3.0)
    assert code == 4
    assert "not enough memory" in err
