"""The export, start to end: read the network, ask it about held-out tiles, make and judge each artifact, name it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.candidates import Candidates
from landslip.export.choices import ExportChoices, Precision
from landslip.export.description import PUBLISHED_FEEDS, Description, published_description
from landslip.export.drafts import output_folder, working_folder
from landslip.export.gate import NumberJudge, TileJudge
from landslip.export.int8 import Quantiser
from landslip.export.mlm import write_item
from landslip.export.network import Network, read_network
from landslip.export.own import own_figures
from landslip.export.plan import Product, check_engines, check_free, planned
from landslip.export.recognise import check_keras_file
from landslip.export.record import Artifact, Source
from landslip.export.reference import Answer, asked, check_source, kept_reference, reference_of
from landslip.export.scene_tiles import TileSource
from landslip.export.session import run_graph
from landslip.export.spec_file import read_description
from landslip.export.tiles import parity_tiles
from landslip.export.workshop import Workshop
from landslip.models.registry import REGISTRY, RegisteredModel, find_by_sha256
from landslip.runtime.errors import ModelError, ParityError, UsageError
from landslip.runtime.parity import GATES
from landslip.runtime.record import sha256_of
from landslip.runtime.reference import Batch, TileSet
from landslip.runtime.spec import ModelSpec

log = logging.getLogger(__name__)


def export_model(
    source: Path,
    out: Path,
    *,
    precisions: Sequence[Precision] = ("fp32",),
    name: str | None = None,
    spec: Path | None = None,
    output: str | int | None = None,
    overwrite: bool = False,
    choices: ExportChoices | None = None,
) -> list[Artifact]:
    """Turn a Keras HDF5 file into ONNX artifacts, each with a record beside it, reference tiles, and a STAC item.

    Artifacts are made one after the other, and each appears under its name once it has passed its gate. One that does
    not pass does not keep those after it from being made.

    Args:
        source: whole-model HDF5 file.
        out: folder for the artifacts; made if needed.
        precisions: what to make.
        name: of the model; by default that in the spec, or of the published model the file is, or the stem of the file.
        spec: SPEC.toml that describes a network other than the published one.
        output: name or position of the output that is served; the first one when not given.
        overwrite: replace artifacts of an earlier export.
        choices: how to make them.

    Returns:
        The artifacts, in the order of their precisions and targets.

    Raises:
        UsageError: name, precisions or targets cannot be used, or an artifact is there already.
        InputError: the file is not a model that can be exported, or a scene cannot be read.
        EngineError: an engine that judges, or the builder of a target, cannot be used here.
        ParityError: an artifact does not say what the Keras network says; the message tells which ones do.
        OutputError: the folder cannot be written.
    """
    choices = choices or ExportChoices()
    check_keras_file(source)
    digest = sha256_of(source)
    published = find_by_sha256(digest)
    description = _description(source, published, name) if spec is None else _specified(spec, source, name)
    products = planned(out, description.spec.name, precisions, choices.targets)
    if not overwrite:
        check_free(products)
        check_source(out, description.spec.name, digest)
    building = choices.build and "tensorrt" in choices.targets
    check_engines(products, build=building)
    with output_folder(out), working_folder(out) as folder:
        network = read_network(source, description, insist=published is not None or spec is not None, output=output)
        origin = Source(
            source.name, digest, source.stat().st_size, network.keras_version, published.name if published else None
        )
        workshop = _workshop(network, products, origin, folder, choices)
        artifacts, refusals = _made(workshop, products)
        if network.spec is not None:
            write_item(out, network.spec.name)
    if building:
        _build_engines(artifacts, choices.workspace)
    if refusals:
        raise ParityError(f"{refusals} These passed and stay: {', '.join(each.path.name for each in artifacts)}.")
    return artifacts


def _specified(spec: Path, source: Path, name: str | None) -> Description:
    description = read_description(spec, source)
    return description if name is None else replace(description, spec=replace(description.spec, name=name))


def _description(source: Path, published: RegisteredModel | None, name: str | None) -> Description:
    if published is not None:
        log.info("%s is the published model %s", source.name, published.name)
        return Description(replace(published.spec, name=name or published.name), PUBLISHED_FEEDS)
    if source.stem in REGISTRY:
        log.warning("%s has the name of a published model but is not that file: its checksum differs", source.name)
    return published_description(source.stem if name is None else name, f"exported from {source.name}")


def _workshop(
    network: Network, products: Sequence[Product], origin: Source, folder: Path, choices: ExportChoices
) -> Workshop:
    if network.spec is None:
        return _own_workshop(network, products, origin, folder, choices)
    spec, gates = network.spec, choices.gates or GATES
    source = TileSource(spec, choices.calibrate)
    log.info("tiles of scenes: %s", source.described)
    sees = partial(_mapped_share, network)
    scene = TileSet("scene", source.tiles("held-out", sees))
    answers = asked(network.confidence, [*parity_tiles(spec), scene])
    _warn_of_nothing(answers, spec)

    def quantiser() -> Quantiser:
        log.info("calibrating on tiles of scenes")
        tiles = source.tiles("calibration", sees)
        return Quantiser(network.graph, tiles, part=_half_tile(spec), reduced_range=choices.reduced_range)

    return Workshop(
        folder=folder,
        source=origin,
        spec=spec,
        candidates=Candidates(network.graph, quantiser),
        judge=TileJudge(answers, gates, folder),
        scenes=source.described,
        reference=kept_reference(products[0].path.parent, folder, reference_of(spec.name, origin.sha256, answers)),
    )


def _own_workshop(
    network: Network, products: Sequence[Product], origin: Source, folder: Path, choices: ExportChoices
) -> Workshop:
    """For a network without a description."""
    if any(product.precision != "fp32" for product in products):
        raise UsageError(
            f"{origin.file} comes without a description of its inputs, and other precisions than fp32 have to be "
            "judged by what a network maps. Describe it in a file, and give that with --spec."
        )
    judge = NumberJudge(partial(own_figures, network=network), choices.gates or GATES, folder)
    return Workshop(folder, origin, None, Candidates(network.graph), judge, None, None)


def _half_tile(spec: ModelSpec) -> int | None:
    """The least tile the model takes that is half as wide as its own, or wider; None if it takes no other."""
    return None if spec.fixed else -(-spec.tile // (2 * spec.multiple)) * spec.multiple


def _mapped_share(network: Network, batch: Batch) -> NDArray[Any]:
    """Share of each tile that the fp32 graph maps: (n,)."""
    threshold = network.spec.threshold if network.spec else 0.5
    return np.array([(outputs[0] >= threshold).mean() for outputs in run_graph(network.graph, batch)])


def _warn_of_nothing(answers: Sequence[Answer], spec: ModelSpec) -> None:
    scenes = [confidence for tiles, confidence in answers if tiles.kind == "scene"]
    if not any((confidence >= spec.threshold).any() for confidence in scenes):
        log.warning(
            "The network maps nothing on the tiles of scenes: that masks agree there proves nothing. Give a scene with "
            "landslides in it (--calibrate SCENE.toml)."
        )


def _made(workshop: Workshop, products: Sequence[Product]) -> tuple[list[Artifact], str]:
    """The artifacts that passed, and what is to be said of the others.

    Raises:
        ParityError: none passed.
    """
    artifacts: list[Artifact] = []
    refusals: list[str] = []
    for product in products:
        try:
            artifacts.append(workshop.made(product))
        except (ParityError, ModelError) as error:
            log.warning("%s is refused", product.path.name)
            refusals.append(str(error))
    if not artifacts:
        raise ParityError(" ".join(refusals))
    return artifacts, " ".join(refusals)


def _build_engines(artifacts: Sequence[Artifact], workspace: int | None) -> None:
    # Imported here: it touches CUDA.
    from landslip.runtime.engines.tensor_rt import build_engine  # noqa: PLC0415

    for artifact in artifacts:
        if artifact.precision != "int8" or artifact.target == "tensorrt":
            build_engine(artifact.path, workspace=workspace)
