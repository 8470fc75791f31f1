"""Engines for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from landslip.runtime.artifacts.spec import ClassSpec, ModelSpec, published_spec
from landslip.runtime.engines import FakeEngine

SPEC = published_spec("test", "tests/helpers/engines.py")


def mixture(batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """A value of 0..1 that depends on every input and on the place inside the tile: (n, 1, T, T) float32."""
    tile = batch["pre"].shape[-1]
    ramp = np.linspace(0, 1, tile, dtype=np.float32)
    vignette = np.minimum.outer(ramp, ramp[::-1])
    parts = [
        batch["pre"].astype(np.float32).mean(1, keepdims=True) / 255,
        batch["post"].astype(np.float32).max(1, keepdims=True) / 255,
        batch["hillshade"].astype(np.float32) / 255,
        batch["slope"] / np.float32(90),
        np.broadcast_to(vignette, batch["slope"].shape),
    ]
    return np.mean(parts, axis=0, dtype=np.float32)


def mixing_engine(spec: ModelSpec = SPEC) -> FakeEngine:
    """An engine that gives :func:`mixture`."""
    return FakeEngine(spec, mixture)


def constant_engine(value: float) -> FakeEngine:
    """An engine that gives one value everywhere."""
    return FakeEngine(SPEC, lambda batch: np.full_like(batch["slope"], value))


CLASS_SPEC = replace(
    SPEC,
    classes=(
        ClassSpec("background", False),
        ClassSpec("debris flow", True),
        ClassSpec("open water", False),
        ClassSpec("rock fall", True),
    ),
)
"""Spec of a network that tells four classes apart, two of which mean landslide."""

CLASS_WEIGHTS = np.float32(
    [
        [0.0113, 0.0171, 0, 0, 0, 0, 0, 0.0217],
        [-9.013, 0, 0, 0, 11.07, 0, 0, 0],
        [0, -4.051, 0, 0, 0, 0, 6.029, 0],
        [0, 0, -5.037, 9.019, 0, 0, -1.043, 0],
    ]
)
"""Weights (classes, bands) of a network of one layer, whose softmax over its classes is :func:`class_mixture`: image
bands in 0..1 of pre and post, then hillshade, then slope in degrees."""


def class_mixture(batch: Mapping[str, np.ndarray]) -> np.ndarray:
    """Confidences of four classes: (n, 4, T, T) float32, which add up to 1."""
    parts = [batch[name].astype(np.float32) / np.float32(255) for name in ("pre", "post", "hillshade")]
    bands = np.concatenate([*parts, batch["slope"]], axis=1)
    logits = np.einsum("cb,nbij->ncij", CLASS_WEIGHTS, bands)
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True)).astype(np.float32)


def class_engine(spec: ModelSpec = CLASS_SPEC) -> FakeEngine:
    """An engine that gives :func:`class_mixture`."""
    return FakeEngine(spec, class_mixture)
