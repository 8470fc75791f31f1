"""Comparison of how the images of two dates were made pictures: what differs only by that looks like change."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from landslip.runtime.imagery.image import Image

log = logging.getLogger(__name__)

APART = 3.0
"""Times as much contrast in every band: light, haze and seasons hardly make it. See docs/decisions/rendering.md."""
STRETCHED = (1, 254)
"""Levels that the 2nd and 98th percentile of a stretched picture reach."""


def rendered_apart(images: Sequence[Image]) -> list[str]:
    """Doubts about two dates that were rendered in different ways; warns of what may be harmless.

    Args:
        images: those of a scene, with what their 2nd and 98th percentiles become.
    """
    if len(images) != 2 or any(image.levels is None for image in images):
        return []
    spans = [[max(1.0, high - low) for low, high in image.levels or ()] for image in images]
    ratios = [first / second for first, second in zip(*spans, strict=True)]
    first = [image.inputs[0].raster for image in images]
    pre, post = (f"{raster.role.partition(' (')[0]} {raster.path}" for raster in first)
    how = " and ".join(
        f"the {name} has levels of {min(low for low, _ in image.levels or ()):.0f} to "
        f"{max(high for _, high in image.levels or ()):.0f}"
        for name, image in zip((pre, post), images, strict=True)
    )
    what = f"The two dates were rendered in different ways: {how} in 96 of 100 pixels"
    if min(ratios) >= APART or max(ratios) <= 1 / APART:
        doubt = (
            f"{what}. The network would take that for change. Give both in the same way: bands of measured values, or "
            "pictures that were made alike, such as the true colour images of both dates."
        )
        return [doubt]
    if _stretched(images[0]) != _stretched(images[1]):
        log.warning(
            "%s, as one of them is stretched by its percentiles. If landslides look wrong, give both in the same way: "
            "in 16 bits, or as pictures that were made alike.", what,
        )  # fmt: skip
    return []


def _stretched(image: Image) -> bool:
    return all(low <= STRETCHED[0] and high >= STRETCHED[1] for low, high in image.levels or ())
