"""Blocks of a sheet: header, legend, scale and north, findings; each of a width, as high as its words need."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.cartography import wording
from landslip.runtime.cartography.lines import wrapped
from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.cartography.north import arrow
from landslip.runtime.cartography.paper import PAPER, Block, Box, Colour, Item, Picture, Text, Triangle
from landslip.runtime.cartography.scale_bar import scale_bar, shown_length

Pixels = NDArray[np.uint8]

TITLE, RESULT, HEADING, BODY = 7.2, 6.2, 4.0, 3.3
"""Sizes of letters, millimetres: 3.3 are nine points."""

LABELS = 23.0
"""Width of the labels of tables."""

SWATCH = 9.0, 6.0
"""Width and height of a sample in the legend."""

_LEADING = 1.3
_LABELS: Colour = (85, 85, 85)
_PALE: Colour = (170, 170, 170)
_WARNING: Colour = (255, 214, 0)
_MOST = 3
"""Lines of a text at the most."""
_COLUMNS = 2
"""Kinds of landslides beside each other in the legend."""
_BAR_HEIGHT = 2.2
_BAR_SCALE_HEIGHT = 15.0
_BAR_WITH_MIDDLE = 32.0
"""Millimetres of a bar that has room for a label in the middle."""


def lines(
    text: str, width: float, size: float, *, y: float = 0.0, x: float = 0.0, bold: bool = False, most: int = _MOST
) -> Block:
    """A text in as many lines as it takes, :data:`_MOST` unless told."""
    found = wrapped(text, width, size, most=most, bold=bold)
    items = tuple(Text(x, y + each * _LEADING * size, line, size, bold=bold) for each, line in enumerate(found))
    return Block(items, y + len(found) * _LEADING * size)


def header(facts: MapFacts, roles: tuple[str, ...], width: float) -> Block:
    """Title, where the map comes from, and the notice of its model on a band of yellow."""
    title = lines(wording.shown_title(facts.title), width, TITLE, bold=True, most=2)
    below = lines(wording.subtitle_of(facts, roles), width, HEADING, y=title.height, most=2)
    items, height = (*title.items, *below.items), below.height + 1.0
    if facts.notice:
        notice = lines(facts.notice, width - 4, HEADING, bold=True)
        items += (Box(0, height, width, notice.height + 2, _WARNING), *notice.at(2, height + 1))
        height += notice.height + 3
    return Block(items, height + 1)


def legend(facts: MapFacts, swatches: Sequence[Pixels], width: float) -> Block:
    """Samples, each with what it means.

    Args:
        facts: of the map.
        swatches: of a landslide, or of each of its kinds, and of what was not observed, of :data:`SWATCH`; none yet
            where only the height counts.
        width: millimetres.
    """
    landslide, unknown = wording.legend_texts(facts)
    first = _kinds(facts, swatches, width) if facts.kinds else _entry(landslide, swatches[:1], width)
    last = _entry(unknown, swatches[max(1, len(facts.kinds)) :], width, y=first.height)
    return Block((*first.items, *last.items), last.height)


def _kinds(facts: MapFacts, swatches: Sequence[Pixels], width: float) -> Block:
    """Kinds of landslides with their samples, some in a row."""
    above, below = wording.kinds_texts(facts)
    block, half = lines(above, width, BODY), width / _COLUMNS
    items, y = [*block.items], block.height + 1
    for first in range(0, len(facts.kinds), _COLUMNS):
        row = [
            _entry(wording.kind_text(name), swatches[first + place :], half - 2, x=place * half, y=y, most=2)
            for place, name in enumerate(facts.kinds[first : first + _COLUMNS])
        ]
        items += [item for entry in row for item in entry.items]
        y = max(entry.height for entry in row)
    if not below:
        return Block(tuple(items), y)
    note = lines(below, width, BODY, y=y)
    return Block((*items, *note.items), note.height + 2)


def _entry(
    text: str, samples: Sequence[Pixels], width: float, *, x: float = 0.0, y: float = 0.0, most: int = _MOST
) -> Block:
    """The first sample, if there is one yet, with its text beside it, and room below."""
    wide, high = SWATCH
    words = lines(text, width - wide - 3, BODY, most=most)
    row = max(high, words.height)
    pictures = [Picture(x, y + (row - high) / 2, pixels) for pixels in samples[:1]]
    return Block((*pictures, *words.at(x + wide + 3, y + (row - words.height) / 2)), y + row + 2)


def scale_and_north(metres: float, direction: float | None, width: float) -> Block:
    """Arrow to true north, and a scale bar with the scale on paper.

    Args:
        metres: true metres on the ground along a millimetre of paper.
        direction: of north, degrees clockwise from the upper edge; None where there is none.
        width: millimetres.
    """
    items: list[Item] = []
    if direction is not None:
        dark, light = arrow((5, 8.5), 10, direction)
        items += [Triangle(dark), Triangle(light, _PALE), Text(5, -1.2, "N", HEADING, bold=True, align="middle")]
    bar = scale_bar(metres, min(60.0, width - 30))
    left, top = 16.0, 5.5
    items += [Box(left - 0.2, top - 0.2, bar.pixels + 0.4, _BAR_HEIGHT + 0.4)]
    items += [Box(left + bar.pixels / 2, top, bar.pixels / 2, _BAR_HEIGHT, PAPER)]
    middle = [(bar.pixels / 2, shown_length(bar.metres / 2))] if bar.pixels >= _BAR_WITH_MIDDLE else []
    labels = [(0.0, "0"), *middle, (bar.pixels, bar.label)]
    items += [Text(left + x, top - 5, text, BODY, align="middle") for x, text in labels]
    items += [Text(left, top + _BAR_HEIGHT + 1, wording.scale_of(metres * 25.4), BODY)]
    return Block(tuple(items), _BAR_SCALE_HEIGHT)


def table(rows: wording.Rows, width: float, labels: float) -> Block:
    """Values beside their labels.

    Args:
        rows: label and value.
        width: millimetres.
        labels: width of the labels.
    """
    items: list[Item] = []
    y = 0.0
    for label, value in rows:
        words = lines(value, width - labels, BODY, y=y, x=labels)
        items += [Text(0, y, label, BODY, colour=_LABELS), *words.items]
        y = max(words.height, y + _LEADING * BODY)
    return Block(tuple(items), y)


def findings(facts: MapFacts, width: float) -> Block:
    """Count of landslides, large, and the areas."""
    result = lines(wording.result_of(facts), width, RESULT, bold=True)
    areas = table(wording.findings(facts), width, LABELS)
    caution = lines(wording.CAUTION, width, BODY, y=result.height + areas.height + 1)
    return Block((*result.items, *areas.at(0, result.height), *caution.items), caution.height)
