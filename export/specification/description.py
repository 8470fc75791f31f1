"""Description of a network: which rasters feed it, and what its output means. A Keras file does not say this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from landslip.runtime.artifacts.spec import ModelSpec, published_spec

Activation: TypeAlias = Literal["none", "sigmoid", "softmax"]
"""Function that makes confidences of what a network gives; ``none`` where it gives them itself."""


@dataclass(frozen=True)
class Served:
    """Part of what a network gives that becomes the output of the deployed graph."""

    output: str | int | None = None
    """Output of the network, by name or position; None for the only one."""
    activation: Activation = "none"
    """Function that is added to the graph, over all bands of the output."""
    bands: tuple[int, ...] = ()
    """Bands of the output that are kept, in this order; empty for the only one, or for
    :attr:`Description.output_band`. Where the spec has classes they are their confidences; where it has none, their
    sum is the confidence."""


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
    served: Served = Served()
    """Output that is served, and how."""


PUBLISHED_FEEDS = (0, 1, 2, 2)
"""Feeds of the published network: image before, image after, and [hillshade, slope] together."""


def published_description(name: str, source: str) -> Description:
    """The network of Prakash, Manconi & Loew (2021); see :func:`landslip.runtime.artifacts.spec.published_spec`."""
    return Description(published_spec(name, source), PUBLISHED_FEEDS)
