"""Kinds of landslides in the small picture of a map of several classes, with their colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.compiled.kernel import kernel
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.styles.palette import NO_KIND, Colour, class_colours

MOST_NAMED = 8
"""Kinds that a legend names; those of most ground."""


@dataclass(frozen=True)
class KindsShown:
    """Kind of each landslide pixel of a picture."""

    numbers: NDArray[np.uint8]
    """(height, width) number of the class; 255 for landslides of no kind, and where there is no landslide."""
    colours: Mapping[int, Colour]
    """Colour of each number that occurs on a landslide, in the order of the numbers."""
    named: tuple[tuple[int, str | None], ...]
    """Numbers that the legend shows, with their names: None for landslides of no kind."""

    @property
    def names(self) -> tuple[str | None, ...]:
        """Names of those in the legend."""
        return tuple(name for _, name in self.named)

    @property
    def left_out(self) -> int:
        """Number of kinds that occur, and that the legend does not name."""
        return len(self.colours) - len(self.named)

    def enlarged(self, factor: int) -> KindsShown:
        """Kinds of a picture whose pixels are each repeated so many times along both axes."""
        return replace(self, numbers=self.numbers.repeat(factor, axis=0).repeat(factor, axis=1))


def kinds_shown(
    confidence: NDArray[np.uint8], classes: NDArray[np.uint8], level: int, specs: Sequence[ClassSpec]
) -> KindsShown:
    """Kinds of the landslides of a picture.

    A landslide pixel whose surest class is no landslide has the kind of the nearest in the same landslide.

    Args:
        confidence: (height, width), 0 to 100, or 255 where not observed.
        classes: (height, width) number of the surest class of each pixel.
        level: confidence from which on a pixel counts as landslide.
        specs: the classes, in the order of their numbers.
    """
    landslide = (confidence >= level) & (confidence <= 100)
    is_kind = np.zeros(256, dtype=np.bool_)
    is_kind[: len(specs)] = [each.landslide for each in specs]
    numbers = _filled(np.where(is_kind[classes], classes, np.uint8(NOT_OBSERVED)), landslide)
    pixels = np.bincount(numbers[landslide], minlength=256)
    found = [number for number in range(256) if pixels[number]]
    colours = dict(enumerate(class_colours([each.landslide for each in specs]))) | {NOT_OBSERVED: NO_KIND}
    named = sorted(sorted(found, key=lambda number: -pixels[number])[:MOST_NAMED])
    return KindsShown(
        numbers,
        {number: colours[number] for number in found},
        tuple((number, None if number == NOT_OBSERVED else specs[number].name) for number in named),
    )


def _filled(numbers: NDArray[np.uint8], landslide: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Numbers of which landslide pixels without one (255) have that of the nearest within the landslide."""
    filled = np.where(landslide, numbers, np.uint8(NOT_OBSERVED))
    fill_kinds(filled, landslide, np.empty(filled.size, dtype=np.int32))
    return filled


@kernel
def fill_kinds(
    numbers: NDArray[np.uint8], landslide: NDArray[np.bool_], queue: NDArray[np.int32]
) -> None:  # pragma: no cover - compiled
    """Spread numbers over sides and corners of pixels to landslide pixels that have none (255), breadth first.

    Args:
        numbers: (h, w) uint8, 255 where there is no landslide; updated.
        landslide: (h, w).
        queue: (h * w,) int32 of room.
    """
    height, width = numbers.shape
    end = 0
    for row in range(height):
        for col in range(width):
            if numbers[row, col] != NOT_OBSERVED:
                queue[end] = row * width + col
                end += 1
    taken = 0
    while taken < end:
        row, col = divmod(queue[taken], width)
        taken += 1
        for down, right in ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)):
            y, x = row + down, col + right
            inside = 0 <= y < height and 0 <= x < width
            if inside and landslide[y, x] and numbers[y, x] == NOT_OBSERVED:
                numbers[y, x] = numbers[row, col]
                queue[end] = y * width + x
                end += 1
