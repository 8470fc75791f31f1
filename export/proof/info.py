"""Description of any file: models, artifacts, reference tiles, records, and what is mistaken for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from landslip.export.folder.artifacts import read_record, recorded
from landslip.export.folder.json_file import read_json
from landslip.export.hdf5.recognise import check_keras_file, is_archive
from landslip.export.proof.feature_facts import describe_shared_features
from landslip.export.proof.spec_facts import describe_spec
from landslip.models.registry.registry import RegisteredModel, find_by_sha256
from landslip.runtime.access.location import is_folder
from landslip.runtime.artifacts.frameworks import of_framework
from landslip.runtime.artifacts.onnx_file import OnnxHeader, how_to_describe, read_onnx_file, read_onnx_header
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.artifacts.reference_tiles import read_reference
from landslip.runtime.artifacts.spec import METADATA_KEY
from landslip.runtime.engines.opening import TENSORRT_SUFFIXES
from landslip.runtime.errors import InputError, ModelError
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.untrusted.file_kinds import FileKind, kind_of

Facts = dict[str, Any]
"""JSON-like, in the order they are told."""

_POINTER = 1024
"""Bytes; a longer git-LFS pointer is none."""

_SIGNS = {
    "geopackage": re.compile(rb"SQLite format 3\0.{52}GP(KG|10|11)", re.DOTALL),
    "png": re.compile(rb"\x89PNG\r\n\x1a\n"),
}
"""First bytes of other files that a map comes with."""
_HEAD = 100

_NOTHING_OF_OURS = {
    "empty": "is empty. Copy or download it again.",
    "web page": "is a web page saved under another name. Download the file itself again.",
    "zip": "is a ZIP archive, and neither a Keras archive (.keras) nor reference tiles.",
    "tiff": "is a TIFF raster. Look at it with gdalinfo; the run.json beside a map says how it was made.",
    "json": "is a JSON file, but no record of landslip.",
    "geopackage": "is a GeoPackage, such as landslides.gpkg, the outlines of a map. Open it in a GIS such as QGIS; the "
    "run.json beside a map says how it was made.",
    "png": "is a PNG picture, such as quicklook.png, the overview of a map. Open it in a viewer; the run.json beside a "
    "map says how it was made.",
    "other": "is no file that landslip knows: no ONNX model, Keras file, reference tiles or record.",
}


def describe_file(path: Path) -> Facts:
    """Describe what a file is, and what it says.

    Raises:
        InputMissingError: there is no such file.
        InputError: it is nothing landslip knows, or damaged.
    """
    if (framework := of_framework(path)) is not None:
        raise InputError(f"{path} {framework}", where=path)
    if is_folder(path):
        raise InputError(f"{path} is a folder. Give a file in it, or prove all artifacts in it with landslip verify.")
    found = kind_of(path)
    found = "keras archive" if is_archive(path, found) else found
    kind = "engine" if path.suffix in TENSORRT_SUFFIXES else _kind_of_product(path) if found == "other" else found
    described = _DESCRIBERS.get(kind, _nothing)(path)
    if described is None:
        raise InputError(f"{path} {_NOTHING_OF_OURS[kind]}")
    return {"file": str(path), **described}


def _kind_of_product(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    return next((kind for kind, sign in _SIGNS.items() if sign.match(head)), "other")


def _nothing(_: Path) -> Facts | None:
    return None


def _describe_onnx(path: Path) -> Facts | None:
    try:
        header = read_onnx_header(path)
    except ModelError:
        if path.suffix.lower() == ".onnx":
            raise
        return None
    size = _size(path)
    if METADATA_KEY not in header.metadata:
        kind = "ONNX model without a description: landslip map cannot feed it"
        record = _recorded(path, size["sha256"])
        return {"kind": kind, **_graph(header), **size, "record": record, "to_map_with_it": how_to_describe(header)}
    file = read_onnx_file(path)
    return {
        "kind": "ONNX model exported by landslip",
        **describe_spec(file.spec),
        "precision": file.precision,
        "target": file.target,
        "shared_features": describe_shared_features(file),
        **_graph(header),
        **size,
        "record": _recorded(path, size["sha256"]),
    }


def _graph(header: OnnxHeader) -> Facts:
    return {"opset": header.opset, "producer": header.producer or "not said"}


def _size(path: Path) -> Facts:
    return {"bytes": path.stat().st_size, "sha256": sha256_of(path)}


def _recorded(path: Path, sha256: str) -> Facts | str:
    """Describe what the record beside an artifact says of it; where it is of no use, say why."""
    try:
        record = read_record(path)
    except InputError as error:
        return f"cannot be used. {error}"
    if not record:
        return "none beside the file"
    if recorded(record, "artifact", "sha256") != sha256:
        return (
            f"belongs to another file: the digest in {record_path(path).name} is not that of {path.name}, so nothing "
            "it says holds for that. Copy both again."
        )
    return {
        name: record[name]
        for name in ("created", "landslip", "source", "left_out", "tools", "parity")
        if name in record
    }


def _describe_reference(path: Path) -> Facts | None:
    try:
        reference = read_reference(path)
    except ModelError:
        if path.suffix == ".npz":
            raise
        return None
    return {
        "kind": "reference tiles for landslip verify",
        "model": reference.model,
        "made_by": reference.made_by,
        "source_sha256": reference.source_sha256,
        "tiles": [f"{tiles.count} {tiles.kind} tiles of {tiles.tile} pixels" for tiles, _ in reference.sets],
        **_size(path),
    }


def _describe_keras(path: Path) -> Facts:
    kind = {"hdf5": "Keras file (HDF5)", "archive": "Keras file (archive, .keras)"}[check_keras_file(path)]
    size = _size(path)
    return {"kind": kind, **size, **_published(find_by_sha256(size["sha256"])), **_network(path)}


def _published(model: RegisteredModel | None) -> Facts:
    if model is None:
        return {"published": "no: its SHA-256 is that of no registered model"}
    return {
        "published": model.name,
        "citation": f"{model.citation} doi:{model.doi}",
        "licence": model.licence,
        **describe_spec(model.spec),
    }


def _network(path: Path) -> Facts:
    try:
        from landslip.export.proof.keras_file import describe_network  # noqa: PLC0415 - needs h5py
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("landslip"):
            raise
        return {"network": f"not read: {error.name} is not installed (pip install 'landslip[export]')"}
    try:
        return {"network": describe_network(path)}
    except ModelError as error:
        return {"network": f"cannot be exported. {error}"}


def _describe_engine(path: Path) -> Facts:
    from landslip.runtime.engines.tensor_rt import read_engine_record  # noqa: PLC0415 - a package of its own

    record = read_engine_record(path)
    key = {name: value for name, value in asdict(record.key).items() if name != "onnx_sha256"}
    return {
        "kind": "TensorRT engine: a program for one GPU, driver and TensorRT",
        "model": record.spec.name,
        "precision": record.precision,
        "built_from": {"file": record.onnx, "sha256": record.key.onnx_sha256},
        "built_for": key,
        "built": {"landslip": record.landslip, "created": record.created, "seconds": record.seconds},
        **_size(path),
    }


def _describe_pointer(path: Path) -> Facts:
    with path.open("rb") as stream:
        text = stream.read(_POINTER)
    found = re.search(rb"oid sha256:([0-9a-f]{64})\s+size (\d{1,18})\s*\Z", text)
    if found is None:
        raise InputError(f"{path} is a damaged git-LFS pointer. Download the file itself.")
    digest, size = found[1].decode("ascii"), int(found[2])
    model = find_by_sha256(digest)
    remedy = f"landslip fetch {model.name}" if model else "git lfs pull"
    return {
        "kind": "git-LFS pointer: the name of a file, not the file itself",
        "stands_for": {"sha256": digest, "bytes": size, "published": model.name if model else None},
        "get_it_with": remedy,
    }


def _describe_json(path: Path) -> Facts | None:
    try:
        content = read_json(path)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged JSON ({error}). Copy it again.") from error
    kind = _kind_of(content)
    # What it is and is called is not for the file to say.
    return None if kind is None else {"kind": kind, **{key: content[key] for key in content if key not in _OURS}}


def _kind_of(content: dict[str, Any]) -> str | None:
    kind = next((name for name, keys in _RECORDS.items() if keys <= content.keys()), None)
    properties = content.get("properties")
    if kind == _ITEM and isinstance(properties, dict):
        return next((f"{kind} of {of}" for key, of in _ITEMS.items() if key in properties), kind)
    return kind


_OURS = {"file", "kind"}

_ITEM = "STAC Item"
_ITEMS = {"landslip:fingerprint": "a map", "mlm:name": "an export"}
"""Properties that tell what an Item is of."""

_RECORDS = {
    "run record of a map": {"model", "engine", "grid", "tiles", "inputs"},
    "record of an artifact": {"artifact", "source", "spec"},
    _ITEM: {"stac_version", "assets", "properties"},
    "STAC Catalog": {"stac_version", "description", "links"},
    "scores of a demo: how its map agrees with the truth": {"seed", "precision", "recall", "f1", "mcc"},
    "score of a map against landslides that are known": {"precision", "recall", "landslides", "by_size", "truth"},
}
"""Kinds of JSON files, and keys that tell them."""

_DESCRIBERS: dict[FileKind | str, Callable[[Path], Facts | None]] = {
    "hdf5": _describe_keras,
    "keras archive": _describe_keras,
    "git-lfs pointer": _describe_pointer,
    "zip": _describe_reference,
    "json": _describe_json,
    "engine": _describe_engine,
    "other": _describe_onnx,
}
