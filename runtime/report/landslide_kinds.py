"""Kinds of landslides on a page of a map of several classes: which occur, and in which colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from landslip.runtime.report.html_parts import told
from landslip.runtime.report.landslide_data import KIND, LandslideData
from landslip.runtime.run.record_types import ClassMapped
from landslip.runtime.styles.palette import NO_KIND, class_colours, hexadecimal

MOST_IN_LEGEND = 12
"""Kinds that the legend names; those of most landslides."""


@dataclass(frozen=True)
class PageKind:
    """A kind of landslides on a page."""

    key: str
    """Name of it among colours and texts."""
    name: str | None
    """Name of the class; None for landslides of no kind."""
    colour: str
    """Colour as ``#rrggbb``."""
    places: tuple[int, ...]
    """Places of its landslides in the lists."""


def page_kinds(landslides: LandslideData, classes: Sequence[ClassMapped]) -> tuple[PageKind, ...]:
    """Kinds that occur, in the order of their numbers, those of no kind last; empty where there are not several."""
    if sum(each.landslide for each in classes) < 2 or KIND not in landslides.fields:
        return ()
    colours = zip(classes, class_colours([each.landslide for each in classes]), strict=True)
    known = {told(each.name): hexadecimal(colour) for each, colour in colours if each.landslide}
    places: dict[str | None, list[int]] = {name: [] for name in (*known, None)}
    for index, name in enumerate(landslides.fields[KIND]):
        places[name if name in known else None].append(index)
    return tuple(
        PageKind(f"kind_{number}", name, known.get(name or "", hexadecimal(NO_KIND)), tuple(found))
        for number, (name, found) in enumerate(places.items())
        if found
    )


def in_legend(kinds: Sequence[PageKind]) -> list[PageKind]:
    """Kinds that the legend names, in their order."""
    counts = Counter({each.key: len(each.places) for each in kinds})
    named = {key for key, _ in counts.most_common(MOST_IN_LEGEND)}
    return [each for each in kinds if each.key in named]
