"""Files written where others may have planted something under the same name."""

from __future__ import annotations

import os
import sys

import pytest

from landslip.runtime.run.journal import Checkpoint, Journal
from landslip.runtime.system.locks import open_locked
from landslip.runtime.system.safe_writing import open_or_make, open_safely, write_anew

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")


@pytest.fixture
def precious(tmp_path):
    path = tmp_path / "precious"
    path.write_bytes(b"keep me")
    return path


def planted(precious, name="planted"):
    path = precious.with_name(name)
    path.symlink_to(precious)
    return path


@pytest.mark.parametrize("mode", ["a+b", "r+b", "x+b"])
def test_a_link_is_not_followed(precious, mode):
    with pytest.raises(OSError, match=r"link|exists"):
        open_safely(planted(precious), mode)
    assert precious.read_bytes() == b"keep me"


def test_a_lock_or_a_file_to_go_on_with_that_is_a_link_is_refused(precious):
    path = planted(precious)
    with pytest.raises(OSError, match="it is a link"):
        open_locked(path)
    with pytest.raises(OSError, match="it is a link"):
        open_or_make(path)
    assert precious.read_bytes() == b"keep me"


def test_a_link_to_nothing_makes_nothing(tmp_path):
    (tmp_path / "planted").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="it is a link"):
        open_locked(tmp_path / "planted")
    assert not (tmp_path / "elsewhere").exists()


def test_a_draft_takes_the_place_of_a_link(precious):
    path = planted(precious)
    write_anew(path, "a text with an ü")
    assert path.read_text("utf-8") == "a text with an ü"
    assert not path.is_symlink()
    assert precious.read_bytes() == b"keep me"


def test_a_journal_is_neither_begun_nor_continued_in_another_file(precious):
    path = planted(precious)
    Journal(path).begin()
    assert precious.read_bytes() == b"keep me"
    path.unlink()
    path.symlink_to(precious)
    with pytest.raises(OSError, match="it is a link"):
        Journal(path).add(Checkpoint())
    assert precious.read_bytes() == b"keep me"


def test_a_pipe_is_neither_waited_for_nor_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for opened in (open_locked, open_or_make):
        with pytest.raises(OSError, match="no regular file"):
            opened(tmp_path / "pipe")


def test_what_was_there_is_written_over_and_not_cut(tmp_path):
    path = tmp_path / "file"
    with open_or_make(path) as file:
        file.write(b"0123456789")
    with open_or_make(path) as file:
        file.write(b"abc")
    assert path.read_bytes() == b"abc3456789"
