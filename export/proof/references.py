"""References of all artifacts in a folder; what several artifacts share is read, or computed, once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landslip.export.folder.artifacts import FoundArtifact
from landslip.export.judging.tiles import parity_tiles
from landslip.export.proof.proof_reference import (
    NetworkFile,
    ProofReference,
    ReferenceModel,
    StoredReferenceFile,
    fp32_reference_model,
    network_reference_model,
    read_stored,
    reference_of,
    scene_tiles,
    stored_path,
    stored_reference,
)
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.reference_tiles import Rounding, TileSet
from landslip.runtime.errors import InputError

log = logging.getLogger(__name__)

_Key = tuple[str, str | None, Path | None]
"""Description of a model, digest of its source, and the file of its tiles, where it has its own."""


class References:
    """Finds the reference of each artifact; artifacts of one name may be of different networks."""

    def __init__(self, candidates: Sequence[FoundArtifact], keras: NetworkFile | None, scene: Path | None) -> None:
        """Get ready; nothing is read before it is needed.

        Args:
            candidates: all artifacts.
            keras: network to ask; None for the reference tiles beside the artifacts.
            scene: SCENE.toml whose tiles are taken; None for the reference tiles.
        """
        self._candidates, self._keras, self._scene = candidates, keras, scene
        self._stored: dict[Path, StoredReferenceFile] = {}
        self._computed: dict[_Key, ProofReference] = {}

    def of(self, candidate: FoundArtifact, file: OnnxFile) -> ProofReference:
        """The reference of an artifact.

        Raises:
            InputError: there is none, or it is that of another network.
            UsageError: asking needs an option, or what is not installed.
            EngineError: it cannot be computed here.
        """
        if self._keras is None and self._scene is None:
            return self._stored_reference(candidate, file)
        tiles = None if self._scene is not None else self._stored_tiles(candidate, file)
        key = file.spec.to_json(), candidate.source_sha256, None if tiles is None else stored_path(candidate, file)
        if key not in self._computed:
            model = self._reference_model(candidate, file)
            self._computed[key] = reference_of(model, tiles or self._other_tiles(candidate, file, model))
        return self._computed[key]

    def _stored_reference(self, candidate: FoundArtifact, file: OnnxFile) -> ProofReference:
        path = stored_path(candidate, file)
        if path not in self._stored:
            self._stored[path] = read_stored(path)
        return stored_reference(self._stored[path], candidate, file)

    def _reference_model(self, candidate: FoundArtifact, file: OnnxFile) -> ReferenceModel:
        if self._keras is None:
            return fp32_reference_model(self._candidates, candidate, file)
        return network_reference_model(self._keras, candidate, file)

    def _stored_tiles(self, candidate: FoundArtifact, file: OnnxFile) -> list[TileSet] | None:
        try:
            return [tiles for tiles, _ in self._stored_reference(candidate, file).sets]
        except InputError as error:
            log.info("%s is asked generated tiles, as none of its own lie beside it: %s", candidate.path.name, error)
            return None

    def _other_tiles(self, candidate: FoundArtifact, file: OnnxFile, model: ReferenceModel) -> list[TileSet]:
        if self._scene is None:
            return [*parity_tiles(file.spec), scene_tiles(None, file.spec, model)]
        tiles = scene_tiles(self._scene, file.spec, model)
        return [tiles if self._keras else replace(tiles, roundings=self._stored_roundings(candidate, file))]

    def _stored_roundings(self, candidate: FoundArtifact, file: OnnxFile) -> tuple[Rounding, ...]:
        """Rounding of the network on the scenes of its export, twice: the fp32 artifact is rounded as well."""
        known = [tiles.rounding for tiles in self._stored_tiles(candidate, file) or () if tiles.kind == "scene"]
        return tuple(Rounding(2 * each.max_abs, 2 * each.mean_abs) for each in known if each is not None)
