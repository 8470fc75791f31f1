from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from landslip.export.cli import export
from landslip.runtime.cli import run
from landslip.runtime.errors import UsageError


def test_importing_the_command_needs_nothing_of_the_extra():
    heavy = "{'tensorflow', 'tf_keras', 'h5py', 'onnx', 'tf2onnx'}"
    code = f"import sys, landslip.export.cli; sys.exit(str(found) if (found := {heavy} & set(sys.modules)) else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_offers_what_works_now():
    text = CliRunner().invoke(export, ["--help"]).output
    assert "[fp32]" in text
    assert "[onnx]" in text


def test_without_the_extra_the_remedy_is_said(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "landslip.export.pipeline", raising=False)
    monkeypatch.setitem(sys.modules, "onnx", None)
    result = CliRunner().invoke(export, [str(tmp_path / "m.hdf5"), "-o", str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "'onnx'" in str(result.exception)
    assert "pip install 'landslip[export]'" in str(result.exception)


@pytest.mark.tensorflow
def test_paths_go_to_stdout_and_progress_elsewhere(tiny_file, tmp_path):
    result = CliRunner().invoke(export, [str(tiny_file), "-o", str(tmp_path / "out")], catch_exceptions=False)
    assert result.stdout == f"{tmp_path / 'out' / 'tiny.fp32.onnx'}\n"
    assert result.exit_code == 0


@pytest.mark.tensorflow
def test_json_says_what_was_made(tiny_file, tmp_path):
    arguments = [str(tiny_file), "-o", str(tmp_path / "out"), "--name", "small", "--precision", "fp32", "--json"]
    (artifact,) = json.loads(CliRunner().invoke(export, arguments, catch_exceptions=False).stdout)
    assert artifact["path"] == str(tmp_path / "out" / "small.fp32.onnx")
    assert artifact["precision"] == "fp32"
    assert artifact["parity"][0]["max_abs"] <= 1e-5
    assert (tmp_path / "out" / "small.fp32.onnx.json").samefile(artifact["record"])


@pytest.mark.tensorflow
@pytest.mark.parametrize(
    ("content", "code", "message"),
    [(None, 3, "there is no such file"), (b"GIF89a", 3, "is not an HDF5 file")],
    ids=["missing", "no HDF5"],
)
def test_bad_input_ends_with_a_sentence_and_its_code(tmp_path, capsys, content, code, message):
    source = tmp_path / "model.hdf5"
    if content is not None:
        source.write_bytes(content)
    assert run(["export", str(source), "-o", str(tmp_path / "out")]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"{source}: {message}" in captured.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--precision", "fp8"], ["--target", "coreml"]])
def test_what_does_not_work_yet_is_wrong_usage(tmp_path, arguments):
    assert CliRunner().invoke(export, ["m.hdf5", "-o", str(tmp_path), *arguments]).exit_code == 2
