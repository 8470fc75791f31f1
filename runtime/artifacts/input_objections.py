"""Reasons why an input can never be fed as it is described, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from landslip.runtime.artifacts.channel_units import (
    IMAGE_UNITS,
    Dtype,
    Range,
    fed_dtype,
    has_image,
    in_8_bits,
    is_computed,
    terrain_unit,
)
from landslip.runtime.artifacts.channels import Channel, Derived, Relief, leaves

LARGEST_DIVISOR = 1000.0
"""Largest divisor of 8-bit data: standard deviations and 255 lie well below it, scales of reflectance (10000) above."""

LARGEST_REFLECTANCE = 10.0
"""Largest divisor of reflectances, and the largest to cut off at: 1 is nominal, and scales of numbers lie above."""

_AS_STORED = 'give unit = "dn" for the numbers of the files'


@dataclass(frozen=True)
class DescribedInput:
    """Everything that objections go by."""

    name: str
    """Name of the input."""
    shows: tuple[Channel, ...]
    """Channel of each band."""
    dtype: Dtype
    """Element type the graph takes."""
    unit: str
    """Unit of its bands of images, or of an input of terrain alone."""
    divisors: tuple[float, ...]
    """Divisor of each band."""
    clip: tuple[Range, ...]
    """Smallest and largest raw value of each band; empty where nothing is cut off."""


def objection_to(entry: DescribedInput) -> str | None:
    """The first reason why an input can never be fed as it is described; None where there is none."""
    return next((found for object_to in _OBJECTIONS if (found := object_to(entry)) is not None), None)


def _formula(entry: DescribedInput) -> str | None:
    for channel in filter(is_computed, entry.shows):
        if any(isinstance(leaf, Relief) for leaf in leaves(channel)):
            return f"{entry.name} has {channel}: formulas are of bands of images alone, so name the layers one by one"
        if _is_constant(channel):
            return f"{entry.name} has {channel}, which is the same everywhere: give two bands that differ"
    return None


def _is_constant(channel: Channel) -> bool:
    if not isinstance(channel, Derived):
        return False
    return channel.first == channel.second or any(map(_is_constant, (channel.first, channel.second)))


def _unit(entry: DescribedInput) -> str | None:
    if not any(map(has_image, entry.shows)):
        own = terrain_unit(entry.shows)
        said = f"{entry.name} is described in {entry.unit!r}, and landslip feeds it in {own!r}"
        return None if entry.unit == own else said
    if entry.unit not in IMAGE_UNITS:
        return f"{entry.name} is described in {entry.unit!r}: image bands are in one of {', '.join(IMAGE_UNITS)}"
    if entry.unit == "8-bit" and any(map(is_computed, entry.shows)):
        return (
            f"{entry.name} is computed of bands in 8 bits, which are stretched for each image: describe them in "
            "reflectance or dn"
        )
    return None


def _dtype(entry: DescribedInput) -> str | None:
    fed = fed_dtype(entry.shows, entry.unit)
    return None if entry.dtype == fed else f"{entry.name} is described in {entry.dtype}, and landslip feeds {fed}"


def _divisor(entry: DescribedInput) -> str | None:
    for channel, divisor in zip(entry.shows, entry.divisors, strict=True):
        if in_8_bits(channel, entry.unit) and abs(divisor) > LARGEST_DIVISOR:
            remedy = f'{_AS_STORED}, or unit = "reflectance" for 0 to 1' if has_image(channel) else "give 255"
            return (
                f"{entry.name} is divided by {divisor:g}, as reflectances in whole numbers are, and is described as a "
                f"picture of 0 to 255: {remedy}"
            )
        if entry.unit == "reflectance" and _has_unit(channel) and abs(divisor) > LARGEST_REFLECTANCE:
            return f"{entry.name} is divided by {divisor:g}, and reflectances are numbers from 0 to 1: {_AS_STORED}"
    return None


def _clip(entry: DescribedInput) -> str | None:
    for channel, (low, high) in zip(entry.shows, entry.clip, strict=False):
        ends = f"{entry.name} is cut off at {low:g} and {high:g}"
        whole = low % 1 == high % 1 == 0 and low >= 0 and high <= 255
        if in_8_bits(channel, entry.unit) and not whole:
            other = ', or another unit than "rgb8"' if has_image(channel) else ""
            return f"{ends}, and {channel} is whole numbers from 0 to 255: give such numbers (clip){other}"
        if entry.unit == "reflectance" and _has_unit(channel) and high > LARGEST_REFLECTANCE:
            return f"{ends}, and reflectances are numbers from 0 to 1: {_AS_STORED}"
    return None


def _has_unit(channel: Channel) -> bool:
    """Tell whether values of a channel are in the unit of the images: bands, and differences of these alone."""
    if isinstance(channel, Derived):
        return channel.formula == "difference" and _has_unit(channel.first) and _has_unit(channel.second)
    return has_image(channel)


_OBJECTIONS: tuple[Callable[[DescribedInput], str | None], ...] = (_formula, _unit, _dtype, _divisor, _clip)
