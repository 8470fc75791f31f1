"""``landslip bench``: commands that load when they run, and all of them in a row."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

from landslip.benchmarks.commands import bench_everything
from landslip.benchmarks.commands.bench import COMMANDS
from landslip.runtime.cli.main import run

HEAVY = ("matplotlib", "monai", "torch", "tensorflow", "keras", "onnx", "numpy", "onnxruntime", "openvino")


def test_help_names_every_command_and_imports_none():
    code = f"""
import sys
from landslip.runtime.cli.main import run
from landslip.runtime.errors import LandslipError
run(["bench", "--help"])
loaded = [name for name in {HEAVY} if name in sys.modules]
assert not loaded, loaded
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert all(f"\n  {name} " in said for name in COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("tune", "presets")])
def test_commands_load_without_what_only_some_measurements_need(name):
    code = f"""
import sys
for package in ("matplotlib", "monai", "torch", "tensorflow"):
    sys.modules[package] = None
from landslip.runtime.cli.main import run
from landslip.runtime.errors import LandslipError
assert run(["bench", {name!r}, "--help"]) == 0
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert said.stdout.startswith(f"Usage: landslip bench {name} ")


def test_a_package_that_is_missing_is_named_with_its_extra(monkeypatch, capsys):
    monkeypatch.setitem(COMMANDS, "lacking", ("surely_not_installed:command", ""))
    assert run(["bench", "lacking"]) == 2
    assert "needs the package 'surely_not_installed'" in capsys.readouterr().err
    assert run(["bench", "nonsense"]) == 2


def test_parity_of_the_demo_model_is_a_report_and_exits_by_its_verdict(tmp_path, capsys):
    assert run(["bench", "parity", "--engine", "onnxruntime", "-o", str(tmp_path)]) == 0
    said = capsys.readouterr()
    assert said.out == (tmp_path / "parity.md").read_text()
    assert said.err.splitlines()[-2:] == [str(tmp_path / "parity.json"), str(tmp_path / "parity.md")]
    report = json.loads((tmp_path / "parity.json").read_text())
    assert report["findings"]["failed"]["value"] == 0
    assert report["findings"]["passed"]["value"] == 1
    assert report["findings"]["demo.fp32.onnx onnxruntime fp32 iou"] == {
        "value": 1.0, "unit": "IoU", "better": "higher",
    }  # fmt: skip
    assert set(report["conditions"]) == {"others"}
    assert "- taken by other processes: " in said.out


def test_memory_measures_one_thing_at_a_time(capsys):
    assert run(["bench", "memory", "--monai", "--sentinel2"]) == 2
    assert run(["bench", "memory", "--monai", "-m", "model.onnx"]) == 2
    assert "Give one of the two" in capsys.readouterr().err


def test_a_summary_needs_a_folder(tmp_path, capsys):
    assert run(["bench", "summary", str(tmp_path / "nowhere")]) == 3
    assert run(["bench", "summary", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (tmp_path / "summary.md").read_text()


def test_all_goes_on_where_one_fails_and_says_so(tmp_path, capfd, caplog):
    arguments = ["bench", "all", "-o", str(tmp_path), "--by-machine", "--only", "roofline", "--only", "parity"]
    assert run([*arguments, "-m", str(tmp_path / "nowhere.onnx")]) == 1
    assert capfd.readouterr().err.count(f"{tmp_path / 'nowhere.onnx'} does not exist") == 2
    for name in ("roofline", "parity"):
        assert re.search(rf"landslip bench {name} .* ended with exit code 3", caplog.text)
    (folder,) = tmp_path.iterdir()
    assert "-core" in folder.name
    assert {path.name for path in folder.iterdir()} == {"summary.json", "summary.md"}


def test_all_runs_every_study_apart_and_with_its_options(tmp_path, monkeypatch):
    ran = []
    monkeypatch.setattr(bench_everything, "run_apart", lambda arguments: ran.append(list(arguments)) or 0)
    assert run(["-v", "bench", "all", "-o", str(tmp_path), "-m", str(tmp_path)]) == 0
    assert all(each[:2] == ["--verbose", "bench"] for each in ran)
    assert {each[2] for each in ran} == set(COMMANDS) - {"all", "compare", "tune"}
    assert ran[-1][2:] == ["summary", str(tmp_path)]
    options = {each[2]: each[3:] for each in ran}
    assert options["roofline"] == ["--model", str(tmp_path), "--out", str(tmp_path)]
    assert options["scaling"] == ["--seconds", "4.0", "--repeats", "3", "--out", str(tmp_path)]
    assert ["--sentinel2", "--out", str(tmp_path)] in [each[3:] for each in ran if each[2] == "memory"]


@pytest.mark.slow
def test_all_that_goes_well_says_what_it_took(tmp_path, capsys):
    assert run(["bench", "all", "-o", str(tmp_path), "--only", "parity"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-4] == "| study | minutes |"
    assert [line.split(" | ")[0] for line in lines[-2:]] == ["| parity", "| all"]
    assert {path.name for path in tmp_path.iterdir()} == {"parity.json", "parity.md", "summary.json", "summary.md"}
