"""Bands of a network's output that become the output of the deployed graph, and what is made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.export.specification.description import Activation, Description
from landslip.runtime.errors import ModelError


@dataclass(frozen=True)
class KeptBands:
    """Way from a network's output to confidences: an activation over all its bands, then some of them, or their sum."""

    activation: Activation = "none"
    """Function that is added, over all bands."""
    bands: tuple[int, ...] = (0,)
    """Bands that are kept, in this order."""
    count: int = 1
    """Number of bands of the network's output."""
    classes: bool = False
    """True where each kept band is the confidence of a class; False where their sum is the one confidence."""

    @property
    def all_in_order(self) -> bool:
        """Tell whether every band is kept where it is."""
        return self.bands == tuple(range(self.count))


ONE_BAND = KeptBands()
"""The only band as it is."""


def kept_bands(bands: int, description: Description, served: str, where: str) -> KeptBands:
    """Bands to keep of an output.

    Args:
        bands: number of bands of the output.
        description: says which are kept.
        served: name of the output, for messages.
        where: name of the file, for messages.

    Raises:
        ModelError: the output has other bands than the description says, or they are no confidences together.
    """
    classes = description.spec.classes
    chosen = description.served.bands or _one_band(bands, description, served, where)
    if not description.served.bands and classes:
        chosen = tuple(range(bands))
    given = f"{where}: output {served!r} has {bands} band{'s' * (bands != 1)}"
    if beyond := [band for band in chosen if not 0 <= band < bands]:
        raise ModelError(f"{given}, so there is no band {beyond[0]}.")
    if len(set(chosen)) < len(chosen):
        raise ModelError(f"{where}: the description keeps a band of output {served!r} twice. Name each band once.")
    if classes and len(chosen) != len(classes):
        names = ", ".join(each.name for each in classes)
        raise ModelError(
            f"{given}, and the description names {len(classes)} classes ({names}). Name each band, in the order of the "
            "network (classes)."
        )
    activation = description.served.activation
    if activation == "softmax" and bands == 1:
        raise ModelError(
            f'{given}, whose softmax is 1 everywhere. Give activation = "sigmoid", or another output of the network.'
        )
    if activation == "sigmoid" and len(chosen) > 1:
        raise ModelError(
            f"{given}, {len(chosen)} of which make up the confidence, and a sigmoid gives each a confidence of its own "
            'that can add up to more than 1. Give activation = "softmax", or keep a single band (band).'
        )
    return KeptBands(activation, chosen, bands, bool(classes))


def _one_band(bands: int, description: Description, served: str, where: str) -> tuple[int, ...]:
    band = description.output_band
    if band is None and bands != 1 and not description.spec.classes:
        raise ModelError(
            f"{where}: output {served!r} has {bands} bands; one is expected. Say which one is the confidence "
            "(output_band), or name what each band stands for (classes)."
        )
    return (band or 0,)


def confidences(answer: NDArray[np.floating], kept: KeptBands) -> NDArray[np.floating]:
    """Confidences from what a network gives, computed in the type of its numbers.

    Args:
        answer: (n, rows, cols, bands).
        kept: what is kept.

    Returns:
        (n, bands, rows, cols): one band, or one for each class.
    """
    found = _ACTIVATIONS[kept.activation](answer)[..., list(kept.bands)]
    if not kept.classes:
        found = found.sum(axis=-1, keepdims=True)
    return np.moveaxis(found, -1, 1)


def _sigmoid(values: NDArray[np.floating]) -> NDArray[np.floating]:
    # Of minus the distance from 0 alone, so that nothing overflows.
    small = np.exp(-np.abs(values))
    found: NDArray[np.floating] = np.where(values >= 0, 1, small) / (1 + small)
    return found


def _softmax(values: NDArray[np.floating]) -> NDArray[np.floating]:
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    shares: NDArray[np.floating] = powers / powers.sum(axis=-1, keepdims=True)
    return shares


_ACTIVATIONS: dict[Activation, Callable[[NDArray[np.floating]], NDArray[np.floating]]] = {
    "none": lambda values: values,
    "sigmoid": _sigmoid,
    "softmax": _softmax,
}
