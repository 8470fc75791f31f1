"""The export, start to end: read the network, ask it about held-out tiles, make and judge each artifact, name it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landslip.export.conversion.network import read_network
from landslip.export.folder.drafts import output_folder, working_folder
from landslip.export.folder.earlier_artifacts import check_tiles, earlier_export
from landslip.export.folder.export_options import ExportChoices, Precision
from landslip.export.folder.file_plan import Product, check_engines, check_free, planned
from landslip.export.folder.mlm import write_item
from landslip.export.hdf5.recognise import check_keras_file
from landslip.export.judging.scene_tiles import TileSource
from landslip.export.making.artifact_record import Artifact, KerasSource
from landslip.export.making.preparation import open_workshop
from landslip.export.making.workshop import Workshop
from landslip.export.specification.description import PUBLISHED_FEEDS, Description, published_description
from landslip.export.specification.spec_toml import read_description
from landslip.models.registry.registry import REGISTRY, RegisteredModel, find_by_sha256, notice_of
from landslip.runtime.errors import ModelError, ParityError, UsageError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.endings import Will, bequeath

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
    notice: str = "",
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
        notice: what users of the model have to know, in a sentence; by default as the spec says.

    Returns:
        The artifacts, in the order of their precisions and targets.

    Raises:
        UsageError: name, precisions or targets cannot be used, or an artifact is there already, or the reference tiles
            of one would be replaced.
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
    if told := notice or description.spec.notice or notice_of(digest):
        description = replace(description, spec=replace(description.spec, notice=told))
    products = planned(out, description.spec.name, precisions, choices.targets)
    earlier = earlier_export(out, description.spec.name, products, overwrite=overwrite)
    tiles = TileSource(description.spec, choices.calibrate)
    if not overwrite:
        check_free(products)
        check_tiles(earlier, digest, description.spec, tiles.described)
    building = choices.build and "tensorrt" in choices.targets
    check_engines(products, build=building)
    insist = published is not None or spec is not None
    tiles.check(insist=insist)
    with output_folder(out), working_folder(out) as folder:
        network = read_network(source, description, insist=insist, output=output)
        origin = KerasSource(
            source.name, digest, source.stat().st_size, network.keras_version, published.name if published else None
        )
        if network.spec is None:
            _check_single(products, source)
        workshop = open_workshop(network, origin, earlier, folder, choices)
        artifacts: list[Artifact] = []
        try:
            refusals = _made(workshop, products, artifacts)
        except KeyboardInterrupt:
            if artifacts:
                log.warning("%s", _passed(artifacts))
            raise
        finally:
            if artifacts and network.spec is not None:
                write_item(out, network.spec.name)
            bequeath()
    if building:
        _build_engines(artifacts, choices.workspace)
    if refusals:
        raise ParityError(f"{refusals} {_passed(artifacts)}")
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


def _check_single(products: Sequence[Product], source: Path) -> None:
    if any(product.precision != "fp32" for product in products):
        raise UsageError(
            f"{source} comes without a description of its inputs, and other precisions than fp32 have to be judged by "
            "what a network maps. Describe it in a file, and give that with --spec."
        )


def _passed(artifacts: Sequence[Artifact]) -> str:
    return f"These passed and stay: {', '.join(artifact.path.name for artifact in artifacts)}."


def _made(workshop: Workshop, products: Sequence[Product], artifacts: list[Artifact]) -> str:
    """Append the artifacts that passed, each as soon as it has its name, and give what is to be said of the others.

    Raises:
        ParityError: none passed.
    """
    refusals: list[str] = []
    for product in products:
        try:
            artifacts.append(workshop.made(product))
            bequeath(Will(say=_passed(artifacts)))
        except (ParityError, ModelError) as error:
            log.warning("%s is refused", product.path.name)
            refusals.append(str(error))
    if not artifacts:
        raise ParityError(" ".join(refusals))
    return " ".join(refusals)


def _build_engines(artifacts: Sequence[Artifact], workspace: int | None) -> None:
    # Imported here: it touches CUDA.
    from landslip.runtime.engines.tensor_rt import build_engine  # noqa: PLC0415

    for artifact in artifacts:
        if artifact.precision != "int8" or artifact.target == "tensorrt":
            build_engine(artifact.path, workspace=workspace)
