"""An engine that shares features and is no network, and what its maps have to be equal to."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from helpers.engines import SPEC
from landslip.runtime.artifacts.feature_cut import FeatureValue, SharedFeatures
from landslip.runtime.engines import FakeEngine

REACH = 3
"""Pixels to each side that its features see."""

NAME = "blurred"
"""Name of its features."""


def blurred(bands: np.ndarray) -> np.ndarray:
    """Each pixel of (..., rows, cols) as the mean of a square around it, where all beyond the edge is zero."""
    edge = 2 * REACH + 1
    rim = [(0, 0)] * (bands.ndim - 2) + [(REACH, REACH)] * 2
    views = np.lib.stride_tricks.sliding_window_view(np.pad(bands.astype(np.int64), rim), (edge, edge), (-2, -1))
    return (views.sum((-2, -1)) / (255 * edge * edge)).astype(np.float32)


class BlurringEngine(FakeEngine):
    """Its feature is the blurred brightness of the second image, and its confidence is that feature."""

    def __init__(self) -> None:
        super().__init__(SPEC, lambda batch: batch[NAME][:, :1].copy())
        self.shared = SharedFeatures((FeatureValue(NAME, 2, "float32"),), REACH)
        self.calls: list[int] = []
        """Pieces that hold anything, by call."""

    def features(self, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See :class:`landslip.runtime.engines.protocol.SharingEngine`."""
        self.calls.append(len(batch["post"]))
        return {NAME: blurred(batch["post"][:, :2])}
