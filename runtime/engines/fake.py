"""An engine without a network: deterministic, numpy only. For tests, and for measuring the pipeline by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.system.closing import Closing

Function = Callable[[Mapping[str, NDArray[Any]]], NDArray[np.float32]]


class FakeEngine(Closing):
    """Computes confidence from a batch with a plain function instead of a network."""

    name = "fake"
    version = np.__version__
    device = "cpu"
    precision = "fp32"

    def __init__(self, spec: ModelSpec, function: Function | None = None, *, lanes: int = 1) -> None:
        """Make an engine.

        Args:
            spec: the model it stands in for.
            function: from a batch to confidence (n, output bands of the spec, tile, tile) float32; by default the
                first band of the last 8-bit image input divided by 255, a value that depends on the place. Of several
                classes the last one is surest where that is 1, the first one where it is 0.
            lanes: calls that may be under way at once; ``function`` has to stand that.
        """
        self.spec, self.lanes = spec, lanes
        self._function = function or self._brightness

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """See :class:`landslip.runtime.engines.Engine`."""
        return self._function(batch)

    def _brightness(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        image = [entry.name for entry in self.spec.inputs if entry.dtype == "uint8" and entry.bands > 1][-1]
        confidence: NDArray[np.float32] = np.multiply(batch[image][:, :1], np.float32(1 / 255), dtype=np.float32)
        if not self.spec.classes:
            return confidence
        last = self.spec.output_bands - 1
        levels = np.arange(last + 1, dtype=np.float32).reshape(-1, 1, 1)
        shares: NDArray[np.float32] = np.maximum(1 - np.abs(confidence * last - levels), 0)
        return shares
