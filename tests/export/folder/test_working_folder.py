from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from landslip.export.folder.working_folder import output_folder, working_folder
from landslip.runtime.errors import OutputError, ParityError, UsageError


def failing(context, act, error=ParityError):
    """Do something inside a context, then fail."""
    with context as value:
        act(value)
        raise error


def test_a_folder_made_for_nothing_goes_again(tmp_path):
    out = tmp_path / "a" / "b"
    found = []
    with pytest.raises(ParityError):
        failing(output_folder(out), lambda _: found.append(out.is_dir()))
    assert found == [True]
    assert not out.exists()


def test_folders_made_on_the_way_go_too(tmp_path):
    (tmp_path / "old").mkdir()
    with pytest.raises(ParityError), output_folder(tmp_path / "old" / "new" / "newer"):
        raise ParityError
    assert [entry.name for entry in tmp_path.iterdir()] == ["old"]
    assert list((tmp_path / "old").iterdir()) == []


def test_a_folder_that_holds_something_stays(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ParityError):
        failing(output_folder(out), lambda _: (out / "somebody's").touch())
    assert [entry.name for entry in out.iterdir()] == ["somebody's"]


def test_a_folder_that_was_there_stays(tmp_path):
    with pytest.raises(ParityError), output_folder(tmp_path):
        raise ParityError
    assert tmp_path.is_dir()


def test_a_file_in_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(UsageError, match="out is a file"), output_folder(tmp_path / "out"):
        pass


def test_a_working_folder_goes_with_what_is_in_it(tmp_path):
    with working_folder(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith(".")
        (folder / "inside").mkdir()
        (folder / "inside" / "file").touch()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OutputError, match="No space left"), working_folder(tmp_path):
        raise OSError(28, "No space left on device")
    assert list(tmp_path.iterdir()) == []


HOLD = """
import sys, time
from pathlib import Path
from landslip.export.folder.working_folder import working_folder
with working_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


def test_what_a_killed_export_left_goes_and_that_of_a_living_one_stays(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True)
    theirs = Path(process.stdout.readline().strip())
    (tmp_path / ".landslip-partial-old").mkdir()
    (tmp_path / ".landslip-partial-old" / "m.onnx").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".landslip-partial-link").symlink_to(tmp_path / "elsewhere")
    try:
        with working_folder(tmp_path) as folder:
            assert {entry.name for entry in tmp_path.iterdir()} == {
                folder.name, theirs.name, "elsewhere", ".landslip-partial-link",
            }  # fmt: skip
    finally:
        process.kill()
        process.communicate()
    assert theirs.is_dir()
    with working_folder(tmp_path):
        assert not theirs.exists()
    assert {entry.name for entry in tmp_path.iterdir()} == {"elsewhere", ".landslip-partial-link"}
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_where_locks_do_not_work_nothing_is_taken_for_a_leftover(tmp_path, monkeypatch):
    monkeypatch.setattr("landslip.export.folder.working_folder.open_locked", lambda path: path.open("a+b", buffering=0))
    (tmp_path / ".landslip-partial-other").mkdir()
    with working_folder(tmp_path):
        pass
    assert [entry.name for entry in tmp_path.iterdir()] == [".landslip-partial-other"]


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"), working_folder(tmp_path / "file"):
        pass
