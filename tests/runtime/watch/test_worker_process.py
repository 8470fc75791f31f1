"""The worker process: what it prints is logged, and how it ended is said in words."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from helpers.spools import make_spool, put, watch_once, workers_of
from landslip.runtime.watch.observer import SilentObserver
from landslip.runtime.watch.worker_messages import encoded, messages
from landslip.runtime.watch.worker_process import ending_in_words


class Aborter(SilentObserver):
    """Ends the first worker as a library does that gives up."""

    def __init__(self):
        self.is_done = False

    def job_started(self, job):
        del job
        if not self.is_done:
            self.is_done = True
            (worker,) = workers_of(os.getpid())
            os.kill(worker, signal.SIGABRT)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_libraries_print_is_logged_and_a_crash_is_said(tmp_path, monkeypatch, caplog, capfd):
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")  # which prints at a crash, as libraries do
    config = make_spool(tmp_path)
    put(config, "x.toml")
    watch_once(config, Aborter())
    said = "\n".join(caplog.messages)
    assert "Fatal Python error: Aborted" in said
    assert "SIGABRT" in said
    assert "Aborted" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("code", "words"),
    [(-9, "killed (SIGKILL)"), (-11, "SIGSEGV"), (3, "exit code 3"), (-64 if sys.platform == "linux" else -11, "SIG")],
)
def test_ends_in_words(code, words):
    assert words in ending_in_words(code)


def test_what_is_no_message_is_passed_over(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"no json\n[1]\n{}\n" + encoded("done", result={"km2": 1.5}) + b'{"kind": 3}\n{"kind"')
    with path.open("rb") as stream:
        assert list(messages(stream)) == [{"kind": "done", "result": {"km2": 1.5}}]
