from __future__ import annotations

import json
import subprocess
import sys

from click.testing import CliRunner

from helpers.foreign_onnx import TORCH
from landslip.export.cli.adopt import adopt
from landslip.export.cli.export import export
from landslip.runtime.cli.main import run
from landslip.runtime.errors import UsageError


def test_json_says_what_was_made(tmp_path):
    arguments = [str(TORCH / "picture.onnx"), "--spec", str(TORCH / "picture.toml"), "-o", str(tmp_path / "out")]
    (artifact,) = json.loads(CliRunner().invoke(adopt, [*arguments, "--json"], catch_exceptions=False).stdout)
    assert artifact["path"] == str(tmp_path / "out" / "picture.fp32.onnx")


def test_export_takes_such_a_file_as_well(tmp_path):
    arguments = [str(TORCH / "picture.onnx"), "--spec", str(TORCH / "picture.toml"), "-o", str(tmp_path / "out")]
    result = CliRunner().invoke(export, [*arguments, "--name", "mine"], catch_exceptions=False)
    assert result.stdout == f"{tmp_path / 'out' / 'mine.fp32.onnx'}\n"


def test_export_asks_for_a_description(tmp_path, capsys):
    assert run(["export", str(TORCH / "picture.onnx"), "-o", str(tmp_path / "out")]) == UsageError.exit_code
    assert "--spec" in capsys.readouterr().err


def test_without_the_extra_the_remedy_is_said(tmp_path):
    code = (
        "import sys; sys.modules['onnx'] = None; from landslip.runtime.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    options = ["adopt", str(tmp_path / "m.onnx"), "--spec", str(tmp_path / "s.toml"), "-o", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", code, *options], capture_output=True, text=True, check=False)
    assert done.returncode == UsageError.exit_code
    assert "pip install 'landslip[adopt]'" in done.stderr
