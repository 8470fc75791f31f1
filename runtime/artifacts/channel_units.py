"""Units of channels: what images and terrain are fed in, and the values they may have."""

from __future__ import annotations

from typing import Literal

from landslip.runtime.artifacts.channels import Channel, Derived, ImageBand, Relief, Terrain, leaves

ImageUnit = Literal["8-bit", "reflectance", "dn"]
"""Unit of image bands: a picture of 0 to 255, stretched where the file holds something else; reflectance, 0 to 1; the
numbers of the file as they are."""

IMAGE_UNITS: tuple[ImageUnit, ...] = ("8-bit", "reflectance", "dn")

TERRAIN_UNITS: dict[Terrain, str] = {"hillshade": "8-bit", "slope": "degree", "dem": "metre", "aspect": "degree"}
"""Unit of each layer of terrain. Aspect is clockwise from north, 0 to 360, and 0 on level ground."""

Dtype = Literal["uint8", "float32"]

Range = tuple[float, float]
"""Smallest and largest value."""

_TERRAIN: dict[Terrain, Range] = {
    "dem": (-500.0, 9000.0), "slope": (0.0, 90.0), "aspect": (0.0, 360.0), "hillshade": (0.0, 255.0),
}  # fmt: skip
_IMAGES: dict[str, Range] = {"8-bit": (0.0, 255.0), "reflectance": (0.0, 1.0), "dn": (0.0, 10000.0)}


def has_image(channel: Channel) -> bool:
    """Tell whether a channel is made of bands of images."""
    return any(isinstance(leaf, ImageBand) for leaf in leaves(channel))


def in_8_bits(channel: Channel, unit: str) -> bool:
    """Tell whether a channel is fed as whole numbers from 0 to 255.

    Args:
        channel: the channel.
        unit: that of bands of images.
    """
    if isinstance(channel, Relief):
        return TERRAIN_UNITS[channel.kind] == "8-bit"
    return isinstance(channel, ImageBand) and unit == "8-bit"


def fed_dtype(channels: tuple[Channel, ...], unit: str) -> Dtype:
    """Element type of an input of these channels: whole numbers where all are in 8 bits."""
    return "uint8" if all(in_8_bits(channel, unit) for channel in channels) else "float32"


def terrain_unit(channels: tuple[Channel, ...]) -> str:
    """Unit of an input of terrain alone: that of its layers, or those, in their order."""
    units = [TERRAIN_UNITS[channel.kind] for channel in channels if isinstance(channel, Relief)]
    return ", ".join(dict.fromkeys(units))


def raw_range(channel: Channel, unit: str) -> Range:
    """Smallest and largest value that a channel usually has.

    Args:
        channel: the channel.
        unit: that of bands of images.
    """
    if isinstance(channel, Relief):
        return _TERRAIN[channel.kind]
    if isinstance(channel, ImageBand):
        return _IMAGES.get(unit, _IMAGES["8-bit"])
    if channel.formula == "difference":
        (low, high), (least, most) = raw_range(channel.first, unit), raw_range(channel.second, unit)
        return low - most, high - least
    return (0.0, 4.0) if channel.formula == "ratio" else (-1.0, 1.0)


def is_computed(channel: Channel) -> bool:
    """Tell whether a channel is computed of others."""
    return isinstance(channel, Derived)
