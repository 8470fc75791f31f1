"""Folders of a spool: made where they are not there, on one file system."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from landslip.runtime.errors import InputError, OutputError
from landslip.runtime.watch.spool_folders import NAMES, open_spool


def test_folders_are_made(tmp_path):
    spool = open_spool(tmp_path / "a" / "b")
    assert {path.name for path in spool.folder.iterdir()} == {*NAMES}
    assert open_spool(spool.folder) == spool


def test_a_folder_on_another_file_system_is_an_error(tmp_path):
    other = next((path for path in map(Path, ("/dev/shm", "/run", "/sys")) if path.is_dir()), None)  # noqa: S108
    if other is None or other.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no other file system")
    (tmp_path / "out").symlink_to(other)
    with pytest.raises(InputError, match="two file systems") as raised:
        open_spool(tmp_path)
    assert str(tmp_path / "out") in str(raised.value)


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path):
    (tmp_path / "work").write_text("")
    with pytest.raises(OutputError, match="work cannot be made"):
        open_spool(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_an_error(tmp_path):
    open_spool(tmp_path)
    (tmp_path / "done").chmod(0o500)
    with pytest.raises(OutputError, match="done cannot be written"):
        open_spool(tmp_path)


def test_the_clock_of_the_file_system_leaves_nothing_behind(tmp_path):
    spool = open_spool(tmp_path)
    assert spool.file_system_now() == pytest.approx(time.time(), abs=5)
    assert list(spool.watchers.iterdir()) == []
