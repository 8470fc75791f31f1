"""The export, start to end: read the network, ask it about held-out tiles, make and judge each artifact, name it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landslip.export.conversion.network import read_network
from landslip.export.folder.artifacts import Artifact
from landslip.export.folder.existing_artifacts import check_tiles, find_existing
from landslip.export.folder.export_options import ExportOptions, Precision
from landslip.export.folder.file_plan import PlannedArtifact, check_engines, check_free, plan_artifacts
from landslip.export.folder.mlm import write_item
from landslip.export.folder.working_folder import output_folder, working_folder
from landslip.export.hdf5.recognise import check_keras_file
from landslip.export.judging.scene_tiles import TileSource
from landslip.export.making.artifact_maker import ArtifactMaker
from landslip.export.making.artifact_record import KerasSource
from landslip.export.making.preparation import open_maker
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
    options: ExportOptions | None = None,
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
        options: how to make them.
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
    options = options or ExportOptions()
    check_keras_file(source)
    digest = sha256_of(source)
    published = find_by_sha256(digest)
    description = _description(source, published, name) if spec is None else _specified(spec, source, name)
    if told := notice or description.spec.notice or notice_of(digest):
        description = replace(description, spec=replace(description.spec, notice=told))
    plan = plan_artifacts(out, description.spec.name, precisions, options.targets)
    existing = find_existing(out, description.spec.name, plan, overwrite=overwrite)
    tiles = TileSource(description.spec, options.calibrate)
    if not overwrite:
        check_free(plan)
        check_tiles(existing, digest, description.spec, tiles.described)
    building = options.build and "tensorrt" in options.targets
    check_engines(plan, build=building)
    insist = published is not None or spec is not None
    tiles.check(insist=insist)
    with output_folder(out), working_folder(out) as folder:
        network = read_network(source, description, insist=insist, output=output)
        origin = KerasSource(
            source.name, digest, source.stat().st_size, network.keras_version, published.name if published else None
        )
        if network.spec is None:
            _check_single(plan, source)
        maker = open_maker(network, origin, existing, folder, options)
        artifacts: list[Artifact] = []
        try:
            refusals = _made(maker, plan, artifacts)
        except KeyboardInterrupt:
            if artifacts:
                log.warning("%s", _passed(artifacts))
            raise
        finally:
            if artifacts and network.spec is not None:
                write_item(out, network.spec.name)
            bequeath()
    if building:
        _build_engines(artifacts, options.workspace)
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


def _check_single(plan: Sequence[PlannedArtifact], source: Path) -> None:
    if any(planned.precision != "fp32" for planned in plan):
        raise UsageError(
            f"{source} comes without a description of its inputs, and other precisions than fp32 have to be judged by "
            "what a network maps. Describe it in a file, and give that with `spec`."
        )


def _passed(artifacts: Sequence[Artifact]) -> str:
    return f"These passed and stay: {', '.join(artifact.path.name for artifact in artifacts)}."


def _made(maker: ArtifactMaker, plan: Sequence[PlannedArtifact], artifacts: list[Artifact]) -> str:
    """Append the artifacts that passed, each as soon as it has its name, and give what is to be said of the others.

    Raises:
        ParityError: none passed.
    """
    refusals: list[str] = []
    for planned in plan:
        try:
            artifacts.append(maker.make(planned))
            bequeath(Will(say=_passed(artifacts)))
        except (ParityError, ModelError) as error:
            log.warning("%s is refused", planned.path.name)
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
