"""A run of an export: what may be made is planned, the network is read, and each artifact is made, judged and named."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from landslip.export.conversion.network import Network
from landslip.export.folder.artifacts import Artifact
from landslip.export.folder.existing_artifacts import check_tiles, find_existing
from landslip.export.folder.export_options import ExportOptions, Precision
from landslip.export.folder.file_plan import PlannedArtifact, check_engines, check_free, plan_artifacts
from landslip.export.folder.mlm import write_item
from landslip.export.folder.working_folder import output_folder, working_folder
from landslip.export.judging.scene_tiles import TileSource
from landslip.export.making.artifact_maker import ArtifactMaker
from landslip.export.making.artifact_record import Source
from landslip.export.making.preparation import open_maker
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.errors import ModelError, ParityError, UsageError
from landslip.runtime.system.endings import Will, bequeath

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MakingRequest:
    """Request for artifacts of a network."""

    source: Path
    """File that the network lies in."""
    sha256: str
    """Digest of that file."""
    spec: ModelSpec
    """Description that the artifacts will have."""
    out: Path
    """Folder for the artifacts; made if needed."""
    precisions: Sequence[Precision] = ("fp32",)
    """Number formats to make."""
    overwrite: bool = False
    """Replace artifacts of an earlier export."""
    insist: bool = True
    """Refuse a network that the description does not fit."""
    options: ExportOptions = field(default_factory=ExportOptions)
    """Options for making artifacts."""


def make_artifacts(request: MakingRequest, read: Callable[[Path], tuple[Network, Source]]) -> list[Artifact]:
    """Make artifacts one after the other; each appears under its name once it has passed its gate.

    One that does not pass does not keep those after it from being made.

    Args:
        request: what to make.
        read: reads the network, and says what of its file goes into the records; it is given a folder that goes with
            all in it.

    Returns:
        The artifacts, in the order of their precisions and targets.

    Raises:
        UsageError: name, precisions or targets cannot be used, or an artifact is there already, or the reference tiles
            of one would be replaced.
        InputError: the network cannot be read, or a scene cannot be.
        EngineError: an engine that judges, or the builder of a target, cannot be used here.
        ParityError: an artifact does not say what the network says; the message tells which ones do.
        OutputError: the folder cannot be written.
    """
    out, options = request.out, request.options
    plan = plan_artifacts(out, request.spec.name, request.precisions, options.targets)
    existing = find_existing(out, request.spec.name, plan, overwrite=request.overwrite)
    tiles = TileSource(request.spec, options.calibrate)
    if not request.overwrite:
        check_free(plan)
        check_tiles(existing, request.sha256, request.spec, tiles.described)
    building = options.build and "tensorrt" in options.targets
    check_engines(plan, build=building)
    tiles.check(insist=request.insist)
    with output_folder(out), working_folder(out) as folder:
        network, origin = read(folder)
        if network.spec is None:
            _check_single(plan, request.source)
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
