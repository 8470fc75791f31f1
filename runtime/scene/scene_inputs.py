"""The inputs of a scene one by one: what each is called, and where it is valid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.geo.gridded import RasterLike
from landslip.runtime.scene.area import Area
from landslip.runtime.scene.layers import Layer
from landslip.runtime.scene.mask_tiles import MaskTiles

Kind = Literal["image", "terrain", "mask", "area"]


@dataclass(frozen=True)
class SceneInput:
    """One of the inputs that together decide where something is observed."""

    name: str
    """Role and files, as messages show them."""
    kind: Kind
    """Kind of use in the scene."""
    rasters: tuple[RasterLike, ...]
    """Raster files, those of an image in tiles as one; none for an area of polygons."""
    valid: Callable[[Window], NDArray[np.bool_]]
    """Function from a window to where it lets the map be, on a window of the map grid: (rows, cols)."""


def inputs_of(layers: Sequence[Layer], masks: Sequence[MaskTiles], area: Area | None) -> tuple[SceneInput, ...]:
    """Every input of a scene, in the order in which it is read."""
    found = [_of_layer(layer) for layer in layers]
    found += [SceneInput(_name(mask.rasters), "mask", mask.rasters, mask.valid) for mask in masks]
    if area is not None:
        found.append(SceneInput(f"area of interest {area.path}", "area", tuple(area.rasters), area.valid))
    return tuple(found)


def _of_layer(layer: Layer) -> SceneInput:
    kind: Kind = "image" if {"pre", "post"} & {*layer.roles} else "terrain"
    return SceneInput(_name(layer.rasters), kind, layer.rasters, partial(_valid, layer))


def _valid(layer: Layer, window: Window) -> NDArray[np.bool_]:
    return layer.read(window).valid


def _name(rasters: Sequence[RasterLike]) -> str:
    return f"{rasters[0].role} {', '.join(dict.fromkeys(raster.path for raster in rasters))}"
