"""Arguments of a map by name and type, as programs give them; each means what the option of ``landslip map`` means.

A file is named by a text or a ``Path``, an address or a name of GDAL's. For a file of a scene, an open dataset of
rasterio or a :class:`landslip.RasterArray` is taken, too; ``Givens`` are one of these, or several.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, TypeAlias, TypedDict

from landslip.runtime.access.given_rasters import Givens
from landslip.runtime.access.raster_array import RasterArray  # noqa: F401 - Givens name it
from landslip.runtime.run.product_options import ProductArguments

Name: TypeAlias = str | os.PathLike[str]
"""A path, an address such as ``https://…``, or a name of GDAL's such as ``/vsizip/…``."""

EngineName: TypeAlias = Literal["auto", "onnxruntime", "openvino", "tensorrt"]
"""An engine, or ``auto`` for the one that fits."""

DeviceName: TypeAlias = Literal["auto", "cpu", "cuda", "gpu", "npu"]
"""A device: ``cuda`` is NVIDIA's, ``gpu`` and ``npu`` are Intel's."""

PrecisionName: TypeAlias = Literal["auto", "fp32", "fp16", "bf16", "int8", "int8+bf16"]
"""A number format to compute in, or ``auto`` for that of the artifact."""


class ReadArguments(TypedDict, total=False):
    """Arguments of readers: fields of :class:`~landslip.runtime.inputs.read_options.ReadOptions`, explained there."""

    crs: str | None
    resolution: float | None
    dem_nodata: float | None
    dem_unit: Literal["m", "ft", "us-ft", "dm", "cm"] | None
    fill_voids: bool
    mask_values: str | None
    mask_bits: str | None
    mask_above: float | None
    mask_below: float | None
    product_mask: bool
    on_error: Literal["stop", "skip"]
    bands: Sequence[int] | None
    band_names: tuple[str, ...] | None
    scale: float | None
    offset: float | None
    rgb_range: tuple[float, float] | None
    pre_date: str | None
    post_date: str | None
    nodata: float | Literal["none"] | None
    pre_nodata: float | None
    post_nodata: float | None


class SceneArguments(ReadArguments, total=False):
    """Files of an event; fields of :class:`~landslip.runtime.inputs.scene_files.SceneFiles`."""

    pre: Givens | None
    post: Givens | None
    dem: Givens | None
    hillshade: Givens | None
    slope: Givens | None
    masks: Givens | None
    aoi: Givens | Sequence[float] | None


class MapArguments(SceneArguments, ProductArguments, total=False):
    """Arguments on how a map is made; fields of :class:`~landslip.runtime.mapping.request.MapRequest`."""

    protocol: Literal["gaussian", "notebook"]
    preset: Literal["faithful", "balanced", "fast"]
    overlap: float | None
    threshold: float | None
    min_area: float
    overwrite: bool
    force: bool
    resume: bool
    keep: bool
    title: str | None


class EngineArguments(TypedDict, total=False):
    """Arguments on the engine; what is left open is chosen as ``landslip map`` does: as tuned here, or the defaults."""

    engine: EngineName
    device: DeviceName
    precision: PrecisionName
    batch: int | None
    tile: int | None
    threads: int | None
    share_features: bool


class MapSceneArguments(MapArguments, EngineArguments, total=False):
    """All that can be said of one map."""
