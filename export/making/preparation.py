"""Preparation of an export: tiles, their reference, and what makes and judges artifacts."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto

from landslip.export.conversion.network import Network
from landslip.export.folder.existing_artifacts import ExistingArtifacts
from landslip.export.folder.export_options import ExportOptions, Target
from landslip.export.judging.gate import NumberJudge, TileJudge
from landslip.export.judging.random_inputs import random_input_parity
from landslip.export.judging.reference import ReferenceSet, reference_file, reference_of, reference_sets
from landslip.export.judging.scene_tiles import TileSource
from landslip.export.judging.tiles import parity_tiles
from landslip.export.making.artifact_maker import ArtifactMaker
from landslip.export.making.artifact_record import Source
from landslip.export.making.candidates import Candidates
from landslip.export.precisions.graph_session import run_graph
from landslip.export.precisions.int8 import Quantiser
from landslip.runtime.artifacts.parity import GATES, landslide_mask
from landslip.runtime.artifacts.reference_tiles import TileArrays, TileSet
from landslip.runtime.artifacts.spec import ModelSpec

log = logging.getLogger(__name__)

_UNSTEADY = 1e-3
"""Largest difference from which on rounding is worth a word: a map tells confidence in steps of 0.01."""


def open_maker(
    network: Network, source: Source, existing: ExistingArtifacts, folder: Path, options: ExportOptions
) -> ArtifactMaker:
    """Get the tiles, ask the network about those that are held out, and set up what makes artifacts.

    Args:
        network: to be exported.
        source: the file it was read from.
        existing: what lies where the artifacts will lie.
        folder: where they lie until then.
        options: how to make them.

    Raises:
        InputError: a scene cannot be read, or has too few tiles.
        ModelError: the network gives no confidence, or does not run.
        UsageError: tiles would be replaced that other artifacts need.
    """
    gates = options.gates or GATES
    if network.spec is None:
        judge = NumberJudge(partial(random_input_parity, network=network), gates, folder)
        candidates = Candidates(network.graph)
        return ArtifactMaker(folder, source, network.made_by, network.left_out, None, candidates, judge, None, None)
    spec, graph = network.spec, network.graph
    tiles = TileSource(spec, options.calibrate)
    sees = partial(_mapped_share, graph, spec)
    log.info("tiles of scenes: %s", tiles.described)
    scenes = TileSet("scene", tiles.tiles("held-out", sees))
    sets = reference_sets(network.confidence, network.float32, [*parity_tiles(spec), scenes])
    _warn_of_nothing(sets, spec)
    _warn_of_rounding(sets)

    @cache
    def calibration() -> TileArrays:
        found = tiles.tiles("calibration", sees)
        log.info("calibrating on %d tiles of scenes", len(found[spec.inputs[0].name]))
        return found

    def quantiser(target: Target) -> Quantiser:
        square, reduced = _half_tile(spec), options.reduced_range
        return Quantiser(graph, calibration(), target, square=square, reduced_range=reduced)

    return ArtifactMaker(
        folder=folder,
        source=source,
        made_by=network.made_by,
        left_out=network.left_out,
        spec=spec,
        candidates=Candidates(graph, quantiser),
        judge=TileJudge(sets, gates, folder),
        scenes=tiles.described,
        reference=reference_file(folder, reference_of(spec.name, source.sha256, sets, network.made_by), existing),
    )


def _mapped_share(graph: ModelProto, spec: ModelSpec, batch: TileArrays) -> NDArray[Any]:
    """Share of each tile that the fp32 graph maps: (n,)."""
    masks = (landslide_mask(outputs[0], spec.threshold, spec.landslide_bands) for outputs in run_graph(graph, batch))
    return np.array([mask.mean() for mask in masks])


def _half_tile(spec: ModelSpec) -> int | None:
    """The least tile the model takes that is half as wide as its own, or wider; None if it takes no other."""
    return None if spec.fixed else -(-spec.tile // (2 * spec.multiple)) * spec.multiple


def _warn_of_rounding(sets: Sequence[ReferenceSet]) -> None:
    most = max((tiles.rounding.max_abs for tiles, _ in sets if tiles.rounding is not None), default=0.0)
    if most > _UNSTEADY:
        log.warning(
            "This network amplifies rounding: in float32 it is itself off by up to %.1e. Maps of different engines "
            "will differ by about as much.",
            most,
        )


def _warn_of_nothing(sets: Sequence[ReferenceSet], spec: ModelSpec) -> None:
    scenes = [confidence for tiles, confidence in sets if tiles.kind == "scene"]
    if not any(landslide_mask(each, spec.threshold, spec.landslide_bands).any() for each in scenes):
        log.warning(
            "The network maps nothing on the tiles of scenes: that masks agree there proves nothing. Give a scene with "
            "landslides in it (`calibrate` SCENE.toml)."
        )
