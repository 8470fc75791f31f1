"""Writes the STAC item of a model beside its artifacts; :mod:`landslip.export.folder.stac_item` says what is in it."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx

from landslip.export.folder.artifacts import FoundArtifact, find_candidates
from landslip.export.folder.missing import ITEM
from landslip.export.folder.stac_item import CatalogueFile, Export, model_item
from landslip.runtime.artifacts.onnx_file import PRECISIONS, TARGETS, OnnxFile
from landslip.runtime.artifacts.reference_tiles import SUFFIX as REFERENCE_SUFFIX
from landslip.runtime.errors import InputMissingError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import output_errors, write_file

log = logging.getLogger(__name__)


def write_item(folder: Path, name: str) -> Path:
    """Write ``<name>.stac.json``: the item of all artifacts of a model in a folder.

    Artifacts that are not what their record says, or were made from another file than the newest, are left out.

    Raises:
        InputMissingError: there is no artifact to describe.
        OutputError: the item cannot be written.
    """
    exports = _exports(folder, name)
    if not exports:
        raise InputMissingError(f"{folder} holds no artifact of {name} with its record. Export the model again.")
    item = model_item(exports, parameters=_parameters(folder, exports), reference=_reference(folder, name))
    path = folder / f"{name}{ITEM}"
    with output_errors(path):
        write_file(path, json.dumps(item, indent=2, ensure_ascii=False) + "\n")
    return path


def _exports(folder: Path, name: str) -> list[Export]:
    found = [export for candidate in find_candidates(folder) if (export := _export(candidate, name))]
    if not found:
        return []
    newest = max(found, key=lambda export: export.created)
    kept = [export for export in found if export.source_sha256 == newest.source_sha256]
    for export in found:
        if export not in kept:
            log.warning(
                "%s is left out of the item: it was made from another file than %s", export.file.name, newest.file.name
            )
    return sorted(kept, key=lambda export: (PRECISIONS.index(export.precision), TARGETS.index(export.target)))


def _export(candidate: FoundArtifact, name: str) -> Export | None:
    if candidate.file is None or candidate.file.spec.name != name:
        return None
    try:
        return _checked(candidate.file, candidate.record, candidate.fault)
    except (KeyError, TypeError, ValueError) as error:
        log.warning("%s is left out of the item: %s", candidate.path.name, error)
        return None


def _checked(file: OnnxFile, record: dict[str, Any], fault: str | None) -> Export:
    if fault or not record:
        raise ValueError(fault or "it has no record")
    return Export(
        file=CatalogueFile(file.path.name, int(record["artifact"]["bytes"]), str(record["artifact"]["sha256"])),
        spec=file.spec,
        precision=file.precision,
        target=file.target,
        created=str(record["created"]),
        source_sha256=str(record["source"]["sha256"]),
        registered=None if record["source"]["registered"] is None else str(record["source"]["registered"]),
        onnx_version=str(record["tools"]["onnx"]),
    )


def _parameters(folder: Path, exports: Sequence[Export]) -> int | None:
    """Weights in the deployed graph, counted in the float32 one: quantisation adds numbers that are no weights."""
    plain = next((export for export in exports if export.precision == "fp32"), None)
    if plain is None:
        return None
    weights = onnx.load(folder / plain.file.name).graph.initializer
    return sum(int(math.prod(weight.dims)) for weight in weights if weight.data_type == onnx.TensorProto.FLOAT)


def _reference(folder: Path, name: str) -> CatalogueFile | None:
    path = folder / f"{name}{REFERENCE_SUFFIX}"
    return CatalogueFile(path.name, path.stat().st_size, sha256_of(path)) if path.is_file() else None
