"""The STAC item of a model, for catalogues: what it takes and gives, and which files it comes in.

STAC 1.1 with the extensions machine learning model (mlm 1.5), file, classification and, if published, scientific.
Source: github.com/stac-extensions/mlm, README and best practices.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from landslip.export.folder.item_bands import band_names, item_bands, item_classes
from landslip.models.registry.registry import REGISTRY, RegisteredModel
from landslip.runtime.artifacts.channels import Relief
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec
from landslip.runtime.system.digests import multihash

Json = dict[str, Any]

_EXTENSION = "https://stac-extensions.github.io/{}/schema.json"
_WORLD = [-180.0, -90.0, 180.0, 90.0]
_RECIPE = "landslip.runtime.terrain:horn"
_RECIPE_OF = {"hillshade", "slope"}
"""Layers of terrain that are made from elevation by that function."""
_BACKENDS = {"onnx": "ONNX Runtime", "openvino": "OpenVINO", "tensorrt": "TensorRT"}


@dataclass(frozen=True)
class CatalogueFile:
    """A file beside the item."""

    name: str
    """Name of the file."""
    bytes: int
    """Length of the file in bytes."""
    sha256: str
    """SHA-256 of the file."""


@dataclass(frozen=True)
class Export:
    """An artifact, as the file and the record beside it tell."""

    file: CatalogueFile
    """The ONNX file."""
    spec: ModelSpec
    """Description of the inputs and the output of the model."""
    precision: str
    """Number format that the graph computes in."""
    target: str
    """Backend it is made for."""
    created: str
    """Time of the export, ISO 8601."""
    source_sha256: str
    """Digest of the file it was made from."""
    registered: str | None
    """Name of the published model that file is, or None."""
    onnx_version: str
    """Version of the library that wrote the file."""


def model_item(
    exports: Sequence[Export], *, parameters: int | None = None, reference: CatalogueFile | None = None
) -> Json:
    """The item as JSON values.

    Args:
        exports: artifacts of one model, at least one.
        parameters: number of weights in the graph, if known.
        reference: reference tiles beside them, if any.
    """
    newest = max(exports, key=lambda export: export.created)
    published = REGISTRY.get(newest.registered or "")
    return {
        "type": "Feature",
        "stac_version": "1.1.0",
        "stac_extensions": _extensions(published),
        "id": newest.spec.name,
        **_extent(published),
        "properties": {
            **_common(exports, newest, published),
            **_machine_learning(newest, published, parameters),
            **_science(published),
        },
        "links": [{"rel": "cite-as", "href": f"https://doi.org/{published.doi}"}] if published else [],
        "assets": _assets(exports, reference, published),
    }


def _extensions(published: RegisteredModel | None) -> list[str]:
    names = ["mlm/v1.5.0", "file/v2.1.0", "classification/v2.0.0"] + ["scientific/v1.0.0"] * (published is not None)
    return [_EXTENSION.format(name) for name in names]


def _extent(published: RegisteredModel | None) -> Json:
    """Area where the model may be used: everywhere for those published as general, unknown for others."""
    if published is None:
        return {"geometry": None}
    west, south, east, north = _WORLD
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"geometry": {"type": "Polygon", "coordinates": [ring]}, "bbox": _WORLD}


def _common(exports: Sequence[Export], newest: Export, published: RegisteredModel | None) -> Json:
    spec = newest.spec
    licence = f" Licence: {published.licence}" if published else ""
    return {
        "title": spec.name,
        "description": f"{spec.notice} Gives the {spec.meaning}. Source: {spec.source}{licence}".lstrip(),
        "datetime": newest.created,
        "created": min(export.created for export in exports),
        "updated": newest.created,
        **({"license": "other"} if published else {}),
        "gsd": spec.resolution,
        "bands": item_bands(spec.inputs),
    }


def _science(published: RegisteredModel | None) -> Json:
    return {"sci:doi": published.doi, "sci:citation": published.citation} if published else {}


def _machine_learning(newest: Export, published: RegisteredModel | None, parameters: int | None) -> Json:
    spec = newest.spec
    # The extension knows releases alone.
    version = {"mlm:framework_version": found[0]} if (found := re.match(r"\d+\.\d+\.\d+", newest.onnx_version)) else {}
    return {
        "mlm:name": _mlm_name(spec.name),
        "mlm:architecture": published.architecture if published else "unknown",
        "mlm:tasks": ["semantic-segmentation"],
        "mlm:framework": "ONNX",
        **version,
        **({} if parameters is None else {"mlm:total_parameters": parameters}),
        "mlm:pretrained": True,
        "mlm:accelerator": None,
        "mlm:input": [_input(spec, entry) for entry in spec.inputs],
        "mlm:output": [_output(spec)],
        "mlm:hyperparameters": {
            "threshold": spec.threshold,
            "tile": spec.tile,
            "tile_multiple": spec.multiple,
            "tile_fixed": spec.fixed,
            "scaling_in_graph": {entry.name: _scaling(entry) for entry in spec.inputs},
            **({"cut_off_before": clips} if (clips := _clips(spec)) else {}),
        },
    }


def _mlm_name(name: str) -> str:
    """The name in the characters the extension allows: a letter first, a letter or digit last, three at least."""
    plain = re.sub(r"[^a-zA-Z0-9_.\- ]", "_", name)
    if not re.fullmatch(r"[a-zA-Z].*", plain):
        plain = f"model-{plain}"
    return plain if re.fullmatch(r".{2,}[a-zA-Z0-9]", plain) else f"{plain}-model"


def _input(spec: ModelSpec, entry: InputSpec) -> Json:
    cut = ", cut off as mlm:hyperparameters say" if entry.clip else ""
    made = all(isinstance(channel, Relief) and channel.kind in _RECIPE_OF for channel in entry.shows)
    return {
        "name": entry.name,
        "description": f"Raw values, in the unit {entry.unit}{cut}; the graph scales them itself.",
        "bands": band_names(spec.inputs)[entry.name],
        "input": _array(spec, entry.bands, "bands", entry.dtype),
        # None, and not what the graph does: whoever applied it to the data would scale them twice.
        "value_scaling": None,
        "resize_type": None,
        "pre_processing_function": {"format": "python", "expression": _RECIPE} if made else None,
    }


def _clips(spec: ModelSpec) -> Json:
    """Smallest and largest raw value of each band that may be fed, of inputs that have such limits."""
    return {entry.name: [list(pair) for pair in entry.clip] for entry in spec.inputs if entry.clip}


def _scaling(entry: InputSpec) -> list[Json]:
    """Scaling that the graph does, as ``(value - mean) / stddev`` of the extension; one for all bands if they agree."""
    scalings = [
        {"type": "z-score", "mean": -offset * divisor, "stddev": divisor}
        for divisor, offset in zip(entry.divisors, entry.offsets, strict=True)
    ]
    return scalings[:1] if all(scaling == scalings[0] for scaling in scalings) else scalings


def _output(spec: ModelSpec) -> Json:
    return {
        "name": spec.output,
        "description": f"{spec.meaning}, 0 to 1{', of each class' if spec.classes else ''}",
        "tasks": ["semantic-segmentation"],
        "result": _array(spec, spec.output_bands, "channel", "float32"),
        "classification:classes": item_classes(spec.classes) or _two_classes(spec),
        # Of classes it is the largest, which gdal-calc has no words for.
        "post_processing_function": None
        if spec.classes
        else {"format": "gdal-calc", "expression": f"A>={spec.threshold}"},
    }


def _two_classes(spec: ModelSpec) -> list[Json]:
    return [
        {"value": 0, "name": "other", "description": f"confidence below {spec.threshold}"},
        {"value": 1, "name": "landslide", "description": f"confidence of {spec.threshold} and more"},
    ]


def _array(spec: ModelSpec, bands: int, axis: str, dtype: str) -> Json:
    """The batch is free; the tile is the one the network was trained with, which users should begin with."""
    dimensions = ["batch", axis, "height", "width"]
    return {"shape": [-1, bands, spec.tile, spec.tile], "dim_order": dimensions, "data_type": dtype}


def _assets(exports: Sequence[Export], reference: CatalogueFile | None, published: RegisteredModel | None) -> Json:
    assets: Json = {}
    for export in exports:
        key = export.file.name.removeprefix(f"{export.spec.name}.").removesuffix(".onnx")
        assets |= {key: _model_asset(export), f"{key}.record": _record_asset(export)}
    assets |= {"reference": _reference_asset(reference)} if reference else {}
    return assets | ({"source": _source_asset(published)} if published else {})


def _model_asset(export: Export) -> Json:
    # Graphs made for TensorRT are of use to nothing else.
    bound = {"mlm:accelerator": "cuda", "mlm:accelerator_constrained": True} if export.target == "tensorrt" else {}
    return {
        "href": _sibling(export.file.name),
        "title": f"{export.spec.name}, {export.precision}, for {_backend(export)}",
        "type": "application/octet-stream; framework=onnx",
        "roles": ["mlm:model", "mlm:compiled"],
        "mlm:artifact_type": "onnx",
        **bound,
        # The core specification wants bands named where they are used before the item may describe them.
        "bands": [{"name": name} for names in band_names(export.spec.inputs).values() for name in names],
        **_file(export.file.bytes, export.file.sha256),
    }


def _backend(export: Export) -> str:
    """Library that is to run the file; fp32 and fp16 are one file for all."""
    return "any engine" if export.target == "onnx" and export.precision != "int8" else _BACKENDS[export.target]


def _record_asset(export: Export) -> Json:
    return {
        "href": _sibling(f"{export.file.name}.json"),
        "title": f"How {export.file.name} was made and checked",
        "type": "application/json",
        "roles": ["metadata"],
    }


def _reference_asset(reference: CatalogueFile) -> Json:
    return {
        "href": _sibling(reference.name),
        "title": "Tiles with the answers of the network it was made from, to prove an engine with",
        "type": "application/zip",
        "roles": ["data"],
        **_file(reference.bytes, reference.sha256),
    }


def _source_asset(published: RegisteredModel) -> Json:
    return {
        "href": published.url,
        "title": "The Keras file the artifacts were made from",
        "type": "application/x-hdf5",
        "roles": ["source"],
        **_file(published.size, published.sha256),
    }


def _sibling(name: str) -> str:
    """A file in the folder of the item, as a relative URI."""
    return f"./{quote(name)}"


def _file(size: int, sha256: str) -> Json:
    return {"file:size": size, "file:checksum": multihash(sha256)}
