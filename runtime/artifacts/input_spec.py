"""InputSpec: what one input of a deployed network takes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from landslip.runtime.artifacts.channel_units import (
    IMAGE_UNITS,
    TERRAIN_UNITS,
    Dtype,
    ImageUnit,
    fed_dtype,
    raw_range,
)
from landslip.runtime.artifacts.channels import RGB, Channel, Date, ImageBand, channel_of
from landslip.runtime.artifacts.input_objections import DescribedInput, objection_to
from landslip.runtime.untrusted.printable import shown

__all__ = [
    "FED", "IMAGE_UNITS", "LARGEST", "MAX_BANDS", "MAX_TEXT", "TERRAIN_UNITS", "Dtype", "ImageUnit", "InputSpec",
    "PerBand", "Role", "check_texts",
]  # fmt: skip

Role = Literal["pre", "post", "hillshade", "slope"]
"""Role of a raster of a scene, by what it shows: an image before or after the event, shaded relief, or slope."""

PerBand = float | tuple[float, ...]
"""One number for all bands, or one for each."""

MAX_BANDS = 64
"""Bands of an input; more is a typing error."""

LARGEST = 1e9
"""Metres of a pixel, or number to scale with; anything larger is a typing error."""

MAX_TEXT = 500
"""Characters of a text."""


@dataclass(frozen=True)
class InputSpec:
    """One input of the deployed graph, shaped (batch, bands, tile, tile), in raw units."""

    name: str
    """Name of the graph input; also what it shows, where ``channels`` does not say it: pre, post, hillshade, slope."""
    bands: int
    """Number of bands."""
    dtype: Dtype
    """Element type the graph takes."""
    unit: str
    """Unit of the raw values of image bands, one of :data:`IMAGE_UNITS`; of an input of terrain alone that of
    :data:`TERRAIN_UNITS`. Terrain beside image bands is in its own unit."""
    divisor: PerBand
    """The graph itself computes ``value / divisor + offset``; callers never scale."""
    offset: PerBand
    """See ``divisor``."""
    channels: tuple[str, ...] = ()
    """Channel of each band, as :mod:`landslip.runtime.artifacts.channels` writes them; empty for what the name says."""
    clip: tuple[tuple[float, float], ...] = ()
    """Smallest and largest raw value of each band: what is fed is cut off there. Empty where nothing is."""

    @cached_property
    def shows(self) -> tuple[Channel, ...]:
        """Channel of each band.

        Raises:
            ValueError: a text names none, or the name of the input does not say what it shows.
        """
        if self.channels:
            return tuple(channel_of(text) for text in self.channels)
        if self.name in {"pre", "post"}:
            date: Date = "pre" if self.name == "pre" else "post"
            return tuple(ImageBand(date, colour) for colour in RGB)
        return (channel_of(self.name),)

    @property
    def picture(self) -> Date | None:
        """Image that this input shows as a picture of 8 bits, red, green and blue in any order; None for any other."""
        dates: set[Date] = {channel.date for channel in self.shows if isinstance(channel, ImageBand)}
        named = sorted(str(channel.band) for channel in self.shows if isinstance(channel, ImageBand))
        is_picture = self.unit == "8-bit" and len(dates) == 1 and named == sorted(RGB) and self.bands == len(RGB)
        return dates.pop() if is_picture else None

    @property
    def limits(self) -> tuple[tuple[float, float], ...]:
        """Smallest and largest raw value of each band that may be fed: those of ``clip``, else of the channel."""
        return self.clip or tuple(raw_range(channel, self.unit) for channel in self.shows)

    def check(self) -> None:
        """Check every range.

        Raises:
            ValueError: one is out of it; the message names it.
        """
        check_texts(self, "unit", "name")
        if not self.name.isidentifier():
            raise ValueError(f"input {shown(self.name)} is no plain name")
        if not 1 <= self.bands <= MAX_BANDS:
            raise ValueError(f"input {self.name!r} has {shown(self.bands)} bands")
        if not self.channels and self.name not in FED:
            raise ValueError(f"input {shown(self.name)} does not say what it shows")
        if self.channels and len(self.shows) != self.bands:
            raise ValueError(f"input {self.name!r} has {self.bands} bands, and names {len(self.shows)}")
        if len(self.divisors) != self.bands or len(self.offsets) != self.bands:
            raise ValueError(f"input {self.name!r} has {self.bands} bands and another number of divisors or offsets")
        if not all(abs(number) <= LARGEST for number in (*self.divisors, *self.offsets)) or 0 in self.divisors:
            raise ValueError(f"input {self.name!r} has divisor {shown(self.divisor)} and offset {shown(self.offset)}")
        self._check_clip()

    def _check_clip(self) -> None:
        if self.clip and len(self.clip) != self.bands:
            raise ValueError(f"input {self.name!r} has {self.bands} bands and another number of ranges (clip)")
        for low, high in self.clip:
            if not -LARGEST <= low < high <= LARGEST:
                raise ValueError(f"input {self.name!r} is cut off at {low:g} and {high:g}: the smaller comes first")

    @property
    def objection(self) -> str | None:
        """Reason why this input can never be fed as it is described, with the remedy; None where it can."""
        if len(self.shows) != self.bands:
            return (
                f"{self.name} has {self.bands} band{'s' * (self.bands != 1)}, and what it shows is "
                f"{', '.join(map(str, self.shows))}: name each of them (bands)"
            )
        return objection_to(DescribedInput(self.name, self.shows, self.dtype, self.unit, self.divisors, self.clip))

    @property
    def fed_dtype(self) -> Dtype:
        """Element type that landslip feeds: whole numbers where all bands are in 8 bits."""
        return fed_dtype(self.shows, self.unit)

    @property
    def divisors(self) -> tuple[float, ...]:
        """The divisor of each band."""
        return _per_band(self.divisor, self.bands)

    @property
    def offsets(self) -> tuple[float, ...]:
        """The offset of each band."""
        return _per_band(self.offset, self.bands)


FED: dict[str, InputSpec] = {
    "pre": InputSpec("pre", 3, "uint8", "8-bit", 1.0, 0.0),
    "post": InputSpec("post", 3, "uint8", "8-bit", 1.0, 0.0),
    "hillshade": InputSpec("hillshade", 1, "uint8", "8-bit", 1.0, 0.0),
    "slope": InputSpec("slope", 1, "float32", "degree", 1.0, 0.0),
    "dem": InputSpec("dem", 1, "float32", "metre", 1.0, 0.0),
    "aspect": InputSpec("aspect", 1, "float32", "degree", 1.0, 0.0),
}
"""Input that feeds what a role shows, as networks of the published kind take it."""


def check_texts(holder: Any, *keys: str) -> None:
    """Make sure that texts are short, and on one line.

    Raises:
        ValueError: one is not.
    """
    for key in keys:
        text = getattr(holder, key)
        if len(text) > MAX_TEXT or not text.isprintable():
            raise ValueError(f"{key} is {shown(text)}, and no text of up to {MAX_TEXT} characters on one line")


def _per_band(value: PerBand, bands: int) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (value,) * bands
