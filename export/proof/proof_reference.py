"""The reference that artifacts are held to: read from a file beside them, or asked of the network or fp32 artifact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.folder.artifacts import FoundArtifact, recorded
from landslip.export.judging.trials import ReferenceSets, confidence_of
from landslip.export.specification.description import PUBLISHED_FEEDS, Description
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.parity import landslide_mask
from landslip.runtime.artifacts.reference_tiles import SUFFIX, TileArrays, TileSet, read_reference
from landslip.runtime.artifacts.reference_tiles import Reference as StoredReference
from landslip.runtime.artifacts.spec import ModelSpec, published_spec
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import InputError, ModelError, UsageError
from landslip.runtime.system.digests import sha256_of

if TYPE_CHECKING:
    from landslip.export.conversion.network import Network


@dataclass(frozen=True)
class ReferenceModel:
    """Something that can be asked what the network says."""

    made_by: str
    """Name of what computes the reference."""
    ask: Callable[[TileArrays], NDArray[Any]]
    """Function from raw tiles to confidence (n, bands, tile, tile)."""
    artifact: Path | None = None
    """The artifact it is itself, with ONNX Runtime on the CPU; None for a network."""
    float32: Callable[[TileArrays], NDArray[Any]] | None = None
    """A network in float32, which tells what rounding does to it; None where there is none to ask."""


@dataclass(frozen=True)
class NetworkFile:
    """A network to ask."""

    path: Path
    """Path of its file: a Keras file, or an ONNX file that was adopted."""
    spec: Path | None = None
    """SPEC.toml it was exported with; None for a network like the published one."""
    output: str | None = None
    """Name or position of the output that was exported; None for that of the spec, or the first one."""

    @property
    def extra(self) -> str:
        """Extra of landslip that brings what reads it."""
        return "adopt" if self.path.suffix.lower() == ".onnx" else "export"


@dataclass(frozen=True)
class ProofReference:
    """Reference that artifacts of one model are held to."""

    made_by: str
    """Name of what computed it."""
    sets: ReferenceSets
    """Tiles, and the confidence it gives them."""
    artifact: Path | None = None
    """The artifact that answered, with ONNX Runtime on the CPU; None for a network."""


@dataclass(frozen=True)
class StoredReferenceFile:
    """ProofReference tiles that lie beside artifacts."""

    path: Path
    """The file."""
    sha256: str
    """SHA-256 of the file."""
    reference: StoredReference
    """Reference that the file holds."""


def read_stored(path: Path) -> StoredReferenceFile:
    """Read reference tiles.

    Raises:
        InputMissingError: there are none.
        ModelError: they are damaged.
    """
    reference = read_reference(path)
    return StoredReferenceFile(path, sha256_of(path), reference)


def stored_path(candidate: FoundArtifact, file: OnnxFile) -> Path:
    """Path of the reference tiles of an artifact: beside it, under the name in its record."""
    name = Path(recorded(candidate.record, "reference", "file") or "").name
    return candidate.path.with_name(name or f"{file.spec.name}{SUFFIX}")


def stored_reference(stored: StoredReferenceFile, candidate: FoundArtifact, file: OnnxFile) -> ProofReference:
    """The reference tiles beside an artifact, if they are those it was exported with.

    Raises:
        ModelError: they are others, or of another model.
    """
    path, reference = stored.path, stored.reference
    if candidate.source_sha256 not in (None, reference.source_sha256):
        raise ModelError(
            f"{path} was written for another model than {candidate.path.name}: their sources differ. Copy both again "
            "from one export, or give the Keras file with `reference`."
        )
    if recorded(candidate.record, "reference", "sha256") not in (None, stored.sha256):
        raise ModelError(
            f"{path} is not the file {candidate.path.name} was recorded with. Copy both again from one export, or give "
            "the Keras file with `reference`."
        )
    for tiles, confidence in reference.sets:
        _check_tiles(tiles, confidence.shape[1], file, path)
    return ProofReference(reference.made_by, reference.sets)


def network_reference_model(source: NetworkFile, candidate: FoundArtifact, file: OnnxFile) -> ReferenceModel:
    """The network an artifact was made from.

    Args:
        source: the network.
        candidate: the artifact.
        file: what it says of itself.

    Raises:
        UsageError: what reads it is not installed.
        InputError: the file is not the one the artifact was made from, or no model.
    """
    if candidate.source_sha256 not in (None, sha256_of(source.path)):
        raise InputError(
            f"{source.path} is not the file {candidate.path.name} was made from: its SHA-256 is not the one in the "
            "record. Give the file that was exported."
        )
    network = _network(source, file)
    return ReferenceModel(f"{network.made_by}, asked now", network.confidence, float32=network.float32)


def fp32_reference_model(
    candidates: Sequence[FoundArtifact], candidate: FoundArtifact, file: OnnxFile
) -> ReferenceModel:
    """The fp32 artifact that was made from the same network as another one, run by ONNX Runtime on the CPU.

    Raises:
        InputError: there is none.
    """
    found = next(
        (each.file for each in candidates if each.file is not None and _is_fp32_of(each, candidate, file)), None
    )
    if found is None:
        raise InputError(
            f"There is no sound fp32 artifact of {file.spec.name} to compare with that was made from the same file as "
            f"{file.path.name}. Export it, or give `reference`."
        )
    made_by = f"{found.path.name} with onnxruntime on the CPU, not the network it was made from"
    return ReferenceModel(made_by, partial(_fp32, found), found.path)


def reference_of(model: ReferenceModel, tile_sets: Sequence[TileSet]) -> ProofReference:
    """Ask an oracle."""
    if model.float32 is None:
        sets = [(tiles, model.ask(tiles.batch)) for tiles in tile_sets]
    else:
        # Imported here: a network can be asked only where the export's packages are.
        from landslip.export.judging.reference import reference_sets  # noqa: PLC0415

        sets = reference_sets(model.ask, model.float32, tile_sets)
    return ProofReference(model.made_by, sets, model.artifact)


def scene_tiles(scene: Path | None, spec: ModelSpec, model: ReferenceModel) -> TileSet:
    """Tiles of a scene, half of them where landslides are.

    Args:
        scene: SCENE.toml; None for generated scenes.
        spec: what the tiles are for.
        model: says where landslides are.

    Raises:
        InputError: the scene cannot be used.
    """
    # Imported here: it needs the synthetic events, whose kernels take a moment.
    from landslip.export.judging.scene_tiles import TileSource  # noqa: PLC0415

    def mapped(batch: TileArrays) -> NDArray[Any]:
        share: NDArray[Any] = landslide_mask(model.ask(batch), spec.threshold, spec.landslide_bands).mean(axis=(1, 2))
        return share

    return TileSet("scene", TileSource(spec, scene).tiles("held-out", mapped))


def _is_fp32_of(each: FoundArtifact, candidate: FoundArtifact, file: OnnxFile) -> bool:
    plain = each.file
    if each.fault is not None or plain is None or (plain.spec.name, plain.precision) != (file.spec.name, "fp32"):
        return False
    sources = {each.source_sha256, candidate.source_sha256} - {None}
    return len(sources) <= 1


def _fp32(file: OnnxFile, batch: TileArrays) -> NDArray[np.float32]:
    tiles = TileSet("", batch)
    with open_engine(file.path, EngineOptions("onnxruntime", "cpu", 1, tiles.tile)) as engine:
        return confidence_of(engine, tiles, 1)


def _check_tiles(tiles: TileSet, bands: int, file: OnnxFile, path: Path) -> None:
    wanted = {entry.name: (entry.bands, entry.dtype) for entry in file.spec.inputs}
    found: dict[Any, Any] = {name: (values.shape[1], values.dtype.name) for name, values in tiles.batch.items()}
    if found != wanted:
        raise ModelError(f"{path} holds tiles of {found}, and {file.path.name} takes {wanted}. Copy both again.")
    if bands != file.spec.output_bands:
        raise ModelError(
            f"{path} holds confidences of {bands} bands, and {file.path.name} gives {file.spec.output_bands}. "
            "Copy both again."
        )


def _description(source: NetworkFile, file: OnnxFile) -> Description:
    if source.spec is None:
        if file.spec.inputs != published_spec(file.spec.name, "").inputs:
            raise UsageError(
                f"{file.path.name} was exported with `spec`: its inputs are none of the published network. Give that "
                "file with `spec` here too."
            )
        return Description(file.spec, PUBLISHED_FEEDS)
    described = read_description(source.spec, source.path)
    if (described.spec.inputs, described.spec.classes) != (file.spec.inputs, file.spec.classes):
        raise InputError(
            f"{source.spec} describes other inputs or classes than {file.path.name} has. Give the file it was exported "
            "with."
        )
    return replace(described, spec=file.spec)


def _network(source: NetworkFile, file: OnnxFile) -> Network:
    try:
        # Imported here: only this way of asking needs the export's packages.
        if source.extra == "adopt":
            from landslip.export.adoption.adopted_network import read_adopted  # noqa: PLC0415

            return read_adopted(source.path, _description(source, file), output=source.output).network
        from landslip.export.conversion.network import read_network  # noqa: PLC0415

        return read_network(source.path, _description(source, file), output=source.output)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        raise UsageError(
            f"`reference` needs the package {error.name!r}, which is not installed. Install it with: pip install "
            f"'landslip[{source.extra}]', or leave `reference` out to take the reference tiles beside the artifacts."
        ) from error
