"""The export, start to end: read, cut, rebuild, convert, check, name."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from landslip.export.choices import PRECISIONS, Precision
from landslip.export.description import PUBLISHED_FEEDS, Description, published_description
from landslip.export.drafts import draft_of, output_folder
from landslip.export.mlm import write_item
from landslip.export.network import Network, read_network
from landslip.export.own import own_figures
from landslip.export.parity import artifact_confidence, check
from landslip.export.recognise import check_keras_file
from landslip.export.record import Artifact, Source, record_path, record_text
from landslip.export.spec_file import read_description
from landslip.export.tiles import parity_tiles
from landslip.models.registry import REGISTRY, RegisteredModel, find_by_sha256
from landslip.runtime.errors import UsageError
from landslip.runtime.parity import GATES, Parity, compare
from landslip.runtime.record import sha256_of
from landslip.runtime.reference import TileSet
from landslip.runtime.spec import ModelSpec

log = logging.getLogger(__name__)

Check = tuple[TileSet, NDArray[Any]]
"""Tiles, and the confidence the Keras network gives them."""


def export_model(
    source: Path,
    out: Path,
    *,
    precisions: Sequence[Precision] = ("fp32",),
    name: str | None = None,
    spec: Path | None = None,
    output: str | int | None = None,
    overwrite: bool = False,
) -> list[Artifact]:
    """Turn a Keras HDF5 file into ONNX artifacts, each with a record beside it, and a STAC item of all of them.

    An artifact appears under its name only once it has passed its gate.

    Args:
        source: whole-model HDF5 file.
        out: folder for the artifacts; made if needed.
        precisions: what to make.
        name: of the model; by default that in the spec, or of the published model the file is, or the stem of the file.
        spec: SPEC.toml that describes a network other than the published one.
        output: name or position of the output that is served; the first one when not given.
        overwrite: replace artifacts of an earlier export.

    Returns:
        One artifact for each precision, in their order.

    Raises:
        UsageError: name or precisions cannot be used, or an artifact is there already.
        InputError: the file is not a model that can be exported.
        ParityError: what came out does not say what the Keras network says.
        OutputError: the folder cannot be written.
    """
    check_keras_file(source)
    digest = sha256_of(source)
    published = find_by_sha256(digest)
    description = _description(source, published, name) if spec is None else _specified(spec, source, name)
    paths = _artifact_paths(out, description.spec.name, precisions, overwrite=overwrite)
    with output_folder(out):
        network = read_network(source, description, insist=published is not None or spec is not None, output=output)
        checks = (
            [(tiles, network.confidence(tiles.batch)) for tiles in parity_tiles(network.spec)] if network.spec else []
        )
        origin = Source(
            source.name, digest, source.stat().st_size, network.keras_version, published.name if published else None
        )
        artifacts = [_published(network, path, precision, checks, origin) for precision, path in paths.items()]
        if network.spec is not None:
            write_item(out, network.spec.name)
    return artifacts


def _description(source: Path, published: RegisteredModel | None, name: str | None) -> Description:
    if published is not None:
        log.info("%s is the published model %s", source.name, published.name)
        spec = replace(published.spec, name=published.name if name is None else name)
        return Description(spec, PUBLISHED_FEEDS)
    if source.stem in REGISTRY:
        log.warning("%s has the name of a published model but is not that file: its checksum differs", source.name)
    return published_description(source.stem if name is None else name, f"exported from {source.name}")


def _specified(spec: Path, source: Path, name: str | None) -> Description:
    description = read_description(spec, source)
    return description if name is None else replace(description, spec=replace(description.spec, name=name))


def _artifact_paths(out: Path, name: str, precisions: Sequence[Precision], *, overwrite: bool) -> dict[Precision, Path]:
    if not name or name != Path(name).name or name.startswith("."):
        raise UsageError(f"{name!r} cannot be the name of a model: it becomes part of a file name.")
    unknown = [precision for precision in precisions if precision not in PRECISIONS]
    if unknown or not precisions:
        raise UsageError(f"Precision {unknown} is unknown. Choose from: {', '.join(PRECISIONS)}.")
    paths: dict[Precision, Path] = {precision: out / f"{name}.{precision}.onnx" for precision in precisions}
    there = [str(path) for path in paths.values() if path.exists()]
    if there and not overwrite:
        raise UsageError(f"{', '.join(there)} is there already. Choose another folder, or add --overwrite.")
    return paths


def _published(network: Network, path: Path, precision: Precision, checks: list[Check], origin: Source) -> Artifact:
    record = record_path(path)
    with draft_of(record) as record_draft, draft_of(path) as draft:
        draft.write_bytes(network.graph.SerializeToString())
        figures = own_figures(draft, network) if network.spec is None else _figures(draft, checks, network.spec)
        check(figures, GATES[precision], path.name)
        artifact = Artifact(path, precision, "onnx", sha256_of(draft), draft.stat().st_size, tuple(figures))
        record_draft.write_text(record_text(artifact, origin, network.spec), encoding="utf-8")
        # The record gets its name after the artifact: where it is, the artifact is complete and belongs to it.
        record.unlink(missing_ok=True)
    log.info("%s: within %.1e of the Keras network", path.name, max(figure.max_abs for figure in figures))
    return artifact


def _figures(draft: Path, checks: list[Check], spec: ModelSpec) -> list[Parity]:
    return [
        compare(tiles, confidence, artifact_confidence(draft, tiles), spec.threshold) for tiles, confidence in checks
    ]
