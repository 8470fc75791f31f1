"""A printed map for people: before, after, and after with the landslides, on a sheet with all that explains them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.cartography.arrangement import Arrangement
from landslip.runtime.cartography.blocks import SWATCH
from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.cartography.paper import MILLIMETRES_PER_INCH
from landslip.runtime.cartography.sheet import arrangement_for, sheet
from landslip.runtime.cartography.sheet_drawing import drawn
from landslip.runtime.cartography.typeset import encoded_png
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.products.kinds_shown import KindsShown
from landslip.runtime.products.marking import marked
from landslip.runtime.system.drafts import write_file

Image = NDArray[np.uint8]

_GROUND = 150
"""Grey of the ground in the samples of the legend."""

_WIDEST_RIM = 0.3
"""Millimetres."""


def write_quicklook(
    path: Path,
    images: Mapping[str, Image],
    confidence: Image,
    level: int,
    facts: MapFacts,
    kinds: KindsShown | None = None,
) -> None:
    """Write :func:`compose`'s sheet as PNG; it comes under its name when it is complete.

    Args:
        path: ends in ``.png``; replaced if it exists.
        images: each (3, height, width) by its role, in the order of time, one or more.
        confidence: (height, width), 0..100, or 255 where not observed.
        level: confidence 1..100 from which on a pixel counts as landslide.
        facts: what the sheet says of the map.
        kinds: kinds of the landslides; None where the map tells none apart.

    Raises:
        OutputError: the file cannot be written.
        UsageError: the arrays do not fit each other.
    """
    picture, dots = compose(images, confidence, level, facts, kinds)
    try:
        write_file(path, encoded_png(picture, dots))
    except OSError as error:
        raise OutputError(
            f"output: {path} cannot be written: {error}.",
            "Check that its folder exists, may be written and has space.",
            where=path,
            option="out",
        ) from error


def compose(
    images: Mapping[str, Image], confidence: Image, level: int, facts: MapFacts, kinds: KindsShown | None = None
) -> tuple[Image, int]:
    """The sheet in pixels, (height, width, 3) uint8, and how many of them make an inch.

    Args:
        images: as for :func:`write_quicklook`.
        confidence: as above.
        level: as above.
        facts: as above.
        kinds: as above.

    Raises:
        UsageError: the arrays do not fit each other.
    """
    expected = (3, *confidence.shape)
    shapes = {image.shape for image in images.values()}
    if shapes != {expected} or not confidence.size:
        raise UsageError(
            f"A quicklook cannot be made of images of shapes {sorted(shapes)} with confidences of shape "
            f"{confidence.shape}: give images of shape {expected}, not empty."
        )
    if kinds is not None:
        facts = replace(facts, kinds=kinds.names, further_kinds=kinds.left_out)
    roles = tuple(images)
    arrangement = arrangement_for(facts, roles, confidence.shape)
    panels = panels_of(list(images.values()), confidence, level, arrangement, kinds)
    samples = _samples(level, arrangement, kinds)
    return drawn(sheet(facts, roles, panels, samples, arrangement)), arrangement.dots_per_inch


def panels_of(
    images: list[Image], confidence: Image, level: int, arrangement: Arrangement, kinds: KindsShown | None = None
) -> list[Image]:
    """Panels, (height, width, 3): each image, and the last one with the landslides; every pixel enlarged alike."""
    factor = arrangement.factor
    panels = [_enlarged(np.moveaxis(image, 0, 2), factor) for image in images]
    rim = min(factor, round(_WIDEST_RIM * arrangement.dots_per_inch / MILLIMETRES_PER_INCH))
    shown = None if kinds is None else kinds.enlarged(factor)
    return [*panels, marked(panels[-1], _enlarged(confidence, factor), level, rim=rim, kinds=shown)]


def _samples(level: int, arrangement: Arrangement, kinds: KindsShown | None = None) -> list[Image]:
    """Samples of a landslide, or of each kind in the legend, and of what was not observed, drawn as in the map."""
    wide, high = (round(length * arrangement.dots_per_inch / MILLIMETRES_PER_INCH) for length in SWATCH)
    ground, landslide = np.full((high, wide, 3), _GROUND, dtype=np.uint8), np.zeros((high, wide), dtype=np.uint8)
    landslide[high // 4 : -(high // 4), wide // 6 : -(wide // 6)] = level
    unknown = np.full((high, wide), NOT_OBSERVED, dtype=np.uint8)
    each_kind: list[KindsShown | None] = [None]
    if kinds is not None and kinds.named:
        each_kind = [replace(kinds, numbers=np.full_like(landslide, number)) for number, _ in kinds.named]
    return [
        *(marked(ground, landslide, level, rim=2, kinds=kind) for kind in each_kind),
        marked(ground, unknown, level),
    ]


def _enlarged(image: Image, factor: int) -> Image:
    return image if factor == 1 else image.repeat(factor, axis=0).repeat(factor, axis=1)
