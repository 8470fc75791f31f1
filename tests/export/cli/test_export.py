from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from landslip.export.cli.export import export
from landslip.runtime.cli.main import run
from landslip.runtime.errors import UsageError


def test_importing_the_command_needs_nothing_of_the_extra():
    heavy = "{'tensorflow', 'tf_keras', 'h5py', 'onnx', 'tf2onnx'}"
    code = (
        f"import sys, landslip.export.cli.export; sys.exit(str(found) if (found := {heavy} & set(sys.modules)) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_help_offers_what_works_now():
    text = CliRunner().invoke(export, ["--help"]).output
    assert "[fp32|fp16|int8]" in text
    assert "[onnx|openvino|tensorrt]" in text


def test_without_the_extra_the_remedy_is_said(tmp_path):
    # In a process of its own: modules that are loaded already would not miss the package.
    code = (
        "import sys; sys.modules['onnx'] = None; from landslip.runtime.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "export", str(tmp_path / "m.hdf5"), "-o", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == UsageError.exit_code
    assert "'onnx'" in done.stderr
    assert "pip install 'landslip[export]'" in done.stderr


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
    assert artifact["seconds"] >= 0
    assert artifact["peak_rss_bytes"] is None or artifact["peak_rss_bytes"] > 100e6
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


@pytest.mark.parametrize("precision", ["bf16", "int8+bf16"])
def test_a_precision_that_only_a_run_has_is_explained(tmp_path, precision):
    result = CliRunner().invoke(export, ["m.hdf5", "-o", str(tmp_path), "--precision", precision])
    assert result.exit_code == 2
    assert f"landslip map --engine openvino --precision {precision}" in " ".join(result.output.split())


def test_limits_that_are_not_understood_are_wrong_usage(tmp_path, capsys):
    assert run(["export", "m.hdf5", "-o", str(tmp_path / "out"), "--limit", "int8.iou"]) == 2
    assert "The limit 'int8.iou' is not understood" in capsys.readouterr().err
    assert run(["export", "m.hdf5", "-o", str(tmp_path / "out"), "--limit", "int8:iou=0.9"]) == 2
    assert "would be without effect" in capsys.readouterr().err


@pytest.mark.tensorflow
def test_minutes_and_memory_are_told_on_stderr(tiny_file, tmp_path, capsys, caplog):
    with caplog.at_level("INFO", logger="landslip"):
        assert run(["export", str(tiny_file), "-o", str(tmp_path / "out")]) == 0
    assert re.search(r"1 artifact in \d+\.\d minutes", caplog.text)
    assert capsys.readouterr().out == f"{tmp_path / 'out' / 'tiny.fp32.onnx'}\n"


@pytest.mark.tensorflow
def test_what_cannot_be_built_here_is_said_before_the_work_starts(tiny_file, tmp_path, capsys):
    arguments = ["export", str(tiny_file), "-o", str(tmp_path / "out"), "--target", "tensorrt", "--precision", "fp16"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        assert run(arguments) == 4
    assert "--no-build" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
