"""Choice of a date: of the products that show an area those of one day and orbit with the fewest clouds."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from landslip.models.fetching.stac_search import FoundItem
from landslip.runtime.artifacts.channels import Date
from landslip.runtime.errors import InputError

log = logging.getLogger(__name__)

_ORBIT = re.compile(r"_R(\d{3})_")
_AS_GOOD = 0.01
"""Share of the area by which a date may cover less than the best one, and count as covering as much."""
_ADDS = 1e-3
"""Share of the area that a product has to add to be of use."""
_CLOUDY = 40.0
_UNKNOWN = 100.0
"""Per cent of clouds that are taken where an Item does not say."""


@dataclass(frozen=True)
class Acquisition:
    """The products of one day and orbit that show an area."""

    items: tuple[FoundItem, ...]
    """Products, those that show most of the area first."""
    covered: float
    """Share of the area that they show."""
    clouds: float
    """Per cent of clouds by their own account, weighted by what they show of the area."""


def chosen(items: Sequence[FoundItem], area: Any, date: Date, where: str) -> Acquisition:
    """The best date.

    Args:
        items: what a search found.
        area: polygon in degrees.
        date: for messages; of two dates that are as good the one next to the event is taken.
        where: the catalogue and collection, for messages.

    Raises:
        InputError: none shows the area.
    """
    groups: dict[tuple[str, str], list[FoundItem]] = {}
    for item in items:
        if item.time is not None:
            groups.setdefault((item.time.date().isoformat(), _orbit(item)), []).append(item)
    found = {key: _acquisition(group, area) for key, group in sorted(groups.items(), reverse=date == "pre")}
    best = max((each.covered for each in found.values()), default=0.0)
    if best <= 0:
        raise InputError(
            f"{where} has no product of the time of `{date}_date` that shows the area.",
            "Give a longer time, another area, or another catalogue.",
            option=f"{date}_date",
        )
    covering = {key: each for key, each in found.items() if each.covered >= best - _AS_GOOD}
    (day, _), least = min(covering.items(), key=lambda each: each[1].clouds)
    log.info(
        "%s: %s, %.0f %% clouds, of %d dates; it shows %.0f %% of the area", date, day, least.clouds, len(found),
        100 * least.covered,
    )  # fmt: skip
    if least.clouds > _CLOUDY:
        log.warning("%s: the clearest date has %.0f %% clouds. A longer time may show more.", date, least.clouds)
    if least.covered < 1 - _AS_GOOD:
        log.warning("%s: no date shows more than %.0f %% of the area.", date, 100 * best)
    return least


def _orbit(item: FoundItem) -> str:
    number = item.number("sat:relative_orbit")
    named = _ORBIT.search(item.text("s2:product_uri") or item.id)
    return f"{number:.0f}" if number is not None else named[1] if named else ""


def _acquisition(items: Sequence[FoundItem], area: Any) -> Acquisition:
    """The products of one day that add something, the latest of each place."""
    shares = {id(item): item.footprint.intersection(area).area for item in items}
    latest = sorted(items, key=lambda item: (item.text("created") or item.text("updated"), item.id), reverse=True)
    kept: list[FoundItem] = []
    left = area
    for item in sorted(latest, key=lambda each: -shares[id(each)]):
        rest = left.difference(item.footprint)
        if left.area - rest.area > _ADDS * area.area:
            kept.append(item)
            left = rest
    weights = [shares[id(item)] for item in kept]
    clouds = [_UNKNOWN if (found := item.number("eo:cloud_cover")) is None else found for item in kept]
    mean = sum(share * cloud for share, cloud in zip(weights, clouds, strict=True)) / sum(weights) if weights else 100.0
    return Acquisition(tuple(kept), 1 - left.area / area.area, mean)
