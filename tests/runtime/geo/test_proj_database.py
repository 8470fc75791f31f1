"""The database of another installation of PROJ is said to be what is wrong, and no file is blamed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import pytest

from helpers.rasters import scene_mixed
from landslip.runtime.geo.proj_database import check_projections


def test_the_database_that_is_installed_can_be_used():
    check_projections()


@pytest.fixture
def foreign(tmp_path):
    """A folder as an old PROJ has it."""
    folder = tmp_path / "proj"
    folder.mkdir()
    base = sqlite3.connect(folder / "proj.db")
    base.execute("CREATE TABLE metadata (key TEXT, value TEXT)")
    versions = [("DATABASE.LAYOUT.VERSION.MAJOR", "1"), ("DATABASE.LAYOUT.VERSION.MINOR", "0")]
    base.executemany("INSERT INTO metadata VALUES (?, ?)", versions)
    base.commit()
    base.close()
    return folder


@pytest.mark.parametrize("variable", ["PROJ_LIB", "PROJ_DATA"])
@pytest.mark.parametrize("choose", [(), ("--crs", "EPSG:32632")])
def test_a_foreign_database_is_named_with_its_remedy(tmp_path, foreign, variable, choose, monkeypatch):
    for other in ("PROJ_LIB", "PROJ_DATA"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(variable, str(foreign))
    files = scene_mixed(tmp_path)
    named = ["--pre", files.pre, "--post", files.post, "--dem", files.dem]
    # PROJ takes the variables when it is loaded.
    code = (
        "import sys; from landslip.models.demo.embedded import DEMO_MODEL; from landslip.runtime.cli.main import run; "
    )
    code += "sys.exit(run(['map', '-m', str(DEMO_MODEL), '--dry-run', *sys.argv[1:]]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, named), *choose, "-o", str(tmp_path / "out")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 3, done.stderr
    assert f"that {variable}={foreign} names" in last
    assert f"env -u {variable} landslip" in last
    assert "post.tif" not in last


def test_it_is_asked_for_nothing_before_a_command_begins(foreign, monkeypatch):
    monkeypatch.setenv("PROJ_DATA", str(foreign))
    rooms = "mapping.pipeline", "delivery.deliverables", "scoring.score_run", "catalogue.application_package"
    code = "import importlib, sys; [importlib.import_module(f'landslip.runtime.{room}') for room in sys.argv[1:]]"
    done = subprocess.run([sys.executable, "-c", code, *rooms], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
