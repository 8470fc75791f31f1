"""Inputs of a network, made of what the layers of a scene read on a window of the map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.channels import RGB, TERRAIN, Channel, Date, Derived, ImageBand, Relief, leaves
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.confidence import NODATA
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.scene.reasons import Unknown

Leaf: TypeAlias = "tuple[ImageBand | Relief, str]"
"""Band of an image with the unit it is read in, or layer of terrain with an empty text."""


class Plane(NamedTuple):
    """Place of a leaf in what the layers read."""

    array: str
    """Name of the array (bands, rows, cols)."""
    band: int
    """Index of its band."""


Places: TypeAlias = "Mapping[Leaf, Plane]"


def leaf_of(leaf: ImageBand | Relief, unit: str) -> Leaf:
    """The leaf of a channel in an input of a unit."""
    return leaf, unit if isinstance(leaf, ImageBand) else ""


def picture_places(date: Date) -> dict[Leaf, Plane]:
    """Places of red, green and blue in the picture of a date."""
    return {(ImageBand(date, colour), "8-bit"): Plane(date, index) for index, colour in enumerate(RGB)}


def terrain_places(kinds: Iterable[str]) -> dict[Leaf, Plane]:
    """Places of layers of terrain, each an array of its own."""
    given = {*kinds}
    return {(Relief(kind), ""): Plane(kind, 0) for kind in TERRAIN if kind in given}


@dataclass(frozen=True)
class NetworkInput:
    """One input of a network: which planes its bands are, or are computed of."""

    entry: InputSpec
    """Description of it."""
    places: Places
    """Places of its leaves at the least."""

    @cached_property
    def whole(self) -> str | None:
        """Array that the input is, as it is; None where it is put together."""
        shown = [self._plane(channel) for channel in self.entry.shows if not isinstance(channel, Derived)]
        names = {plane.array for plane in shown}
        if self.entry.clip or len(names) != 1 or len(shown) != self.entry.bands:
            return None
        name = names.pop()
        size = sum(plane.array == name for plane in self.places.values())
        return name if [plane.band for plane in shown] == list(range(size)) else None

    @cached_property
    def derives(self) -> bool:
        """Tell whether some of its bands are computed of others, which may fail."""
        return any(isinstance(channel, Derived) for channel in self.entry.shows)

    def of(self, read: Mapping[str, Pixels]) -> Pixels:
        """Raw values that the network takes, (bands, rows, cols), 0 where one of its channels is not known.

        Args:
            read: arrays of the layers by name.

        Returns:
            the values, and (rows, cols) where all channels are known. What is an array of a layer is not copied.
        """
        if (name := self.whole) is not None:
            return read[name]
        used = {plane.array for channel in self.entry.shows for plane in map(self._plane, leaves(channel))}
        valid = np.logical_and.reduce([read[name].valid for name in used])
        values = np.empty((self.entry.bands, *valid.shape), dtype=self.entry.fed_dtype)
        for band, channel in zip(values, self.entry.shows, strict=True):
            found = self._values(channel, read)
            if isinstance(channel, Derived):
                valid &= np.isfinite(found)
            band[...] = found
        for band, (low, high) in zip(values, self.entry.clip, strict=False):
            np.clip(band, low, high, out=band, casting="unsafe")  # limits are fractions, and bands may be whole numbers
        if not valid.all():
            values[:, ~valid] = 0
        return Pixels(values, valid)

    def _plane(self, leaf: ImageBand | Relief) -> Plane:
        return self.places[leaf_of(leaf, self.entry.unit)]

    def _values(self, channel: Channel, read: Mapping[str, Pixels]) -> NDArray[Any]:
        """Values of a channel (rows, cols); not finite where they cannot be computed."""
        if not isinstance(channel, Derived):
            plane = self._plane(channel)
            values: NDArray[Any] = read[plane.array].values[plane.band]
            return values
        parts = (self._values(part, read) for part in (channel.first, channel.second))
        first, second = (part.astype(np.float32, copy=False) for part in parts)
        with np.errstate(all="ignore"):
            if channel.formula == "difference":
                return first - second
            return first / second if channel.formula == "ratio" else (first - second) / (first + second)


def not_computed(
    inputs: Iterable[NetworkInput], fed: Mapping[str, Pixels], known: Sequence[NDArray[np.bool_]]
) -> list[Unknown]:
    """Places where a channel cannot be computed although all that it is computed of is known.

    Args:
        inputs: what the network takes.
        fed: what they are on a window, by name.
        known: where each layer is known on it.
    """
    derived = [each.entry.name for each in inputs if each.derives]
    if not derived:
        return []
    read = np.logical_and.reduce(known)
    return [Unknown(_nodata, fed[name].valid | ~read) for name in derived]


def _nodata(window: Window) -> int:
    del window
    return NODATA
