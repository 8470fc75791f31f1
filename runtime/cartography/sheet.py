"""Sheet of a map: header, panels, legend and facts, each in its place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.cartography import blocks, wording
from landslip.runtime.cartography.arrangement import GAP, HEADING, Arrangement, Room, arrange
from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.cartography.north import true_north
from landslip.runtime.cartography.paper import (
    HEIGHT,
    MARGIN,
    MILLIMETRES_PER_INCH,
    WIDTH,
    Block,
    Item,
    Picture,
    Sheet,
    Text,
)
from landslip.runtime.cartography.scale_bar import ground_metres
from landslip.runtime.cartography.typeset import plain, width_in_sizes

Pixels = NDArray[np.uint8]

_ACROSS = WIDTH - 2 * MARGIN
_COLUMN = 78.0
"""Width of the facts where they stand beside the panels."""
_BETWEEN = 7.0
"""Millimetres between columns, and between panels and facts."""


def arrangement_for(facts: MapFacts, roles: tuple[str, ...], shape: tuple[int, int]) -> Arrangement:
    """Arrangement of a map's panels on its sheet: one for each image, and the one with the landslides.

    Args:
        facts: of the map.
        roles: of the images.
        shape: rows and columns of each panel.
    """
    free = HEIGHT - 2 * MARGIN - blocks.header(facts, roles, _ACROSS).height
    below = free - _BETWEEN - _facts(facts, (), 1.0, beside=False).height
    aside = _ACROSS - _BETWEEN - _COLUMN
    rooms = (
        Room(_ACROSS, below, stacked=False, beside=False),
        Room(aside, free, stacked=False, beside=True),
        Room(aside, free, stacked=True, beside=True),
        Room(_ACROSS, below, stacked=True, beside=False),
    )
    return arrange(shape, len(roles) + 1, rooms)


def sheet(
    facts: MapFacts,
    roles: tuple[str, ...],
    panels: Sequence[Pixels],
    swatches: Sequence[Pixels],
    arrangement: Arrangement,
) -> Sheet:
    """The sheet of a map.

    Args:
        facts: of the map.
        roles: of the images, in the order of time.
        panels: their pictures and the one with the landslides, (height, width, 3), enlarged as arranged.
        swatches: samples of a landslide, or of each of its kinds, and of what was not observed, likewise.
        arrangement: of :func:`arrangement_for`.
    """
    header = blocks.header(facts, roles, _ACROSS)
    top, metres = MARGIN + header.height, ground_metres(facts.grid) * facts.map_pixels / arrangement.pixel
    panels_block = _panels(facts, roles, panels, arrangement)
    told = _facts(facts, swatches, metres, beside=arrangement.room.beside)
    if arrangement.room.beside:
        x, y = MARGIN + panels_block.width + _BETWEEN, top
    else:
        x, y = MARGIN, top + panels_block.height + _BETWEEN
    items = (*header.at(MARGIN, MARGIN), *panels_block.at(MARGIN, top), *told.at(x, y))
    return Sheet(items, max(top + panels_block.height, y + told.height) + MARGIN, arrangement.dots_per_inch)


def _panels(facts: MapFacts, roles: tuple[str, ...], panels: Sequence[Pixels], arrangement: Arrangement) -> Block:
    """Panels under their headings, beside or below each other."""
    scale = arrangement.dots_per_inch / MILLIMETRES_PER_INCH
    high, wide = (length / scale for length in panels[0].shape[:2])
    room, headings = arrangement.room.panel(len(panels))[0], wording.headings(facts, roles)
    size = min(blocks.HEADING, room / max(width_in_sizes(plain(each), bold=True) for each in headings))
    cell = max(wide, size * max(width_in_sizes(plain(each), bold=True) for each in headings))
    step = (0.0, high + HEADING + GAP) if arrangement.room.stacked else (cell + GAP, 0.0)
    items: list[Item] = []
    for number, (heading, panel) in enumerate(zip(headings, panels, strict=True)):
        x, y = number * step[0], number * step[1]
        items += [Text(x, y + 0.6, heading, size, bold=True), Picture(x, y + HEADING, panel)]
    last = len(panels) - 1
    return Block(tuple(items), last * step[1] + HEADING + high, last * step[0] + cell)


def _facts(facts: MapFacts, swatches: Sequence[Pixels], metres: float, *, beside: bool) -> Block:
    """Legend, findings and the rest: below each other where they stand beside the panels, else in columns."""
    width = _COLUMN if beside else (_ACROSS - 2 * _BETWEEN) / 3
    legend = blocks.legend(facts, swatches, width)
    scale = blocks.scale_and_north(metres, true_north(facts.grid), width)
    found, about = blocks.findings(facts, width), blocks.table(wording.about(facts), width, blocks.LABELS)
    key = Block((*legend.items, *scale.at(0, legend.height + 2)), legend.height + 2 + scale.height)
    if not beside:
        columns = (key, found, about)
        items = [item for each, block in enumerate(columns) for item in block.at(each * (width + _BETWEEN), 0)]
        return Block(tuple(items), max(block.height for block in columns), _ACROSS)
    column: list[Item] = []
    y = 0.0
    for block in (found, key, about):
        column += block.at(0, y)
        y += block.height + 4
    return Block(tuple(column), y - 4, width)
