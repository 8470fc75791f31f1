from __future__ import annotations

import subprocess
import sys
import zipfile

import pytest

from landslip.export.adoption.foreign_file import read_foreign
from landslip.export.hdf5.recognise import check_keras_file
from landslip.export.proof.info import describe_file
from landslip.runtime.artifacts.frameworks import of_framework
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.errors import InputError, ModelError


def zipped(path, *names):
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")


def files(folder):
    """A file of each kind, under a name that tells nothing where its bytes do."""
    zipped(folder / "state.bin", "archive/data.pkl", "archive/version")
    zipped(folder / "script.bin", "net/code/__torch__.py", "net/data.pkl")
    (folder / "old.bin").write_bytes(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M")
    (folder / "empty.pt").write_bytes(b"")
    (folder / "weights.bin").write_bytes((40).to_bytes(8, "little") + b'{"conv.weight": {"dtype": "F32"}}')
    (folder / "net.bin").write_bytes(b"\x1c\0\0\0TFL3" + bytes(50))
    (folder / "frozen.pb").write_bytes(b"\x0a\x10")
    (folder / "SavedModel").mkdir()
    (folder / "SavedModel" / "saved_model.pb").write_bytes(b"\x08\x01")
    (folder / "net.ckpt").write_bytes(b"\0" * 20)
    return {
        "state.bin": ("PyTorch", "torch.onnx.export"),
        "script.bin": ("PyTorch", "torch.onnx.export"),
        "old.bin": ("PyTorch", "torch.onnx.export"),
        "empty.pt": ("PyTorch", "torch.onnx.export"),
        "weights.bin": ("safetensors", "torch.onnx.export"),
        "net.bin": ("TensorFlow Lite", "tf2onnx.convert --tflite"),
        "frozen.pb": ("TensorFlow graph", "tf2onnx.convert --saved-model"),
        "SavedModel": ("SavedModel folder", "tf2onnx.convert --saved-model"),
        "net.ckpt": ("TensorFlow checkpoint", "tf2onnx.convert --saved-model"),
    }


@pytest.mark.parametrize("take", [read_foreign, check_keras_file, read_onnx_file, describe_file])
def test_every_command_says_the_line_that_makes_an_onnx(tmp_path, take):
    for name, (what, line) in files(tmp_path).items():
        with pytest.raises(InputError) as refused:
            take(tmp_path / name)
        assert what in str(refused.value), name
        assert line in str(refused.value), name
        assert "landslip adopt NET.onnx --spec SPEC.toml" in str(refused.value), name


@pytest.mark.parametrize("content", [b"", b"\x08\x08\x12\x07pytorch", b"PK\x03\x04" + bytes(60), b'{"a": 1}'])
def test_other_files_are_not_of_a_framework(tmp_path, content):
    (tmp_path / "net.onnx").write_bytes(content)
    assert of_framework(tmp_path / "net.onnx") is None
    assert of_framework(tmp_path) is None
    assert of_framework(tmp_path / "nothing") is None


def test_nothing_of_them_is_loaded(tmp_path):
    (tmp_path / "net.pt").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    code = "import sys; from landslip.runtime.cli.main import run; sys.exit(run(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "adopt", "net.pt", "--spec", "s.toml", "-o", "out"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == ModelError.exit_code
    assert "is a PyTorch file" in done.stderr
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["net.pt"]
