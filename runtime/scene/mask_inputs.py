"""Masks as users have them: opened, looked at, and read as what their names and values say they are."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePosixPath

import numpy as np

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.access.location import Location
from landslip.runtime.declared.mask_choice import MaskChoice
from landslip.runtime.declared.mask_rule import AS_STORED, MaskRule, rule_as_chosen
from landslip.runtime.declared.masks import (
    FEW_VALUES,
    MaskFile,
    band_of_interest,
    doubt_of,
    is_scl,
    probability_with_nodata,
    rule_of,
)
from landslip.runtime.declared.units import scaling_of
from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.overlap import windows_under
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window
from landslip.runtime.imagery.stretch_limits import cells
from landslip.runtime.inputs.mask_files import mask_files
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.rasters.requirements import single, whole_numbers
from landslip.runtime.scene.layers import MaskLayer
from landslip.runtime.scene.map_extent import meets

log = logging.getLogger(__name__)

SAMPLE = 1 << 20
"""Pixels of a mask that are looked at."""

MUCH = 0.5
"""Share of a class map that may be declared as unknown without a question, and that a mask may hide without a word."""

Opener = Callable[[Location, str], Raster]
"""Opens a file in a role."""


def open_masks(
    locations: Sequence[Location], reading: ReadOptions, grid: MapGrid, opened: Opener
) -> tuple[list[MaskLayer], list[str]]:
    """Open the masks of a scene.

    Of a Sentinel-2 product the scene classification is taken. ``reading.mask_choice`` holds for all masks; without it
    each is read as its names say, else nonzero is not usable.

    Args:
        locations: files and products.
        reading: options of reading.
        grid: the map.
        opened: opens a raster in a role, as messages name it.

    Returns:
        the masks, and what speaks against reading them so.

    Raises:
        InputMissingError: a file is not there.
        InputError: a file is no mask, or its place is unknown.
    """
    layers, doubts = [], []
    for file in (file for location in locations for file in mask_files(location, "mask")):
        raster = opened(file, "mask")
        here = meets(raster, grid)  # else it may be one of several tiles, and is judged with the others
        rule, doubt = _rule(raster, file, reading, grid)
        if not rule.plain and reading.mask_choice is None:
            option = "mask_bits" if rule.bits else "mask_values"
            log.info("mask: %s is read as %s; `%s` chooses others", raster.path, rule.says, option)
        if doubt is not None and here:
            doubts.append(f"The mask {raster.path} {doubt}")
        elif rule.plain and here:
            _warn_of_much(raster, rule, grid)
        layers.append(MaskLayer(raster, grid, rule))
    return layers, doubts


def _rule(raster: Raster, location: Location, reading: ReadOptions, grid: MapGrid) -> tuple[MaskRule, str | None]:
    chosen = reading.mask_choice
    file = _described(raster, location, ())
    if chosen is not None:
        return _as_chosen(chosen, raster, file, grid)
    file = _described(raster, location, _values(raster, grid, band_of_interest(file)))
    found = rule_of(file)
    if found is not None:
        return found, None
    single(raster)
    return MaskRule(), doubt_of(file)


def _as_chosen(chosen: MaskChoice, raster: Raster, file: MaskFile, grid: MapGrid) -> tuple[MaskRule, str | None]:
    nodata_is_valid = raster.nodata == 0 and probability_with_nodata(file)
    scaling = AS_STORED if chosen.whole else scaling_of(single(raster))
    rule = rule_as_chosen(chosen, scaling, nodata_is_valid=nodata_is_valid)
    if chosen.whole:
        whole_numbers(raster, chosen.option, rule.bits)
    return rule, None if nodata_is_valid or is_scl(file) else _nodata_doubt(raster, grid)


def _described(raster: Raster, location: Location, values: tuple[float, ...]) -> MaskFile:
    names = raster.names[: raster.bands - raster.alpha]
    whole = bool(np.issubdtype(np.dtype(raster.dtypes[0]), np.integer))
    return MaskFile(PurePosixPath(str(location).partition("?")[0]).name, names, whole, values)


def _values(raster: Raster, grid: MapGrid, band: int) -> tuple[float, ...]:
    """Values that a sample of the mask has, ascending, without what is declared as unknown."""
    found: set[float] = set()
    for pixels in _sample(raster, grid, band):
        found.update(np.unique(pixels.known).tolist())
        if len(found) > 2 * FEW_VALUES:
            break
    return tuple(sorted(float(value) for value in found))


def _nodata_doubt(raster: Raster, grid: MapGrid) -> str | None:
    """Judge whether a value that is declared as nodata hides so much that it may mean a clear sky."""
    if raster.nodata is None or raster.masked:
        return None
    seen = stated = 0
    for _, valid in _sample(raster, grid, 1):
        seen, stated = seen + valid.size, stated + int(np.count_nonzero(valid))
    if seen == 0 or 1 - stated / seen < MUCH:
        return None
    return (
        f"declares {raster.nodata:g} as nodata, which {100 * (1 - stated / seen):.0f} % of it have where the images "
        "lie: nothing would be observed there. If that value means a clear sky: gdal_edit.py -unsetnodata FILE."
    )


def _warn_of_much(raster: Raster, rule: MaskRule, grid: MapGrid) -> None:
    """Say that a plain mask hides much: so does one that marks what is usable, and a class map without 0."""
    seen = hidden = 0
    for block in _sample(raster, grid, rule.band):
        seen += block.valid.size
        hidden += int(np.count_nonzero(~rule.valid_pixels(block, masked=raster.masked)))
    if seen and MUCH <= hidden / seen < 1:  # where all is hidden, an error says so
        log.warning(
            "mask: %s hides about %.0f %% of the map, as every value but 0 counts as not usable. If it marks what is "
            "usable, or holds classes, say which values are not: `mask_values` 0, for example.",
            raster.path, 100 * hidden / seen,
        )  # fmt: skip


def _sample(raster: Raster, grid: MapGrid, band: int) -> Iterator[Pixels]:
    """One band in windows spread over what lies in the map, or over all of it."""
    try:
        regions = windows_under(raster, grid.crs, grid.bounds) or [make_window(0, 0, raster.width, raster.height)]
    except RASTER_ERRORS:
        return
    for window in (cell for region in regions for cell in cells(region, raster.block_shape, SAMPLE)):
        try:
            found = raster.read(window, (band,))
        except InputError:
            continue  # the reader of the map comes there, and knows what to do
        yield found
