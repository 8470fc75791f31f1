"""Files get their names when they are complete and the disk has them."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from landslip.runtime.errors import InputMissingError, OutputError, ParityError
from landslip.runtime.system.drafts import draft_name, draft_of, drafts_of, output_errors, put_in_place, write_file


@pytest.fixture
def disk(monkeypatch):
    """What was synced and renamed, in order, by the names."""
    events = []
    sync, replace = os.fsync, Path.replace

    def noted_sync(file):
        events.append(("sync", Path(f"/proc/self/fd/{file}").readlink().name))
        sync(file)

    def noted_replace(path, target):
        events.append(("name", target.name))
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    return events


def failing(context, act, error=ParityError):
    """Do something inside a context, then fail."""
    with context as value:
        act(value)
        raise error


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_draft_gets_its_name_at_the_end(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_text("old")
    with draft_of(path) as draft:
        draft.write_text("new")
        assert path.read_text() == "old"
        assert draft.parent == tmp_path
        assert draft.name.startswith(".landslip-partial-")
        assert draft.suffix == ".onnx"
    assert path.read_text() == "new"
    assert names(tmp_path) == ["m.onnx"]


@pytest.mark.parametrize("error", [ParityError, KeyboardInterrupt])
def test_a_draft_that_fails_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "m.onnx"
    path.write_text("old")
    with pytest.raises(error):
        failing(draft_of(path), lambda draft: draft.write_text("new"), error)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["m.onnx"]


def test_of_several_files_all_get_their_names_or_none(tmp_path):
    paths = [tmp_path / name for name in "abc"]
    with pytest.raises(FileNotFoundError), drafts_of(*paths) as drafts:
        drafts[0].write_text("new")
    assert names(tmp_path) == []
    with drafts_of(*paths) as drafts:
        for draft in drafts:
            draft.write_text("new")
    assert names(tmp_path) == ["a", "b", "c"]


def test_two_who_write_the_same_file_do_not_disturb_each_other(tmp_path):
    path = tmp_path / "file"
    with draft_of(path) as one:
        one.write_text("one, not complete")
        with draft_of(path) as other:
            other.write_text("other")
        assert path.read_text() == "other"
        one.write_text("one")
    assert path.read_text() == "one"
    assert names(tmp_path) == ["file"]


def test_drafts_that_were_left_long_ago_are_removed(tmp_path):
    stale, fresh = draft_name(tmp_path / "a.gpkg"), draft_name(tmp_path / "a.gpkg")
    side = stale.with_name(f"{stale.name}-journal")
    others = tmp_path / ".landslip-partial-abcdefgh"  # of an export, which looks after it itself
    theirs = tmp_path / ".a.gpkg"
    for path in (stale, fresh, side, others, theirs):
        path.touch()
    for path in (stale, side, others, theirs):
        os.utime(path, (time.time() - 25 * 3600,) * 2)
    write_file(tmp_path / "b", "content")
    assert names(tmp_path) == sorted([".a.gpkg", fresh.name, others.name, "b"])


def test_a_folder_that_cannot_be_listed_is_not_cleared_and_can_be_written(tmp_path, monkeypatch):
    def no_more_files(*_):
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as context:
        context.setattr(Path, "glob", no_more_files)
        write_file(tmp_path / "file", "content")
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to see what is synced")
def test_a_name_is_given_when_the_disk_has_the_content_and_then_synced_itself(tmp_path, disk):
    write_file(tmp_path / "one", "content")
    (draft,) = {name for kind, name in disk if name.startswith(".landslip-partial-")}
    assert disk == [("sync", draft), ("name", "one"), ("sync", tmp_path.name)]
    disk.clear()
    work = tmp_path / "work"
    work.mkdir()
    for name in ("a", "b"):
        (work / name).write_text(name)
    put_in_place([work / "a", work / "b"], tmp_path)
    assert disk == [("sync", "a"), ("sync", "b"), ("name", "a"), ("name", "b"), ("sync", tmp_path.name)]


def test_what_vouches_for_the_others_comes_last(tmp_path):
    out, work = tmp_path / "out", tmp_path / "work"
    for folder in (out, work):
        folder.mkdir()
        for name in ("tiles", "artifact", "record"):
            (folder / name).write_text(folder.name)
    (out / "log").touch()
    drafts = [work / "tiles", work / "artifact", work / "record"]
    (out / "artifact").unlink()
    (out / "artifact").mkdir()  # which no file replaces
    with pytest.raises(OSError, match="artifact"):
        put_in_place(drafts, out, stale=["log"])
    # Something has been moved, so the record that could belong to something else is gone.
    assert names(out) == ["artifact", "tiles"]
    (out / "artifact").rmdir()
    put_in_place(drafts[1:], out)
    assert {path.read_text() for path in out.iterdir()} == {"work"}


def test_a_draft_that_is_not_there_leaves_everything_as_it_was(tmp_path):
    (tmp_path / "record").write_text("old")
    with pytest.raises(FileNotFoundError):
        put_in_place([tmp_path / "no" / "record"], tmp_path)
    assert (tmp_path / "record").read_text() == "old"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other rights")
def test_rights_are_those_of_any_new_file_or_the_users_alone(tmp_path):
    before = os.umask(0o002)
    try:
        write_file(tmp_path / "usual", "content")
        write_file(tmp_path / "private", b"content", private=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "usual").stat().st_mode) == 0o664
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links are for administrators there")
def test_a_link_under_the_final_name_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "precious").write_text("keep me")
    (tmp_path / "file").symlink_to(tmp_path / "precious")
    write_file(tmp_path / "file", "new")
    assert (tmp_path / "precious").read_text() == "keep me"
    assert (tmp_path / "file").read_text() == "new"
    assert not (tmp_path / "file").is_symlink()


def test_what_cannot_be_written_is_said(tmp_path):
    path = tmp_path / "no" / "m.onnx"
    with pytest.raises(OutputError, match=r"m\.onnx cannot be written \(No such file"), output_errors(path):
        write_file(path, "new")
    with pytest.raises(InputMissingError), output_errors(path):  # which is an OSError, too
        raise InputMissingError("x does not exist. Check the path.")


KILLED = """
import os, signal, sys
from pathlib import Path
from landslip.runtime.system.drafts import draft_of
with draft_of(Path(sys.argv[1])) as draft:
    draft.write_text("part")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs SIGKILL")
def test_a_process_that_is_killed_leaves_no_final_name(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, tmp_path / "file"], check=False)
    (left,) = names(tmp_path)
    assert left.startswith(".landslip-partial-")
