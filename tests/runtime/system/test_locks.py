"""Locks on files: against other processes, for as long as the holder lives."""

from __future__ import annotations

import subprocess
import sys

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
