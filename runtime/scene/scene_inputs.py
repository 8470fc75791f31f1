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
from landslip.runtime.scene.layers import Layer, is_of_image
from landslip.runtime.scene.mask_tiles import MaskTiles

_SHOWN = 6
"""Most files in a message."""

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
    """Every input of a scene, in the order in which it is read; all layers of the image of a date are one."""
    together: dict[str, list[Layer]] = {}
    for index, layer in enumerate(layers):
        role = layer.roles[0]
        together.setdefault(role.partition(" ")[0] if is_of_image(role) else str(index), []).append(layer)
    found = [_of_layers(each) for each in together.values()]
    found += [SceneInput(_name(mask.rasters), "mask", mask.rasters, mask.valid) for mask in masks]
    if area is not None:
        found.append(SceneInput(f"area of interest {area.path}", "area", tuple(area.rasters), area.valid))
    return tuple(found)


def _of_layers(layers: Sequence[Layer]) -> SceneInput:
    kind: Kind = "image" if is_of_image(layers[0].roles[0]) else "terrain"
    rasters = tuple(raster for layer in layers for raster in layer.rasters)
    return SceneInput(_name(rasters), kind, rasters, partial(_valid, layers))


def _valid(layers: Sequence[Layer], window: Window) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.logical_and.reduce([layer.read(window).valid for layer in layers])
    return found


def _name(rasters: Sequence[RasterLike]) -> str:
    paths = list(dict.fromkeys(raster.path for raster in rasters))
    rest = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"{rasters[0].role} {', '.join(paths[:_SHOWN])}{rest}"
