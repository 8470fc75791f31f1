"""Masks that products of satellites bring along: one of each date, of all its granules, unless the user says no."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.artifacts.channels import DATES, Date
from landslip.runtime.declared.mask_rule import MaskRule, rule_as_chosen
from landslip.runtime.declared.masks import RULES
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.granules import Granule, ProductMask
from landslip.runtime.inputs.mask_files import mask_files
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.layers import MaskLayer
from landslip.runtime.scene.mask_tiles import MaskTiles

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProductMasks:
    """Masks of the products of a scene."""

    by_date: dict[Date, dict[str, ProductMask]]
    """Masks of each date that are used, by the name of their granule."""
    given: tuple[Location, ...]
    """Masks that the user gives and that are none of these."""
    chosen: frozenset[Location]
    """Masks of products that the user gives as well."""


def masks_of_products(files: SceneFiles) -> ProductMasks:
    """Find the masks of all products, and tell those that the user gives from others; no file is opened.

    Raises:
        InputMissingError: a product is not there.
        InputError: a product is damaged, or given as a mask and has none.
    """
    given = tuple(file for location in files.masks for file in mask_files(location, "mask"))
    by_date: dict[Date, dict[str, ProductMask]] = {}
    for date in DATES if files.reading.product_mask else ():
        granules = files.granules_of(date) or ()
        masks = {granule.name: granule.mask for granule in granules if granule.mask is not None}
        if masks:
            by_date[date] = masks
        _tell_of_missing(date, granules)
    own = {mask.location for masks in by_date.values() for mask in masks.values()}
    return ProductMasks(by_date, tuple(each for each in given if each not in own), frozenset(own & {*given}))


def open_product_masks(
    found: ProductMasks, files: SceneFiles, grid: MapGrid, opened: Callable[[Location, str], Raster]
) -> tuple[list[MaskTiles], list[dict[str, Any]]]:
    """Open the masks of products, each read as its kind says; those of one date lie side by side, in any zones.

    What ``files.reading.mask_choice`` says holds for the masks of a date of which the user gives one.

    Returns:
        one mask for each date, and for the run record which files they are and how they are read.
    """
    tiled, facts = [], []
    for date, named in found.by_date.items():
        masks = tuple(named.values())
        choice = files.reading.mask_choice if any(mask.location in found.chosen for mask in masks) else None
        rules: list[MaskRule] = [
            replace(RULES[mask.kind], band=mask.band)
            if choice is None
            else rule_as_chosen(choice, nodata_is_valid=False)
            for mask in masks
        ]
        layers = [MaskLayer(opened(mask.location, "mask"), grid, rule) for mask, rule in zip(masks, rules, strict=True)]
        log.info(
            "mask: what the product of the %s-event image calls clouds and the like is not mapped (%s; %s); "
            "`product_mask=False` maps it all the same", date, rules[0].says, ", ".join(named),
        )  # fmt: skip
        tiled.append(MaskTiles(layers))
        facts.append({"image": date, "files": [layer.raster.path for layer in layers], "read_as": rules[0].says})
    return tiled, facts


def _tell_of_missing(date: Date, granules: Sequence[Granule]) -> None:
    without = [granule.name for granule in granules if granule.mask is None]
    if without:
        log.info("%s-event image: no mask of clouds comes with %s", date, ", ".join(without))
