"""A SPEC.toml to fill in, for the file of any network."""

from __future__ import annotations

from pathlib import Path

from landslip.export.hdf5.recognise import is_archive
from landslip.export.proof.onnx_face import onnx_face
from landslip.export.specification.network_face import NetworkFace
from landslip.export.specification.spec_form import spec_toml_text
from landslip.runtime.access.location import is_folder
from landslip.runtime.artifacts.frameworks import of_framework
from landslip.runtime.artifacts.onnx_file import read_onnx_header
from landslip.runtime.artifacts.spec import MAX_INPUTS, METADATA_KEY
from landslip.runtime.errors import InputError, ModelError
from landslip.runtime.system.extras import needs_extra
from landslip.runtime.untrusted.file_kinds import kind_of


def form_for(path: Path) -> str:
    """The text of a SPEC.toml for the network of a file, in which ``"?"`` stands for what only people know.

    Args:
        path: an ONNX file of any origin, or a Keras file: HDF5, or an archive (``.keras``).

    Raises:
        InputMissingError: there is no such file.
        InputError: it is no file of a network, damaged, or one that says already what it takes.
        UsageError: a package that reads the file is not installed.
    """
    if (of := of_framework(path)) is not None:
        raise InputError(f"{path} {of}", where=path)
    if is_folder(path):
        raise InputError(f"{path} is a folder.", "Give the file of a network.", where=path)
    face = _face(path)
    if not 1 <= len(face.inputs) <= MAX_INPUTS or not face.outputs:
        raise ModelError(
            f"{path} has {len(face.inputs)} inputs and {len(face.outputs)} outputs, and landslip maps with networks of "
            f"1 to {MAX_INPUTS} inputs and an output.",
            "Export the network itself, as it is run on images.",
            where=path,
        )
    return spec_toml_text(face)


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
