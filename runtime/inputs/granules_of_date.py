"""Granules that make up the image of one date: of one satellite, one day and one orbit, each place once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from landslip.runtime.access.location import Location
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.granules import Granule
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.untrusted.printable import printable

_ORBIT = re.compile(r"_(R\d{3})_")
_TILE = re.compile(r"(?:^|_)T?(\d\d[A-Z]{3})(?=_)")
_BASELINE = re.compile(r"_(N\d{4})_")
ONE_PASS = timedelta(hours=12)
"""Granules of one date are at most so far apart: a pass takes minutes, and may go over midnight."""
_SHOWN = 8
"""Most granules in a message."""
_NAME = 100


def granules_of_date(locations: Sequence[Location], role: str) -> tuple[Granule, ...] | None:
    """The granules of all products that are given as the image of one date.

    Single bands of one granule are put together.

    Args:
        locations: what a user gives.
        role: what it is in the scene, for messages.

    Returns:
        The granules in the order in which they are given, those of a folder by name; None where not all that is given
        is of products.

    Raises:
        InputMissingError: a product is not there.
        InputError: a product is damaged, or they are of several dates, orbits or kinds, or one place comes twice.
    """
    found: list[Granule] = []
    for location in locations:
        granules = granules_of(location, role)
        if granules is None:
            return None
        found += granules
    whole = _put_together(found)
    return checked_granules(whole, role) if whole else None


def checked_granules(granules: tuple[Granule, ...], role: str) -> tuple[Granule, ...]:
    """Granules that go together as the image of one date.

    Raises:
        InputError: they are of several dates, orbits or kinds, or one place comes twice.
    """
    _check_alike(granules, role)
    return granules


def _put_together(granules: Sequence[Granule]) -> tuple[Granule, ...]:
    """Granules with those of one name as one, where they have no band in common."""
    found: dict[str, list[Granule]] = {}
    for granule in granules:
        parts = found.setdefault(granule.name, [])
        index = next((index for index, part in enumerate(parts) if not _has_twice(part, granule)), None)
        if index is None:
            parts.append(granule)
        else:
            parts[index] = _joined(parts[index], granule)
    return tuple(part for parts in found.values() for part in parts)


def _has_twice(first: Granule, second: Granule) -> bool:
    pictures = first.true_colour is not None and second.true_colour is not None
    return pictures or bool(first.bands.keys() & second.bands.keys())


def _joined(first: Granule, second: Granule) -> Granule:
    return replace(
        first,
        bands={**first.bands, **second.bands},
        true_colour=first.true_colour or second.true_colour,
        mask=first.mask or second.mask,
        decisive=tuple(dict.fromkeys((*first.decisive, *second.decisive))),
    )


def _check_alike(granules: Sequence[Granule], role: str) -> None:
    kinds = {granule.kind for granule in granules}
    times = sorted(granule.acquired.start for granule in granules if granule.acquired is not None)
    days = {time.date() for time in times} if times and times[-1] - times[0] > ONE_PASS else set()
    orbits = {orbit[1] for granule in granules if (orbit := _ORBIT.search(granule.name))}
    for values, what, remedy in (
        (days, "dates", "one date"),
        (orbits, "orbits", "one orbit"),
        (kinds, "kinds", "one kind"),
    ):
        if len(values) > 1:
            raise InputError(
                f"{role}: products of {len(values)} {what} are given: {_listed(granules)}.", f"Give those of {remedy}."
            )
    twice = [each for each in granules if any(_same_place(each, other) for other in granules if other is not each)]
    if twice:
        raise InputError(f"{role}: one tile is given more than once: {_listed(twice)}.", "Give one of them.")


def _same_place(first: Granule, second: Granule) -> bool:
    """Tell whether two granules show the same: of one tile, unless they are its parts from two strips of data."""
    if first.name == second.name:
        return True
    tiles = [_TILE.search(granule.name) for granule in (first, second)]
    baselines = [_BASELINE.findall(granule.name) for granule in (first, second)]
    same = tiles[0] is not None and tiles[1] is not None and tiles[0][1] == tiles[1][1]
    return same and baselines[0] != baselines[1]


def _listed(granules: Sequence[Granule]) -> str:
    names = [
        f"{printable(granule.name, _NAME)} ({granule.kind}"
        + (f", {granule.acquired.start.date().isoformat()})" if granule.acquired is not None else ")")
        for granule in granules[:_SHOWN]
    ]
    rest = f" and {len(granules) - _SHOWN} more" if len(granules) > _SHOWN else ""
    return f"{', '.join(names)}{rest}"
