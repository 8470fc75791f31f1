"""Slots: a batch is cut into parts, so that copying one overlaps with computing another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.errors import EngineError

SLOTS = 2
"""Sets of buffers. While the GPU computes in one, the next is filled and the last one emptied."""


@dataclass(frozen=True)
class Profile:
    """The shapes an engine is built for."""

    batch: int
    """Most tiles of one execution, and the number it is tuned for; fewer are possible."""
    tile: int
    """Edge of a tile in pixels, fixed."""


@dataclass(frozen=True)
class SlotStep:
    """One thing to do with a slot."""

    slot: int
    """Number of the slot."""
    tiles: slice
    """The tiles of the batch it is about."""
    collect: bool
    """True to take the result out, false to put the tiles in."""


def profile_for(batch: int, tile: int) -> Profile:
    """The shapes to build for when batches of ``batch`` tiles come: a batch fills the slots once."""
    return Profile(-(-batch // SLOTS), tile)


def schedule(count: int, size: int, slots: int = SLOTS) -> Iterator[SlotStep]:
    """The steps that bring ``count`` tiles through the slots, ``size`` at a time.

    Every tile is put in once and collected once, in order; a slot is collected before it is filled again.
    """
    parts = [slice(start, min(start + size, count)) for start in range(0, count, size)]
    for number, part in enumerate(parts):
        if number >= slots:
            yield SlotStep((number - slots) % slots, parts[number - slots], collect=True)
        yield SlotStep(number % slots, part, collect=False)
    for number in range(max(0, len(parts) - slots), len(parts)):
        yield SlotStep(number % slots, parts[number], collect=True)


def count_tiles(batch: Mapping[str, NDArray[Any]], spec: ModelSpec, tile: int) -> int:
    """Number of tiles in a batch.

    Raises:
        EngineError: it is not what the model takes; the buffers of an engine have room for nothing else.
    """
    found = {name: (array.shape, array.dtype.name) for name, array in batch.items()}
    count = len(batch[spec.inputs[0].name]) if spec.inputs[0].name in batch else 0
    wanted = {entry.name: ((count, entry.bands, tile, tile), entry.dtype) for entry in spec.inputs}
    if found != wanted or not count:
        raise EngineError(f"The batch holds {found}, and the engine was built for {wanted}.")
    return count
