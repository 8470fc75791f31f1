"""Tags of the map file: what it shows, of when, made with what; and statistics, so that no program computes its own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.system.versions import landslip_version

UNIT = "percent"
"""Unit of the map's values."""


@dataclass(frozen=True)
class MapOrigin:
    """Origin of a map, in words."""

    level: int
    """Percent from which on a pixel counts as landslide."""
    model: str
    """Name of the model."""
    model_sha256: str | None = None
    """Digest of its file."""
    title: str | None = None
    """Name of the event."""
    date_from: str | None = None
    """Day or instant of the image before, ISO 8601."""
    date_to: str | None = None
    """Likewise of the image after."""
    notice: str = ""
    """Notice that users of the map have to know."""


def map_tags(origin: MapOrigin) -> dict[str, str]:
    """Tags of a map by name; those of which nothing is known are left out."""
    found = {
        "TITLE": origin.title,
        "TIFFTAG_IMAGEDESCRIPTION": f"Landslide confidence in percent. {origin.level} and more is landslide; "
        f"{NOT_OBSERVED} is not observed, which does not mean that there is no landslide.",
        "TIFFTAG_SOFTWARE": f"landslip {landslip_version()}",
        "PRE_EVENT_DATE": origin.date_from,
        "POST_EVENT_DATE": origin.date_to,
        "THRESHOLD_PERCENT": str(origin.level),
        "MODEL": origin.model,
        "MODEL_SHA256": origin.model_sha256,
        "NOTICE": origin.notice,
    }
    return {name: text for name, text in found.items() if text}


def statistics_tags(counts: NDArray[np.int64]) -> dict[str, str]:
    """Statistics of the observed pixels, as GDAL keeps them; none where nothing was observed.

    Args:
        counts: how often each value occurs, (256,).
    """
    observed = [int(count) for count in counts[:NOT_OBSERVED]]
    number = sum(observed)
    if not number:
        return {}
    values = [value for value, count in enumerate(observed) if count]
    total = sum(value * count for value, count in enumerate(observed))
    squares = sum(value * value * count for value, count in enumerate(observed))
    # Whole numbers as long as it can be: the difference of two nearly equal floats would be mostly rounding.
    deviation = math.sqrt(number * squares - total * total) / number
    return {
        "STATISTICS_MINIMUM": str(min(values)),
        "STATISTICS_MAXIMUM": str(max(values)),
        "STATISTICS_MEAN": _decimals(total / number),
        "STATISTICS_STDDEV": _decimals(deviation),
        "STATISTICS_VALID_PERCENT": _decimals(100 * number / int(counts.sum())),
    }


def _decimals(number: float) -> str:
    """Number without an exponent, which some readers do not take."""
    return f"{number:.10f}".rstrip("0").rstrip(".")
