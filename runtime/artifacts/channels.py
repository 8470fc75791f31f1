"""Channels of a network: what each band of an input shows, as a description names it.

A channel is a band of an image (``post.nir``, ``pre.4`` by number), a layer of terrain (``dem``, ``slope``,
``hillshade``, ``aspect``), or computed of two others (``post.ndvi``, ``ratio(post.nir, post.red)``,
``difference(post.ndvi, pre.ndvi)``). Names of bands are the common names of STAC's extension ``eo``
(https://github.com/stac-extensions/eo), and a few others that are in use for the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias, get_args

from landslip.runtime.untrusted.printable import printable, shown

Date = Literal["pre", "post"]
"""Image before the event, or after it."""

Terrain = Literal["dem", "slope", "hillshade", "aspect"]
"""Layer of terrain."""

Formula = Literal["difference", "ratio", "normalized_difference"]
"""``a - b``, ``a / b``, ``(a - b) / (a + b)``; unknown where that is divided by 0."""

DATES: tuple[Date, ...] = get_args(Date)
TERRAIN: tuple[Terrain, ...] = get_args(Terrain)
FORMULAS: tuple[Formula, ...] = get_args(Formula)

RGB = ("red", "green", "blue")
"""Bands of a picture, in the order of pictures."""

BAND_NAMES = (
    "coastal", "blue", "green", "green05", "yellow", "red", "rededge", "rededge071", "rededge075", "rededge078",
    "nir", "nir08", "nir09", "cirrus", "swir16", "swir22", "pan", "lwir", "lwir11", "lwir12",
)  # fmt: skip
"""Names of bands: STAC's common names."""

ALIASES = {
    "rededge1": "rededge071", "rededge2": "rededge075", "rededge3": "rededge078", "swir1": "swir16", "swir2": "swir22",
    "nir_narrow": "nir08", "narrow_nir": "nir08", "water_vapour": "nir09", "aerosol": "coastal",
    "coastal_blue": "coastal", "green_i": "green05",
}  # fmt: skip
"""Other names in use, and what they mean."""

INDICES: dict[str, tuple[str, str]] = {
    "ndvi": ("nir", "red"),
    "gndvi": ("nir", "green"),
    "ndre": ("nir", "rededge071"),
    "ndwi": ("green", "nir"),
    "mndwi": ("green", "swir16"),
    "ndmi": ("nir", "swir16"),
    "ndsi": ("green", "swir16"),
    "nbr": ("nir", "swir22"),
}
"""Normalised differences with a name of their own: vegetation, water, moisture, snow, burns."""

MAX_BAND = 999
"""Largest number of a band."""
_DEEPEST = 4
"""Formulas within formulas."""
_LONGEST = 400
"""Characters of a channel."""
_SHOWN = 60
"""Characters of a band that a message repeats."""
_CALL = re.compile(r"(\w+)\s*\((.*)\)", re.DOTALL)


@dataclass(frozen=True)
class ImageBand:
    """A band of an image."""

    date: Date
    band: str | int
    """One of :data:`BAND_NAMES`, or the number of the band in the file, from 1."""

    def __str__(self) -> str:
        """Text of it in a description."""
        return f"{self.date}.{self.band}"


@dataclass(frozen=True)
class Relief:
    """A layer of terrain."""

    kind: Terrain

    def __str__(self) -> str:
        """Text of it in a description."""
        return self.kind


@dataclass(frozen=True)
class Derived:
    """A channel that is computed of two others."""

    formula: Formula
    first: Channel
    second: Channel

    def __str__(self) -> str:
        """Text of it in a description."""
        return f"{self.formula}({self.first}, {self.second})"


Channel: TypeAlias = "ImageBand | Relief | Derived"


@lru_cache(maxsize=1024)
def channel_of(text: str, date: Date | None = None) -> Channel:
    """The channel that a text names.

    Args:
        text: as in the docstring of this module.
        date: image that bands without a date are of; None where each has to say it.

    Raises:
        ValueError: it names none; the message says what there is, without the name of a file.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"{shown(text)} is too long for a band; give up to {_LONGEST} characters")
    channel = _parsed(text.strip(), date, _DEEPEST)
    if len(str(channel)) > _LONGEST:
        raise ValueError(
            f"{shown(text)} is a formula of too many bands; compute less of it, and let the network do more"
        )
    return channel


def leaves(channel: Channel) -> Iterator[ImageBand | Relief]:
    """Channels that a channel is computed of; itself where it is not computed."""
    if isinstance(channel, Derived):
        yield from leaves(channel.first)
        yield from leaves(channel.second)
    else:
        yield channel


def _parsed(text: str, date: Date | None, depth: int) -> Channel:
    called = _CALL.fullmatch(text)
    if called:
        return _derived(called[1].lower(), called[2], date, depth)
    name = text.lower()
    if name in TERRAIN:
        return Relief(name)
    head, dot, tail = name.partition(".")
    if dot:
        if head not in DATES:
            band = printable(tail, _SHOWN)
            raise ValueError(f"{shown(text)} is of no image; give pre.{band} or post.{band}")
        date, name = head, tail.strip()
        if name in TERRAIN:
            raise ValueError(f"{shown(text)} is terrain, which has no date; give {name}")
    return _of_image(name, date, text, depth)


def _of_image(name: str, date: Date | None, text: str, depth: int) -> Channel:
    name = ALIASES.get(name, name)
    number = int(name) if name.isascii() and name.isdecimal() and len(name) < 6 else None
    known = name in BAND_NAMES or name in INDICES or (number is not None and 1 <= number <= MAX_BAND)
    if not known:
        raise ValueError(
            f"{shown(text)} is no band; give one of {', '.join(BAND_NAMES)}, the number of a band from 1, one of "
            f"{', '.join(TERRAIN)}, one of {', '.join(INDICES)}, or one of {', '.join(FORMULAS)} of two of these"
        )
    if date is None:
        raise ValueError(f"{shown(text)} does not say of which image; give pre.{name} or post.{name}")
    if name in INDICES:
        _check_depth(depth)
        first, second = INDICES[name]
        return Derived("normalized_difference", ImageBand(date, first), ImageBand(date, second))
    return ImageBand(date, name if number is None else number)


def _derived(name: str, inside: str, date: Date | None, depth: int) -> Channel:
    name = name.replace("normalised", "normalized")
    if name not in FORMULAS:
        raise ValueError(f"{shown(name)} is no formula; give one of {', '.join(FORMULAS)}")
    _check_depth(depth)
    parts = _arguments(inside)
    if len(parts) != 2:
        raise ValueError(f"{name} is computed of two bands, and {shown(inside)} are {len(parts)}")
    first, second = (_parsed(part, date, depth - 1) for part in parts)
    return Derived(name, first, second)


def _check_depth(depth: int) -> None:
    if depth == 0:
        raise ValueError(f"formulas are nested more than {_DEEPEST} deep")


def _arguments(inside: str) -> list[str]:
    """Texts between the commas that are in no brackets of their own."""
    parts, depth = [""], 0
    for letter in inside:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]
