"""Folders for results that are none, that others have prepared, or that go away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.engines import mixing_engine
from helpers.rasters import scene_on_grid
from helpers.results import names_of_results
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import LandslipError, OutputError, UsageError
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_names import ROWS
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.system.drafts import PARTIAL

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and other names")


def link_to_nothing(folder):
    (folder / "out").symlink_to(folder / "unmounted")
    return folder / "out"


def file_for_folder(folder):
    (folder / "out").mkdir()
    (folder / "out" / PARTIAL).write_text("x")
    return folder / "out"


def link_for_folder(folder):
    (folder / "precious").mkdir()
    (folder / "precious" / "file").write_text("keep me")
    (folder / "out").mkdir()
    (folder / "out" / PARTIAL).symlink_to(folder / "precious")
    return folder / "out"


def too_long(folder):
    return folder / ("x" * 300)


def no_text(folder):
    return folder / os.fsdecode(b"no-\xff-text")


def no_folder_ever(_):
    return Path("/proc/x")


def no_file_ever(_):
    return Path("/proc/self")


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="procfs")

CASES = [
    (link_to_nothing, UsageError, "is a link to .*unmounted, which is not there"),
    (file_for_folder, OutputError, f"{PARTIAL} is a file or a link"),
    (link_for_folder, OutputError, f"{PARTIAL} is a file or a link"),
    (too_long, OutputError, "name too long"),
    (no_text, UsageError, "not in UTF-8"),
    pytest.param(no_folder_ever, OutputError, "/proc/x cannot be written", marks=LINUX),
    pytest.param(no_file_ever, OutputError, "/proc/self cannot be written", marks=LINUX),
]


@pytest.mark.parametrize(("make", "kind", "words"), CASES)
def test_what_can_be_no_folder_of_results_is_said_at_once(tmp_path, make, kind, words):
    out = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(kind, match=rf"(?i)output: .*{words}"):
        Workspace(out, overwrite=True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("make", [link_to_nothing, file_for_folder, link_for_folder, no_text])
def test_a_dry_run_says_it_too(tmp_path, make):
    out = make(tmp_path)
    request = MapRequest(tmp_path / "none", scene_on_grid(tmp_path, 70, 70), out, engine=EngineOptions(tile=64))
    with pytest.raises(LandslipError, match="output: "):
        dry_run(request, engine=mixing_engine())


IN_A_FOLDER_THAT_IS_GONE = """
import os, sys
from pathlib import Path
from landslip.runtime.errors import OutputError
from landslip.runtime.run.workspace import Workspace
os.chdir(sys.argv[1])
os.rmdir(sys.argv[1])
try:
    Workspace(Path("out"), overwrite=False)
except OutputError as error:
    print(error)
"""


def test_a_relative_name_in_a_folder_that_is_gone_is_said(tmp_path):
    (tmp_path / "gone").mkdir()
    command = [sys.executable, "-c", IN_A_FOLDER_THAT_IS_GONE, str(tmp_path / "gone")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("output: out cannot be written (No such file")


def test_a_link_to_a_folder_that_is_there_is_one(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    files = scene_on_grid(tmp_path, 70, 70)
    request = MapRequest(tmp_path / "none", files, tmp_path / "out", engine=EngineOptions(tile=64))
    map_scene(request, engine=mixing_engine())
    assert sorted(path.name for path in (tmp_path / "disk").iterdir()) == names_of_results(tmp_path / "disk")


@pytest.mark.parametrize("name", ["lock", ROWS, "images.raw", "journal.jsonl"])
def test_a_planted_link_costs_no_file_of_the_users(tmp_path, name):
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    hidden = tmp_path / "out" / PARTIAL
    hidden.mkdir(parents=True)
    (hidden / name).symlink_to(precious)
    files = scene_on_grid(tmp_path, 70, 70)
    request = MapRequest(tmp_path / "none", files, tmp_path / "out", engine=EngineOptions(tile=64))
    if name == "lock":
        with pytest.raises(OutputError, match="it is a link"):
            map_scene(request, engine=mixing_engine())
    else:
        map_scene(request, engine=mixing_engine())
    assert precious.read_text() == "keep me"


def test_drafts_of_the_run_before_are_not_written_through(tmp_path):
    """They may be links that others have planted while nothing ran."""
    hidden, precious = tmp_path / "out" / PARTIAL, tmp_path / "precious"
    hidden.mkdir(parents=True)
    precious.write_text("keep me")
    (hidden / ROWS).write_bytes(b"rows")
    (hidden / "confidence.tif").symlink_to(precious)
    (hidden / "confidence.tif.ovr.tmp").symlink_to(precious)
    with Workspace(tmp_path / "out", overwrite=False, resume=True) as work:
        assert work.unfinished
        assert sorted(path.name for path in hidden.iterdir()) == ["lock", ROWS]
    assert precious.read_text() == "keep me"
