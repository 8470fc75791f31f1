"""Choice of the tiles that a report holds within its budget of bytes: pure arithmetic.

Coarse levels come whole while they are cheap, then what shows landslides, sharper and sharper, the weightiest first,
then the rest. So what is dropped first is the finest level where there is no landslide.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from landslip.runtime.report.tile_places import Pyramid, TilePlace

_WHOLE_FIRST = 0.3
"""Share of the budget within which coarse levels are whole before landslides are shown sharper."""

_DOUBT = 1.5
"""Factor by which tiles may turn out smaller than those that were tried."""


@dataclass(frozen=True)
class Detail:
    """Sharpness of the pictures of a report."""

    whole: int
    """Finest level that covers all of the map; the top of the pyramid where none of tiles does."""
    landslides: int
    """Finest level that shows every landslide."""
    finest: int
    """Finest level of which there is a tile."""


def candidates(pyramid: Pyramid, weights: Mapping[TilePlace, float], cost: float, budget: float) -> set[TilePlace]:
    """Tiles that are worth encoding: more than the budget has room for, and not many more.

    Args:
        pyramid: the map's levels.
        weights: of the tiles that show landslides.
        cost: bytes that a tile takes in the page, as tried on some.
        budget: bytes for all tiles.
    """
    room = _DOUBT * budget
    found: set[TilePlace] = set()
    for place in _by_use(pyramid, weights, {}, cost, budget):
        if cost * len(found) > room:
            break
        found.add(place)
    return found


def chosen(
    pyramid: Pyramid, weights: Mapping[TilePlace, float], costs: Mapping[TilePlace, int], budget: int
) -> list[TilePlace]:
    """Tiles that fit into the budget, in the order of level, row and column.

    Args:
        pyramid: the map's levels.
        weights: of the tiles that show landslides.
        costs: bytes of each tile that was encoded.
        budget: bytes for all tiles.
    """
    found, left = [], budget
    for place in _by_use(pyramid, weights, costs, 0.0, budget):
        cost = costs.get(place)
        if cost is not None and cost <= left:
            found.append(place)
            left -= cost
    return sorted(found)


def detail_of(pyramid: Pyramid, weights: Mapping[TilePlace, float], tiles: Iterable[TilePlace]) -> Detail:
    """Tell how sharp the pictures are."""
    held = set(tiles)
    whole = landslides = pyramid.top
    for level in range(pyramid.top - 1, -1, -1):
        if whole == level + 1 and held.issuperset(pyramid.places(level)):
            whole = level
    for level in range(pyramid.top - 1, -1, -1):
        wanted = [place for place in weights if place.level == level]
        if landslides == level + 1 and held.issuperset(wanted) and wanted:
            landslides = level
    landslides = min(landslides, whole)
    return Detail(whole, landslides, min((place.level for place in held), default=pyramid.top))


def _by_use(
    pyramid: Pyramid,
    weights: Mapping[TilePlace, float],
    costs: Mapping[TilePlace, int],
    cost: float,
    budget: float,
) -> Iterator[TilePlace]:
    """Every tile, the most useful first."""
    levels = range(pyramid.top - 1, -1, -1)
    first, spent = pyramid.top, 0.0
    for level in levels:
        spent += sum(costs.get(place, cost) for place in pyramid.places(level))
        if spent > _WHOLE_FIRST * budget:
            break
        first = level
        yield from pyramid.places(level)
    for level in range(first - 1, -1, -1):
        with_landslides = [place for place in weights if place.level == level]
        yield from sorted(with_landslides, key=lambda place: (-weights[place], place))
    for level in range(first - 1, -1, -1):
        yield from (place for place in pyramid.places(level) if place not in weights)
