"""A picture for people: before, after, and after with the landslides on top."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import MemoryFile

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.errors import OutputError, UsageError
from landslip.runtime.products.lettering import banner
from landslip.runtime.system.drafts import write_file

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]

GAP = 8
"""Columns of white between panels."""

# Magenta is in no landscape; the dark rim keeps it legible on bright ground.
_FILL = (255, 0, 120)
_FILL_SHARE = 0.65
_RIM = (60, 0, 30)
_HATCH = (235, 235, 235)
_DIM = (90, 90, 90)
_HATCH_PERIOD = 8
_HATCH_WIDTH = 2


def write_quicklook(path: Path, images: Sequence[Image], confidence: Image, level: int, *, notice: str = "") -> None:
    """Write :func:`compose`'s picture as PNG; it comes under its name when it is complete.

    Args:
        path: ends in ``.png``; replaced if it exists.
        images: each (3, height, width), in the order of time, one or more.
        confidence: (height, width), 0..100, or 255 where not observed.
        level: confidence 1..100 from which on a pixel counts as landslide.
        notice: what everybody who sees the picture has to know; it stands above the panels.

    Raises:
        OutputError: the file cannot be written.
        UsageError: the arrays do not fit each other.
    """
    picture = compose(images, confidence, level)
    if notice:
        picture = np.concatenate([banner(notice, picture.shape[2]), picture], axis=1)
    encoded = _png(picture)
    try:
        write_file(path, encoded)
    except OSError as error:
        raise OutputError(
            f"output: {path} cannot be written: {error}.",
            "Check that its folder exists, may be written and has space.",
            where=path,
            option="out",
        ) from error


def compose(images: Sequence[Image], confidence: Image, level: int) -> Image:
    """Panels side by side: each image, and the last one with the landslides filled and rimmed, the unobserved hatched.

    Args:
        images: as for :func:`write_quicklook`.
        confidence: as above.
        level: as above.

    Returns:
        (3, height, (n + 1) * width + n * GAP), uint8.

    Raises:
        UsageError: the arrays do not fit each other.
    """
    expected = (3, *confidence.shape)
    shapes = {image.shape for image in images}
    if shapes != {expected} or not confidence.size:
        raise UsageError(
            f"A quicklook cannot be made of images of shapes {sorted(shapes)} with confidences of shape "
            f"{confidence.shape}: give images of shape {expected}, not empty."
        )
    gap = np.full((3, confidence.shape[0], GAP), 255, dtype=np.uint8)
    landslide = (confidence >= level) & (confidence <= 100)
    marked = _with_landslides(_with_hatch(images[-1], confidence == NOT_OBSERVED), landslide)
    return np.concatenate([panel for image in images for panel in (image, gap)] + [marked], axis=2)


def _with_landslides(image: Image, landslide: Mask) -> Image:
    """Tint landslides, and draw their rims around them, so that the smallest still show their colour."""
    tinted = _blend(image, landslide, _FILL, _FILL_SHARE)
    return _blend(tinted, _grown(landslide) & ~landslide, _RIM, 1.0)


def _with_hatch(image: Image, unknown: Mask) -> Image:
    """Dim what was not observed and hatch it with diagonal lines."""
    height, width = unknown.shape
    line = np.add.outer(np.arange(height), np.arange(width)) % _HATCH_PERIOD < _HATCH_WIDTH
    dimmed = _blend(image, unknown, _DIM, 0.75)
    return _blend(dimmed, unknown & line, _HATCH, 0.6)


def _blend(image: Image, where: Mask, colour: tuple[int, int, int], share: float) -> Image:
    """Mix ``share`` of a colour into some pixels."""
    mixed = image.copy()
    for band, level in zip(mixed, colour, strict=True):
        band[where] = np.rint(band[where] * (1 - share) + level * share)
    return mixed


def _grown(mask: Mask) -> Mask:
    """The mask and the pixels that share a side with it."""
    padded = np.pad(mask, 1)
    across: Mask = padded[1:-1, :-2] | padded[1:-1, 2:]
    along: Mask = padded[:-2, 1:-1] | padded[2:, 1:-1]
    return mask | across | along


def _png(image: Image) -> bytes:
    bands, height, width = image.shape
    # rasterio warns of pictures without a place on the ground. This place goes into a side file, which stays in memory.
    place = Affine.scale(2, -2)
    try:
        with MemoryFile(ext=".png") as memory:
            with memory.open(
                driver="PNG", width=width, height=height, count=bands, dtype="uint8", transform=place, zlevel=3
            ) as picture:
                picture.write(image)
            encoded: bytes = memory.read()
    except RASTER_ERRORS as error:
        raise OutputError(
            f"The quicklook of {width} x {height} pixels cannot be encoded ({reason(error)}). "
            "Does GDAL have its PNG driver?"
        ) from error
    return encoded
