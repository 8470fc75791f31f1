"""Bands and classes of a model as its STAC item tells them: named by what they show, each with its unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from landslip.runtime.artifacts.channel_units import TERRAIN_UNITS
from landslip.runtime.artifacts.channels import Channel, ImageBand, Relief
from landslip.runtime.artifacts.spec import ClassSpec, InputSpec

Json = dict[str, Any]

_UNITS = {"reflectance": "1", "degree": "degree", "metre": "metre"}
"""Units as STAC takes them; 8-bit values and the numbers of files have none."""


def band_names(inputs: Sequence[InputSpec]) -> dict[str, list[str]]:
    """Names of the bands of each input, by its name: ``pre-red``, ``post-4``, ``slope``; no two are the same."""
    taken: set[str] = set()
    names: dict[str, list[str]] = {}
    for entry in inputs:
        names[entry.name] = [
            _unique(_named(channel), f"{entry.name}-{number}", taken) for number, channel in enumerate(entry.shows, 1)
        ]
    return names


def item_bands(inputs: Sequence[InputSpec]) -> list[Json]:
    """Bands of all inputs: name, what it is, type and unit."""
    names = band_names(inputs)
    return [
        {
            "name": name,
            "description": f"{entry.name}, band {number}: {_described(channel, entry.unit)}",
            "data_type": entry.dtype,
            **({"unit": unit} if (unit := _UNITS.get(_unit(channel, entry.unit))) else {}),
        }
        for entry in inputs
        for number, (name, channel) in enumerate(zip(names[entry.name], entry.shows, strict=True), 1)
    ]


def item_classes(classes: Sequence[ClassSpec]) -> list[Json]:
    """Classes as the extension ``classification`` has them; the value of a class is the number of its band, from 0."""
    taken: set[str] = set()
    return [
        {
            "value": number,
            "name": _unique(re.sub(r"[^0-9A-Za-z_-]+", "-", each.name).strip("-") or "class", f"class-{number}", taken),
            "description": f"{each.name}: {'landslide' if each.landslide else 'no landslide'}",
        }
        for number, each in enumerate(classes)
    ]


def _unique(name: str, otherwise: str, taken: set[str]) -> str:
    """The name, or another one where it is taken; it is taken then."""
    found, suffix = name if name not in taken else otherwise, 2
    while found in taken:
        found, suffix = f"{otherwise}-{suffix}", suffix + 1
    taken.add(found)
    return found


def _named(channel: Channel) -> str:
    return f"{channel.date}-{channel.band}" if isinstance(channel, ImageBand) else str(channel)


def _unit(channel: Channel, unit: str) -> str:
    """Unit of a channel; empty for formulas."""
    if isinstance(channel, Relief):
        return TERRAIN_UNITS[channel.kind]
    return unit if isinstance(channel, ImageBand) else ""


def _described(channel: Channel, unit: str) -> str:
    if isinstance(channel, Relief):
        return channel.kind
    of = {"8-bit": "8-bit values", "dn": "numbers of the file", "reflectance": "reflectance"}[unit]
    if isinstance(channel, ImageBand):
        band = f"band {channel.band}" if isinstance(channel.band, int) else channel.band
        return f"{band} {'before' if channel.date == 'pre' else 'after'} the event, {of}"
    return f"{channel} of {of}"
