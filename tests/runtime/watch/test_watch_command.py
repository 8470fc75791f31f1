"""``landslip watch`` as a command: its codes, what it says, and several of it at once."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from helpers.spools import job_text, make_spool, marker, names, products, put, running_watcher, single_run, wait_for
from landslip.runtime.cli.main import run


def landslip(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "landslip", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def config(tmp_path):
    return make_spool(tmp_path)


@pytest.mark.slow
def test_a_check_names_what_it_found_and_claims_nothing(config):
    put(config, "x.toml")
    code, out, _ = landslip("watch", config, "--check")
    assert code == 0
    for said in ("understood", "one file system", "GB free", "1 jobs can be claimed", "the engine is open"):
        assert said in out
    assert names(config, "in") == ["x.toml"]
    assert names(config, "work") == []


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        ("poll = 'soon'", 3, "poll"),
        ("[room]\nleast_free_gb = 900000", 1, "least_free_gb"),
        ("folder = 'SPOOL.toml'", 1, "cannot be made"),
    ],
)
def test_a_check_fails_with_the_code_of_what_is_wrong(tmp_path, capsys, lines, code, said):
    (tmp_path / "m.onnx").write_bytes(b"")
    config = tmp_path / "SPOOL.toml"
    config.write_text(f'model = "m.onnx"\n{lines}\n')
    assert run(["watch", str(config), "--check"]) == code
    assert said in capsys.readouterr().err


@pytest.mark.slow
def test_a_check_opens_the_model(config, capfd):
    (config.parent / "m.onnx").write_bytes(b"no model")
    assert run(["watch", str(config), "--check"]) == 3
    assert "m.onnx" in capfd.readouterr().err


def test_once_and_check_are_two_things(config, capsys):
    assert run(["watch", str(config), "--check", "--once"]) == 2
    assert "one of the two" in capsys.readouterr().err


def test_nothing_to_do_is_success(config):
    assert run(["watch", str(config), "--once"]) == 0


@pytest.mark.slow
def test_log_lines_are_objects_that_name_their_job(config):
    put(config, "x.toml")
    put(config, "bad.toml", job_text(pre="nowhere.tif"))
    code, out, err = landslip("--log-format", "json", "watch", config, "--once")
    assert code == 1
    assert out == ""
    lines = [json.loads(line) for line in err.splitlines()]
    assert {line["job"] for line in lines} == {None, "x", "bad"}
    (failed,) = [line for line in lines if line["level"] == "error"]
    assert (failed["job"], failed["code"]) == ("bad", 3)
    assert any(line["job"] == "x" and "smaller than a tile" in line["message"] for line in lines)  # of the worker


@pytest.mark.slow
def test_two_watchers_share_a_spool(config, tmp_path):
    whole = single_run(config, tmp_path / "whole")
    jobs = [f"job-{number}" for number in range(8)]
    with running_watcher(config) as one, running_watcher(config) as other:
        wait_for(lambda: len(list((tmp_path / "work" / ".watchers").glob("*-*"))) == 2)
        for job in jobs:
            put(config, f"{job}.toml")
        wait_for(lambda: len(names(config, "done")) == len(jobs))
        said = []
        for watcher in (one, other):
            watcher.terminate()
            said.append(watcher.communicate(timeout=60)[1])
            assert watcher.returncode == 0
    assert names(config, "out") == sorted([*jobs, *(f"{job}.done" for job in jobs)])
    for job in jobs:
        assert products(tmp_path / "out" / job) == whole
        assert marker(config, job)["attempts"] == 1
        assert sum(f"{job}: done" in each for each in said) == 1
    assert [names(config, folder) for folder in ("in", "work", "failed")] == [[], [], []]
    assert list((tmp_path / "work" / ".watchers").iterdir()) == []
