"""All masks of a scene: those that the user gives, and those of products."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.mask_inputs import open_masks
from landslip.runtime.scene.mask_tiles import MaskTiles, side_by_side
from landslip.runtime.scene.product_masks import masks_of_products, open_product_masks


@dataclass(frozen=True)
class SceneMasks:
    """Masks of a scene, opened."""

    tiles: list[MaskTiles]
    """Masks, each with its tiles side by side."""
    facts: dict[str, Any]
    """Facts on how they are read, for the run record."""
    doubts: list[str]
    """Doubts about reading them so."""


def masks_of(files: SceneFiles, grid: MapGrid, opened: Callable[[Location, str], Raster]) -> SceneMasks:
    """Open all masks of a scene.

    Args:
        files: the scene.
        grid: the map.
        opened: opens a raster in a role, as messages name it.

    Raises:
        InputMissingError: a file is not there.
        InputError: a file is no mask, or its place is unknown.
    """
    own = masks_of_products(files)
    given, doubts = open_masks(own.given, files.reading, grid, opened)
    of_products, said = open_product_masks(own, files, grid, opened)
    chosen = files.reading.mask_choice
    facts = {
        **({} if chosen is None else {chosen.option: chosen.given}),
        **({"masks": [mask.rule.says for mask in given]} if given else {}),
        **({"product_masks": said} if said else {}),
    }
    return SceneMasks([*side_by_side(given, grid), *of_products], facts, doubts)
