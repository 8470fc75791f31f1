"""Pictures in WebP: the one place where Pillow encodes for the report."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

Picture = PillowImage.Image
"""A picture in memory, red, green and blue."""

_EFFORTS = {92: 0, 75: 2}
"""Effort by quality: least where all fits into the page; docs/decisions/report.md."""

QUALITIES = tuple(_EFFORTS)
"""Qualities that are tried: at the first one nothing of the compression is seen, even enlarged."""


def picture_of(bands: NDArray[np.uint8]) -> Picture:
    """A picture of (3, rows, cols)."""
    return PillowImage.merge("RGB", [PillowImage.fromarray(np.ascontiguousarray(band)) for band in bands])


def blank(width: int, height: int) -> Picture:
    """A black picture."""
    return PillowImage.new("RGB", (width, height))


def halved(picture: Picture) -> Picture:
    """A picture of half the size, rounded up; each pixel is the mean of those it stands for."""
    return picture.reduce(2)


def encoded(picture: Picture, quality: int) -> bytes:
    """A picture as the bytes of a WebP file of one of :data:`QUALITIES`, equal for equal pictures."""
    stream = io.BytesIO()
    options: dict[str, Any] = {"quality": quality, "method": _EFFORTS[quality]}
    picture.save(stream, "WEBP", **options)
    return stream.getvalue()


def base64_length(size: int) -> int:
    """Characters that so many bytes take in base64."""
    return (size + 2) // 3 * 4


def as_base64(data: bytes) -> str:
    """Bytes as base64."""
    return base64.b64encode(data).decode("ascii")
