"""Locks on files: against other processes, for as long as the holder lives."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys

import pytest

from landslip.runtime.system import locks
from landslip.runtime.system.locks import open_locked

HOLD = """
import sys
from pathlib import Path
from landslip.runtime.system.locks import open_locked
file = open_locked(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_holds_against_another_process_until_that_one_is_killed(tmp_path):
    path = tmp_path / "file"
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        assert open_locked(path) is None
        process.kill()
        process.wait()
        with open_locked(path) as file:
            assert file is not None


def test_what_was_there_is_kept_and_written_on(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"there")
    with open_locked(path) as file:
        file.write(b" and more")
    assert path.read_bytes() == b"there and more"


def test_a_file_that_was_renamed_is_free_to_be_made_again(tmp_path):
    path = tmp_path / "file"
    with open_locked(path):
        path.rename(tmp_path / "other")
        with open_locked(path) as again:
            assert again is not None
    assert path.exists()


def test_a_file_that_is_renamed_while_it_is_waited_for_is_not_what_is_locked(tmp_path, monkeypatch):
    """As when a download gets its name between the opening of its draft and the lock."""
    path = tmp_path / "file"
    path.write_bytes(b"complete")
    lock = locks._lock

    def renamed(file):
        monkeypatch.setattr(locks, "_lock", lock)
        path.rename(tmp_path / "final")
        lock(file)

    monkeypatch.setattr(locks, "_lock", renamed)
    with open_locked(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"new"
    assert (tmp_path / "final").read_bytes() == b"complete"


@pytest.mark.skipif(os.name == "nt", reason="locks of POSIX")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_used_and_warned_of(tmp_path, monkeypatch, caplog, number):
    def refused(descriptor, operation):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refused)
    with caplog.at_level(logging.WARNING, "landslip"), open_locked(tmp_path / "file") as file:
        file.write(b"written")
    assert f"no locks here ({os.strerror(number)}): make sure that no other run writes" in caplog.text
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
