"""Engines for tests."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from landslip.runtime.artifacts.spec import ModelSpec, published_spec
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
