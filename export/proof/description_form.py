"""A SPEC.toml to fill in, for the file of any network."""

from __future__ import annotations

from pathlib import Path

from landslip.export.hdf5.recognise import is_archive
from landslip.export.proof.onnx_face import onnx_face
from landslip.export.specification.network_face import NetworkFace
from landslip.export.specification.spec_form import spec_toml_text
from landslip.runtime.access.location import is_folder
from landslip.runtime.artifacts.onnx_file import read_onnx_header
from landslip.runtime.artifacts.spec import METADATA_KEY
from landslip.runtime.errors import InputError
from landslip.runtime.system.extras import needs_extra
from landslip.runtime.untrusted.file_kinds import kind_of


def form_for(path: Path) -> str:
    """The text of a SPEC.toml for the network of a file, in which ``"?"`` stands for what only people know.

    Args:
        path: an ONNX file of any origin, or a Keras file.

    Raises:
        InputMissingError: there is no such file.
        InputError: it is no file of a network, damaged, or one that says already what it takes.
        UsageError: a package that reads the file is not installed.
    """
    if is_folder(path):
        raise InputError(f"{path} is a folder.", "Give the file of a network.", where=path)
    return spec_toml_text(_face(path))


def _face(path: Path) -> NetworkFace:
    kind = kind_of(path)
    if kind == "hdf5" or is_archive(path, kind):
        with needs_extra("landslip describe of a Keras file", "export"):
            from landslip.export.proof.keras_face import keras_face  # noqa: PLC0415 - h5py
        return keras_face(path)
    if METADATA_KEY in read_onnx_header(path).metadata:
        raise InputError(
            f"{path} is an artifact of landslip, and says itself what it takes.",
            "Look at it with landslip info, or describe the file it was made from.",
            where=path,
        )
    return onnx_face(path)
