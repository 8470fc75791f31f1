"""Values of an image, measured on its files before the first tile, and what that says about its stretch.

Percentiles are those of the ground that all images show, whatever the area of interest: maps of two parts of a scene
fit together, and both dates are stretched by what they show of the same place. Each image and band has its own limits,
since light, haze and the units of products differ between dates, and stretching each on its own takes much of that out.
Clouds count; where they cover much, ``--rgb-range`` is the way.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.windows import Window

from landslip.runtime.access.gdal import RASTER_ERRORS, block_cache
from landslip.runtime.errors import InputError
from landslip.runtime.geo.gridded import Gridded
from landslip.runtime.geo.map_grid import Bounds
from landslip.runtime.geo.overlap import windows_under
from landslip.runtime.geo.windows import make_window
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.image import Image, ImageInput
from landslip.runtime.imagery.stretch import PERCENTS, Stretch, percentiles
from landslip.runtime.system.figures import figure, file_name

log = logging.getLogger(__name__)

SAMPLE = 1 << 25
"""Pixels from which percentiles are measured; of larger images blocks spread evenly over them are read."""
GLANCE = 1 << 22
"""Pixels that tell whether a picture is dark."""
CELL = 512
"""Rows and columns of what is read at once, at least one block of the file."""
MOST_CELLS = 1 << 20
"""Windows among which is chosen; only files of absurd size have more."""
LARGEST_CELL = 1 << 22
"""Pixels that are read at once at most."""
CACHE = 64 << 20
"""Bytes GDAL may keep meanwhile."""
DARK = 40
"""A picture in which 98 of 100 pixels stay below this, of 255, is not stretched."""
BRIGHT = 215
"""A picture in which 98 of 100 pixels lie above this is stretched wrongly."""


@dataclass(frozen=True)
class Ground:
    """Ground that all images of a scene show."""

    crs: CRS
    """Any CRS."""
    bounds: Bounds
    """Left, bottom, right, top in it."""


def prepared(image: Image, ground: Ground, rgb_range: tuple[float, float] | None) -> Image:
    """The image with what brings it to 8 bits; says so where the outcome is no picture.

    Values in 8 bits stay as they are. Others are stretched from their 2nd to their 98th percentile. A range that is
    given holds for every image and type. It is in the values the file stands for, after its scale and offset, so that
    one range fits dates that are stored in different ways. Percentiles do not depend on scale and offset.

    Raises:
        InputError: a band has no two values to stretch between, or cannot be read anywhere.
    """
    if rgb_range is not None:
        rule = "range"
        stretches = [_between(bands, *rgb_range) for bands in image.inputs]
    elif image.parts[0].type == "uint8":
        rule, stretches = "unchanged", []
    else:
        rule = f"percentiles {PERCENTS[0]} to {PERCENTS[1]}"
        stretches = [_measured(bands, ground, rule) for bands in image.inputs]
    ready = image.stretched(stretches)
    for part in ready.parts:
        _check_alpha(part, ground)
    count = ready.inputs[0].count if image.apart else sum(bands.count for bands in ready.inputs)
    levels = _look(ready, ground) if rule in {"range", "unchanged"} else ((0.0, 255.0),) * count
    limits = {
        "low": [low for stretch in stretches for low in stretch.low],
        "high": [high for stretch in stretches for high in stretch.high],
    }
    return replace(
        ready, levels=levels, facts={**image.facts, "stretch": {"rule": rule, **(limits if stretches else {})}}
    )


def cells(region: Window, block: tuple[int, int], most: int) -> list[Window]:
    """Windows that cover a region, or blocks spread evenly over it where it has more pixels than ``most``.

    Args:
        region: pixels of a file.
        block: rows and columns of the file's blocks, along which is cut.
        most: pixels to read, about.

    Returns:
        windows inside the region, none over another, in the order of rows.
    """
    high, wide = (edge * max(1, CELL // edge) for edge in block)
    wide = min(wide, LARGEST_CELL)
    if high * wide > LARGEST_CELL:
        fitting = LARGEST_CELL // wide
        high = max(1, fitting - fitting % min(block[0], fitting))
    first_row, first_col = int(region.row_off) // high, int(region.col_off) // wide
    rows = -(-int(region.row_off + region.height) // high) - first_row
    cols = -(-int(region.col_off + region.width) // wide) - first_col
    chosen = np.unique(np.linspace(0, rows * cols - 1, min(rows * cols, MOST_CELLS)).astype(np.int64))
    if region.width * region.height > most:
        # Roberts' R2 sequence: neighbours differ, and any share of the numbers is spread evenly over rows and columns.
        row, col = np.divmod(chosen, cols)
        order = (row * 0.7548776662466927 + col * 0.5698402909980532) % 1.0
        chosen = np.sort(np.argsort(order, kind="stable")[: max(1, most // (high * wide))])
    places = [(first_row + int(index) // cols, first_col + int(index) % cols) for index in chosen]
    return [_cut(region, row * high, col * wide, high, wide) for row, col in places]


def _cut(region: Window, row: int, col: int, high: int, wide: int) -> Window:
    top, left = max(row, int(region.row_off)), max(col, int(region.col_off))
    bottom = min(row + high, int(region.row_off + region.height))
    right = min(col + wide, int(region.col_off + region.width))
    return make_window(left, top, right - left, bottom - top)


def regions_of(raster: Gridded, ground: Ground) -> list[Window]:
    """The pixels of a file in the box around the ground, the whole file where that cannot be told."""
    try:
        found = windows_under(raster, ground.crs, ground.bounds)
    except RASTER_ERRORS:
        found = []
    return found or [make_window(0, 0, raster.width, raster.height)]


class _Sample:
    """Valid values of some windows, as often as they are asked for.

    Windows that cannot be read are left out, and an error only where that is all of them: when the map comes there the
    reader says so, or leaves them out, as the user wants it.
    """

    def __init__(self, part: ImageInput, windows: Sequence[Window]) -> None:
        self._part = part
        self._windows = windows

    def __call__(self) -> Iterator[NDArray[Any]]:
        damage, readable = None, False
        for window in self._windows:
            try:
                stored = self._part.stored(window)
            except InputError as error:
                damage = error
                continue
            readable = True
            if stored.valid.any():
                yield stored.known
        if damage is not None and not readable:
            raise damage


def _percentiles(part: ImageInput, ground: Ground, percents: Sequence[int], most: int) -> NDArray[np.float64] | None:
    """Percentiles (bands, n) of the values a file stands for, ascending; None where none is valid."""
    raster, numbers = part.raster, list(part.numbers)
    asked = raster.role, file_name(raster.path), numbers, list(percents), most
    found = figure(lambda: _listed(_looked_for(part, ground, percents, most)), "percentiles", *asked)
    return None if found is None else np.array(found, dtype=np.float64)


def _listed(found: NDArray[np.float64] | None) -> list[list[float]] | None:
    return None if found is None else found.tolist()


def _looked_for(part: ImageInput, ground: Ground, percents: Sequence[int], most: int) -> NDArray[np.float64] | None:
    raster = part.raster
    regions = regions_of(raster, ground)
    pixels = sum(region.width * region.height for region in regions)
    with block_cache(max(CACHE, raster.block_bytes(make_window(0, 0, raster.width, 1)))):
        windows = [cell for region in regions for cell in cells(region, raster.block_shape, most // len(regions))]
        found = percentiles(_Sample(part, windows), percents)
        if found is None and pixels > most:
            # The sample may have missed the few pixels that are valid.
            windows = [cell for region in regions for cell in cells(region, raster.block_shape, pixels)]
            found = percentiles(_Sample(part, windows), percents)
    if found is None:
        return None
    scales, offsets = part.units
    return np.sort(found * np.array(scales)[:, None] + np.array(offsets)[:, None], axis=1)


def _between(part: ImageInput, low: float, high: float) -> Stretch:
    return Stretch((low,) * part.count, (high,) * part.count, *part.units)


def _measured(part: ImageInput, ground: Ground, rule: str) -> Stretch:
    raster = part.raster
    found = _percentiles(part, ground, (0, *PERCENTS), SAMPLE)
    if found is None:
        log.warning(
            "%s: %s holds no known pixel where the images lie. Nothing will be observed.", raster.role, raster.path
        )
        return _between(part, 0.0, 1.0)
    for number, (_, low, high) in zip(part.numbers, found, strict=True):
        if not low < high:
            raise InputError(
                f"{raster.role}: {raster.path} has the value {low:g} in almost all of band {number}, so it cannot be "
                "stretched to 8 bits. If that value means nodata, declare it: gdal_edit.py -a_nodata VALUE FILE. "
                "Else give the limits: `rgb_range` LO HI.",
                where=raster.path,
            )
    if (found[:, 0] == found[:, 1]).all():
        log.warning(
            "%s: %s has its smallest value (%s) in 2 of 100 pixels and more, as nodata has that is not declared. It "
            "counts as dark ground. If it means nodata, declare it: gdal_edit.py -a_nodata VALUE FILE.",
            raster.role, raster.path, ", ".join(f"{value:g}" for value in found[:, 0]),
        )  # fmt: skip
    low, high = (tuple(map(float, limits)) for limits in found[:, 1:].T)
    limits = ", ".join(f"{least:g} to {most:g}" for least, most in zip(low, high, strict=True))
    log.info("%s: %s is stretched by its %s: %s", raster.role, raster.path, rule, limits)
    return Stretch(low, high, *part.units)


def _check_alpha(part: Bands, ground: Ground) -> None:
    """Warn of a transparency that is none: tools call the fourth band of 8 bits so, whatever it holds."""
    raster = part.raster
    if "alpha" not in raster.colours:
        return
    number = raster.colours.index("alpha") + 1
    try:
        found = _percentiles(replace(part, numbers=(number,), stretch=None), ground, (25, 50, 75), GLANCE)
    except InputError:
        return  # the reader of the map comes there, and knows what to do
    if found is not None and found[0, 0] < found[0, 2]:
        log.warning(
            "%s: %s calls its band %d transparency, but it varies like a picture (half of it lies between %g and %g). "
            "Where it is 0 nothing is observed. If it is infrared: gdal_edit.py -colorinterp_%d undefined FILE.",
            raster.role, raster.path, number, found[0, 0], found[0, 2], number,
        )  # fmt: skip


def _look(image: Image, ground: Ground) -> tuple[tuple[float, float], ...] | None:
    """Warn of 8 bits that are no picture; what the network sees of its percentiles, None where that is not known."""
    seen: list[NDArray[np.uint8]] = []
    measured: list[NDArray[np.float64]] = []
    for part in image.inputs:
        try:
            found = _percentiles(part, ground, (0, *PERCENTS, 100), GLANCE)
        except InputError:
            return None  # the reader of the map comes there, and knows what to do
        if found is None and image.apart:
            continue  # of several granules one may show nothing of the ground
        if found is None:
            return None
        measured.append(found)
        seen.append(_levels(part, found))
    if not seen:
        return None
    name = f"{image.inputs[0].raster.role}: {image.inputs[0].raster.path}"
    levels = np.concatenate(seen)
    complaint = _complaint(levels, np.concatenate(measured), stretched=image.inputs[0].stretch is not None)
    if complaint:
        log.warning("%s %s", name, complaint)
    spans = [(float(low), float(high)) for _, low, high, _ in levels]
    return tuple(_together(spans, image.inputs[0].count) if image.apart else spans)


def _together(spans: Sequence[tuple[float, float]], count: int) -> list[tuple[float, float]]:
    """Spans of the bands of granules, each for all of them."""
    bands = [spans[band::count] for band in range(count)]
    return [(min(low for low, _ in each), max(high for _, high in each)) for each in bands]


def _levels(part: ImageInput, values: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Levels at which the network sees values in the units of the file."""
    if part.stretch is None:
        scales, offsets = part.units
        stored: NDArray[np.float64] = (values - np.array(offsets)[:, None]) / np.array(scales)[:, None]
        return np.rint(stored).astype(np.uint8)
    plain = replace(part.stretch, scales=(1.0,) * part.count, offsets=(0.0,) * part.count)
    return plain.apply(values[:, :, None]).reshape(values.shape)


def _complaint(levels: NDArray[np.uint8], values: NDArray[np.float64], *, stretched: bool) -> str:
    """Complaint about a picture, from its smallest level, 2nd and 98th percentile and largest: (bands, 4)."""
    usual = f"Most of its values lie between {values[:, 1].min():g} and {values[:, 2].max():g}."
    how = "with this `rgb_range`" if stretched else "in 8 bits"
    if (levels[:, 0] == levels[:, 3]).all():
        there = ", ".join(map(str, levels[:, 0]))
        return f"holds one colour throughout ({there}) {how}: nothing can be told from it. {usual} Check the file."
    if levels[:, 2].max() < DARK:
        return (
            f"is nearly black {how}: 98 of 100 pixels stay below {DARK} of 255, and the network knows pictures that "
            f"are stretched. {usual} Give limits that fit both images: `rgb_range` LO HI."
        )
    if levels[:, 1].min() > BRIGHT:
        return (
            f"is nearly white {how}: 98 of 100 pixels lie above {BRIGHT} of 255, and the network knows pictures that "
            f"are stretched. {usual} Give limits that fit both images: `rgb_range` LO HI."
        )
    return ""


def limits_of(part: Bands, ground: Ground, percents: Sequence[int], most: int) -> NDArray[np.float64] | None:
    """Percentiles (bands, n) of what a file shows of the ground, in the values it stands for; None where none is known.

    Args:
        part: bands of the file.
        ground: what all images show.
        percents: whole numbers, 0 to 100.
        most: pixels that are looked at, about.

    Raises:
        InputError: it cannot be read anywhere.
    """
    return _percentiles(part, ground, percents, most)
