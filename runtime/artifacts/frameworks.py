"""Files of frameworks that landslip does not read: how they are known, and the line that makes an ONNX of each.

Names and a few bytes are looked at; nothing is opened, as many of these files are programs.
"""

from __future__ import annotations

import re
from pathlib import Path

from landslip.runtime.access.location import is_file, is_folder

_HEAD = 300
"""Bytes that are looked at."""

_THEN = "and take that in: landslip adopt NET.onnx --spec SPEC.toml -o FOLDER."
_TORCH = (
    'torch.onnx.export(network.eval(), torch.zeros(2, BANDS, TILE, TILE), "NET.onnx", opset_version=17, dynamo=False) '
    f"{_THEN}"
)
_OF_TENSORFLOW = "python -m tf2onnx.convert --{} --output NET.onnx --opset 17, {}"

_SENTENCES = {
    "torch": f"is a PyTorch file. If you know who made it, load it in PyTorch, make an ONNX file of the network with "
    f"{_TORCH}",
    "safetensors": "holds weights without the network (safetensors). Load them into the network in PyTorch, make an "
    f"ONNX file of it with {_TORCH}",
    "lite": "is a TensorFlow Lite model. Make an ONNX file of it with " + _OF_TENSORFLOW.format("tflite FILE", _THEN),
    "graph": "is a TensorFlow graph. Make an ONNX file of the SavedModel it belongs to with "
    + _OF_TENSORFLOW.format("saved-model FOLDER", _THEN),
    "saved model": "is a SavedModel folder of TensorFlow. Make an ONNX file of it with "
    + _OF_TENSORFLOW.format("saved-model FOLDER", _THEN),
    "checkpoint": "is a TensorFlow checkpoint: weights without the network. Load them into the network, save that as a "
    "SavedModel, make an ONNX file of it with " + _OF_TENSORFLOW.format("saved-model FOLDER", _THEN),
    "paddle": f"is a network of PaddlePaddle. Make an ONNX file of it with paddle2onnx, {_THEN}",
    "core ml": f"is a Core ML model. Export the network it was made from as ONNX, {_THEN}",
}
"""Ends of sentences that begin with the file."""

_SIGNS = {
    # The first entry of an archive: what follows the 26 bytes before its name and the two lengths.
    "torch": re.compile(
        rb"PK\x03\x04.{26}[^/]{1,200}/(data\.pkl|\.format_version|version|byteorder|constants\.pkl|code/)"
        rb"|\x80[\x02-\x05](\x8a\x0a\x6c\xfc\x9c\x46|ctorch|.{0,20}torch)",
        re.DOTALL,
    ),
    "safetensors": re.compile(rb".{5}\0\0\0\{\s*\"", re.DOTALL),
    "lite": re.compile(rb".{4}TFL3", re.DOTALL),
    "checkpoint": re.compile(rb"model_checkpoint_path:"),
}
_SUFFIXES = {
    ".pt": "torch", ".pth": "torch", ".torchscript": "torch", ".ckpt": "checkpoint", ".index": "checkpoint",
    ".safetensors": "safetensors", ".tflite": "lite", ".pb": "graph", ".pdmodel": "paddle", ".pdiparams": "paddle",
    ".mlmodel": "core ml", ".mlpackage": "core ml",
}  # fmt: skip


def of_framework(path: Path) -> str | None:
    """End of a sentence on a file or folder of a framework, with the line that makes an ONNX; None for any other.

    Args:
        path: a file or folder; what cannot be read is told by its name alone.
    """
    kind = _kind(path)
    return None if kind is None else _SENTENCES[kind]


def _kind(path: Path) -> str | None:
    suffix = _SUFFIXES.get(path.suffix.lower())
    if is_folder(path):
        if (path / "saved_model.pb").exists():
            return "saved model"
        if suffix == "core ml":
            return suffix
        return "checkpoint" if (path / "checkpoint").exists() or any(path.glob("*.index")) else None
    try:
        head = b""
        if is_file(path):
            with path.open("rb") as stream:
                head = stream.read(_HEAD)
    except OSError:
        return suffix
    return next((kind for kind, sign in _SIGNS.items() if sign.match(head)), suffix)
