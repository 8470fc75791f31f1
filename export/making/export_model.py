"""The export of a Keras file: which network it is, and what describes it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from landslip.export.conversion.network import Network, read_network
from landslip.export.folder.artifacts import Artifact
from landslip.export.folder.export_options import ExportOptions, Precision
from landslip.export.hdf5.recognise import check_keras_file
from landslip.export.making.artifact_record import KerasSource
from landslip.export.making.artifact_run import MakingRequest, make_artifacts
from landslip.export.specification.description import PUBLISHED_FEEDS, Description, published_description
from landslip.export.specification.spec_toml import read_description
from landslip.models.registry.registry import REGISTRY, RegisteredModel, find_by_sha256, notice_of
from landslip.runtime.system.digests import sha256_of

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
    """Turn a Keras file into ONNX artifacts, each with a record beside it, reference tiles, and a STAC item.

    Artifacts are made one after the other, and each appears under its name once it has passed its gate. One that does
    not pass does not keep those after it from being made.

    Args:
        source: Keras archive (``.keras``) or whole-model HDF5 file.
        out: folder for the artifacts; made if needed.
        precisions: what to make.
        name: of the model; by default that in the spec, or of the published model the file is, or the stem of the file.
        spec: SPEC.toml that describes a network other than the published one.
        output: name or position of the output that is served; by default that in the spec, or the first one.
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
    check_keras_file(source)
    digest = sha256_of(source)
    published = find_by_sha256(digest)
    description = _description(source, published, name) if spec is None else _specified(spec, source, name)
    if told := notice or description.spec.notice or notice_of(digest):
        description = replace(description, spec=replace(description.spec, notice=told))
    request = MakingRequest(
        source=source,
        sha256=digest,
        spec=description.spec,
        out=out,
        precisions=precisions,
        overwrite=overwrite,
        insist=published is not None or spec is not None,
        options=options or ExportOptions(),
    )

    def read(folder: Path) -> tuple[Network, KerasSource]:
        network = read_network(source, description, insist=request.insist, output=output, folder=folder)
        name = published.name if published else None
        return network, KerasSource(source.name, digest, source.stat().st_size, network.keras_version, name)

    return make_artifacts(request, read)


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
