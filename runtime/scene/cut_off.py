"""Limits of a description at which values are cut off, held against what the images of a scene hold."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from landslip.runtime.artifacts.channels import ImageBand
from landslip.runtime.imagery.stretch_limits import Ground
from landslip.runtime.scene.channel_needs import Described
from landslip.runtime.scene.image_inputs import DateImage

log = logging.getLogger(__name__)


def warn_of_limits(spec: Described, images: Sequence[DateImage], ground: Ground) -> None:
    """Warn where nearly all values of a band lie beyond the limits of the description: then its unit is a wrong one.

    Args:
        spec: what the network takes.
        images: the images, prepared.
        ground: what all of them show.
    """
    for entry in spec.inputs:
        for channel, (low, high) in zip(entry.shows, entry.clip, strict=False):
            if not isinstance(channel, ImageBand) or entry.unit == "8-bit":
                continue
            for bands in (bands for image in images if image.date == channel.date for bands in image.bands):
                band = channel.band, entry.unit
                if band not in bands.bands:
                    continue
                least, most = bands.limits(band, ground)
                if least >= high or most <= low:
                    log.warning(
                        "%s-event image: nearly all of band %s, %.4g to %.4g, lies beyond the limits %g and %g of the "
                        "model's description and is cut off. Check the unit it was described with (%s).",
                        channel.date, channel.band, least, most, low, high, entry.unit,
                    )  # fmt: skip
