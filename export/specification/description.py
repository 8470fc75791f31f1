"""Description of a network: which rasters feed it, and what its output means. A Keras file does not say this."""

from __future__ import annotations

from dataclasses import dataclass

from landslip.runtime.artifacts.spec import ModelSpec, published_spec


@dataclass(frozen=True)
class Description:
    """A network as the runtime sees it."""

    spec: ModelSpec
    """Inputs and output of the deployed graph."""
    feeds: tuple[int | str, ...]
    """Input of the network that each input of the spec belongs to, by position or name. Inputs of the spec that feed
    the same one are joined along the bands, in the order of the spec."""
    output_band: int | None = None
    """Band of the network's output that is the confidence; None where the output has a single one."""


PUBLISHED_FEEDS = (0, 1, 2, 2)
"""Feeds of the published network: image before, image after, and [hillshade, slope] together."""


def published_description(name: str, source: str) -> Description:
    """The network of Prakash, Manconi & Loew (2021); see :func:`landslip.runtime.artifacts.spec.published_spec`."""
    return Description(published_spec(name, source), PUBLISHED_FEEDS)
