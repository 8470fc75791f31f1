"""Fill of images that no nodata value declares: looked for before the first tile, once for each file.

What is found is a number and holds for the whole file, so that neither windows nor threads nor a later start can change
what is known. :mod:`landslip.runtime.declared.fill` judges what :mod:`landslip.runtime.declared.fill_evidence` sees.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from rasterio.windows import Window

from landslip.runtime.access.gdal import block_cache
from landslip.runtime.declared.fill import NEVER_MEASURED, Evidence, Fill, FillVerdict, candidates, judged
from landslip.runtime.declared.fill_evidence import Sides, look
from landslip.runtime.declared.image_collar import Collar, Colour
from landslip.runtime.errors import InputError
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.geo.windows import make_window
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.image import Image
from landslip.runtime.imagery.stretch_limits import Ground, cells, regions_of
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.system.figures import figure, file_name

log = logging.getLogger(__name__)

_CACHE = 8 << 20
"""Bytes GDAL may keep beside a row of blocks: each is read once."""
SAMPLE = 1 << 24
"""Pixels of a file that are looked at."""
DEPTH = 64
"""Pixels of the edges of a large file that are looked at besides the sample."""
BLOCK_PIXELS = 1 << 20
"""Pixels that are looked at together."""


def without_fill(image: Image, ground: Ground, reading: ReadOptions) -> Image:
    """The image with what is fill in it, as the user, a catalogue or its pixels say.

    Returns:
        the image, whose facts tell what is taken as fill, and whose doubts what looks like it and may be ground.
    """
    for group in _groups(image):
        wanted = reading.nodata_of(image.role)
        asked = image.role, [[file_name(part.raster.path), list(part.numbers)] for part in group], wanted
        seen, edge = figure(partial(_seen, group, ground, () if wanted is None else (wanted,)), "fill", *asked)
        for found in seen:
            image = _taken(image, group, _Suspect(*found), stated=wanted is not None)
        if wanted is None and edge is not None:
            _warn_of(edge, group)
    return image


class _Suspect(NamedTuple):
    """A number that may be fill, and what speaks for it."""

    value: float
    """The number in all bands."""
    bright: bool
    """True for the largest number that there is."""
    tolerance: float
    """Distance that spoiled fill may have."""
    share: float
    """Share of the valid pixels that have it."""
    verdict: FillVerdict
    """Judgement by what is seen alone."""


def _groups(image: Image) -> list[tuple[Bands, ...]]:
    """Parts that are one picture: of three files on one grid, all bands have to be fill."""
    parts = image.parts
    if image.tiled is not None or image.apart:
        return [(part,) for part in parts]
    grids = {(part.raster.crs.to_wkt(), part.raster.transform, part.raster.height, part.raster.width) for part in parts}
    return [tuple(parts)] if len(grids) == 1 else [(part,) for part in parts]


def _seen(group: Sequence[Bands], ground: Ground, wanted: Sequence[float | str]) -> tuple[list[list[Any]], Any]:
    """Fields of :class:`_Suspect` of each number that may be fill, or that is said to be; and another colour."""
    first = group[0].raster
    dtype = np.dtype(group[0].type)
    declared = sorted(_declared(group[0])) if dtype == np.uint8 else []
    found = [*(Evidence(float(value)) for value in (wanted or declared) if value != "none")]
    if not wanted:
        found += [each for each in candidates(dtype) if each.value not in declared]
    collar = Collar([each.value for each in found])
    with block_cache(max(_CACHE, sum(part.raster.block_bytes(make_window(0, 0, first.width, 1)) for part in group))):
        for window in _windows(first, ground) if found else ():
            try:
                parts = [part.stored(window) for part in group]
            except InputError:
                continue  # the reader of the map comes there, and knows what to do
            values = np.concatenate([part.values for part in parts])
            stored = Pixels(values, np.logical_and.reduce([part.valid for part in parts]))
            sides = _sides(first, window)
            for evidence in found:
                look(evidence, stored, sides)
            collar.look(stored, sides)
    edge = None if wanted else collar.found()
    return [
        [each.value, each.bright, each.tolerance, each.share, "fill" if wanted else judged(each)] for each in found
    ], edge


def _warn_of(edge: tuple[Colour, float], group: Sequence[Bands]) -> None:
    """Say that an image has an edge of one colour that is none of the usual ones."""
    colour, share = edge
    numbers = " ".join(f"{value:g}" for value in colour)
    remedy = (
        f"`nodata` {colour[0]:g}" if len(set(colour)) == 1 else f'gdalwarp -srcnodata "{numbers}" -dstalpha FILE NEW'
    )
    log.warning(
        "%s has the colour %s in %s of its pixels and more, in pieces and along half of an edge, and declares no such "
        "nodata value: it counts as ground. If nothing was seen there: %s. If it is ground, `nodata` none says so.",
        _named(group), numbers, _percent(share), remedy,
    )  # fmt: skip


def _declared(part: Bands) -> set[float]:
    """The number that is unknown by what a file declares, or by its name."""
    zero = {0.0} if part.zero_is_nodata else set()
    return zero if part.raster.nodata is None else zero | {part.raster.nodata}


def _windows(raster: Raster, ground: Ground) -> Iterator[Window]:
    """A file, or its edges and blocks spread evenly over the ground where it is large."""
    wide, high = raster.width, raster.height
    whole = make_window(0, 0, wide, high)
    if wide * high <= SAMPLE:
        chosen = cells(whole, raster.block_shape, SAMPLE)
    else:
        regions = regions_of(raster, ground)
        share = SAMPLE // 2 // len(regions)
        chosen = [cell for region in regions for cell in cells(region, raster.block_shape, share)]
        strips = [make_window(0, top, wide, DEPTH) for top in (0, high - DEPTH) if high > DEPTH]
        if raster.block_shape[1] < wide:
            strips += [make_window(left, 0, DEPTH, high) for left in (0, wide - DEPTH) if wide > DEPTH]
        chosen += [cell for strip in strips for cell in cells(strip, raster.block_shape, SAMPLE // 8)]
    for cell in chosen:
        step = max(1, BLOCK_PIXELS // int(cell.height))
        for left in range(0, int(cell.width), step):
            width = min(step, int(cell.width) - left)
            yield make_window(int(cell.col_off) + left, int(cell.row_off), width, int(cell.height))


def _sides(raster: Raster, window: Window) -> Sides:
    return Sides(
        top=window.row_off == 0,
        left=window.col_off == 0,
        bottom=window.row_off + window.height == raster.height,
        right=window.col_off + window.width == raster.width,
    )


def _taken(image: Image, group: Sequence[Bands], evidence: _Suspect, *, stated: bool) -> Image:
    """The image with the fill that the evidence speaks for."""
    declared = evidence.value in _declared(group[0])
    verdict = "fill" if stated or (declared and evidence.tolerance) else evidence.verdict
    if verdict == "ground":
        return image
    name, colour = _named(group), f"{evidence.value:g}"
    spread = f"{name} has {colour} in all bands in about {_percent(evidence.share)} of its pixels"
    if verdict == "fill":
        if not stated and not declared:
            log.warning(
                "%s, in pieces with sharp borders and at an edge, and declares no nodata value: it is unknown. "
                "If it is ground, give `nodata` none.", spread,
            )  # fmt: skip
        return _filled(image, group, evidence, "stated" if stated else "declared" if declared else "found")
    if verdict == "remarkable":
        log.warning(
            "%s, in pieces with sharp borders, and declares no nodata value: it counts as ground. If it means nodata, "
            "give `nodata` %s.", spread, colour,
        )  # fmt: skip
        return image
    if evidence.bright:
        looks, remedy = (
            "A white edge around it looks like that, and so do clouds, snow and bare ground within it",
            (" Or set the edge apart from them: nearblack -white -setmask -o NEW FILE."),
        )
    else:
        looks, remedy = "Masked clouds look like that, and so do lakes in a picture of strong contrast", ""
    doubt = (
        f"{spread}, in pieces with sharp borders, and declares no nodata value. {looks}. Say what it is: `nodata` "
        f"{colour} where nothing was seen, `nodata` none where it is ground.{remedy}"
    )
    return replace(image, doubts=(*image.doubts, doubt))


def _filled(image: Image, group: Sequence[Bands], evidence: _Suspect, said: str) -> Image:
    """The image with a number that is unknown; recorded."""
    any_band = evidence.value in NEVER_MEASURED
    fill = Fill(evidence.value, 0.0 if any_band else evidence.tolerance, any_band)
    if fill.tolerance:
        log.info("%s: fill of %g is spoiled beside its edges by up to %g", _named(group), fill.value, fill.tolerance)
    rasters = {id(part.raster) for part in group}
    parts = tuple(
        replace(
            part,
            fills=(*part.fills, fill),
            siblings=tuple(other.raster for other in group if other.raster is not part.raster),
        )
        if id(part.raster) in rasters
        else part
        for part in image.parts
    )
    fact = {
        "file": ", ".join(part.raster.path for part in group),
        "value": fill.value,
        "tolerance": fill.tolerance,
        "share": round(evidence.share, 4),
        "said": said,
    }
    return replace(image, parts=parts, facts={**image.facts, "fill": [*image.facts.get("fill", ()), fact]})


def _named(group: Sequence[Bands]) -> str:
    role = group[0].raster.role
    return f"{role.partition(' (')[0] if len(group) > 1 else role}: {', '.join(part.raster.path for part in group)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
