"""What the reference says: kept in a file beside the artifacts, or asked of the Keras network or the fp32 artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.proof.artifacts import Candidate
from landslip.export.proof.trials import Answers, confidence_of
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import InputError, ModelError, UsageError
from landslip.runtime.onnx_file import OnnxFile
from landslip.runtime.record import sha256_of
from landslip.runtime.reference import SUFFIX, TileSet, read_reference

if TYPE_CHECKING:
    from landslip.export.network import Network


@dataclass(frozen=True)
class Reference:
    """What artifacts of one model are held to."""

    made_by: str
    """What computed it."""
    answers: Answers
    """Tiles, and the confidence it gives them."""


def stored_reference(candidate: Candidate, file: OnnxFile) -> Reference:
    """The reference tiles beside an artifact.

    Raises:
        InputMissingError: there are none.
        ModelError: they are damaged, or of another model.
    """
    path = candidate.path.with_name(f"{file.spec.name}{SUFFIX}")
    reference = read_reference(path)
    if candidate.source_sha256 not in (None, reference.source_sha256):
        raise ModelError(
            f"{path} was written for another model than {candidate.path.name}: their sources differ. Copy both again "
            "from one export."
        )
    for tiles, _ in reference.sets:
        _check_tiles(tiles, file, path)
    return Reference(reference.made_by, reference.sets)


def keras_reference(source: Path, candidate: Candidate, file: OnnxFile, tile_sets: Sequence[TileSet]) -> Reference:
    """Ask the Keras network an artifact was made from.

    Args:
        source: its HDF5 file.
        candidate: the artifact.
        file: what it says of itself.
        tile_sets: what to ask.

    Raises:
        UsageError: TensorFlow is not installed.
        InputError: the file is not the one the artifact was made from, or no model.
    """
    if candidate.source_sha256 not in (None, sha256_of(source)):
        raise InputError(
            f"{source} is not the file {candidate.path.name} was made from: its SHA-256 is not the one in the record. "
            "Give the file that was exported."
        )
    network = _network(source, file)
    return Reference(
        "Keras network, float64, CPU, asked now", [(tiles, network.confidence(tiles.batch)) for tiles in tile_sets]
    )


def fp32_reference(candidates: Sequence[Candidate], name: str, tile_sets: Sequence[TileSet]) -> Reference:
    """Ask the fp32 artifact of a model, run by ONNX Runtime.

    Raises:
        InputError: there is none.
        EngineError: ONNX Runtime cannot run it.
    """
    file = next((each.file for each in candidates if _is_fp32(each, name)), None)
    if file is None:
        raise InputError(f"There is no sound fp32 artifact of {name} to compare with. Export it, or give --reference.")
    answers = [(tiles, _fp32_confidence(file, tiles)) for tiles in tile_sets]
    return Reference(f"{file.path.name} with onnxruntime on the CPU, not the Keras network", answers)


def _fp32_confidence(file: OnnxFile, tiles: TileSet) -> NDArray[np.float32]:
    options = EngineOptions("onnxruntime", "cpu", tiles.count, tiles.tile)
    with open_engine(file.path, options) as engine:
        return confidence_of(engine, tiles, tiles.count)


def _is_fp32(candidate: Candidate, name: str) -> bool:
    file = candidate.file
    return candidate.fault is None and file is not None and (file.spec.name, file.precision) == (name, "fp32")


def _check_tiles(tiles: TileSet, file: OnnxFile, path: Path) -> None:
    wanted = {entry.name: (entry.bands, entry.dtype) for entry in file.spec.inputs}
    found: dict[Any, Any] = {name: (values.shape[1], values.dtype.name) for name, values in tiles.batch.items()}
    if found != wanted:
        raise ModelError(f"{path} holds tiles of {found}, and {file.path.name} takes {wanted}. Copy both again.")


def _network(source: Path, file: OnnxFile) -> Network:
    try:
        # Imported here: TensorFlow takes seconds, and only this way of asking needs it.
        from landslip.export.description import PUBLISHED_FEEDS, Description  # noqa: PLC0415
        from landslip.export.network import read_network  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        raise UsageError(
            f"--reference needs the package {error.name!r}, which is not installed. Install it with: pip install "
            "'landslip[export]', or leave --reference out to take the reference tiles beside the artifacts."
        ) from error
    return read_network(source, Description(file.spec, PUBLISHED_FEEDS))
