"""INT8 graphs of a network, each closer to fp32 than the one before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from onnx import ModelProto

from landslip.export.precisions.quantise import FULL, REDUCED, Scheme, convolutions, ends, observed, quantised
from landslip.export.precisions.ranges import activation_ranges
from landslip.export.precisions.sensitivity import Keeping, keepings, measured_layers, undecided_squares
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.errors import ModelError

_MEASURED = 2
"""Calibration tiles that sensitivity is measured on."""


class Quantiser:
    """Knows the ranges of a network's activations and makes INT8 graphs of it."""

    def __init__(
        self, model: ModelProto, calibration: TileArrays, *, square: int | None = None, reduced_range: bool = False
    ) -> None:
        """Measure the ranges.

        Args:
            model: in fp32.
            calibration: tiles; those where the network sees most come first.
            square: edge of the parts of tiles that sensitivity is measured on, in pixels; None for whole tiles.
            reduced_range: weights of 7 bits, for CPUs without VNNI.

        Raises:
            ModelError: there is nothing to quantise, or the activations overflow.
        """
        self._model = model
        self._ends = ends(model.graph)
        self._names = [node.name for node in convolutions(model.graph) if node.name not in self._ends]
        if not self._names:
            raise ModelError(
                f"{model.graph.name} has no convolution that could be quantised: the first and the last ones stay in "
                "float, and there are no others. Export it in fp32 or fp16."
            )
        self._calibration, self._square = calibration, square
        self._ranges = activation_ranges(model, observed(model.graph), calibration)
        self._largest = REDUCED if reduced_range else FULL

    def graphs(self, scheme: Scheme) -> Iterator[tuple[Keeping, ModelProto]]:
        """INT8 graphs with more and more layers kept in float; sensitivity is measured when more than one is wanted."""
        nothing = Keeping((), 0.0)
        yield nothing, self._graph(scheme, ())
        quantise = partial(self._graph, scheme)
        few = {name: values[:_MEASURED] for name, values in self._calibration.items()}
        squares = few if self._square is None else undecided_squares(self._model, few, self._square)
        for keeping in keepings(measured_layers(self._model, quantise, self._names, squares)):
            yield keeping, quantise(keeping.layers)

    def facts(self, keeping: Keeping) -> dict[str, Any]:
        """Facts of a graph for its record."""
        return {
            "method": "least and greatest value of each activation; weights by error diffusion",
            "calibration_tiles": len(next(iter(self._calibration.values()))),
            "weight_bits": 7 if self._largest == REDUCED else 8,
            "quantised": len(self._names) - len(keeping.layers),
            "in_float": {"ends": sorted(self._ends), "sensitive": list(keeping.layers)},
            "sensitive_work": round(keeping.work, 4),
        }

    def _graph(self, scheme: Scheme, kept: Collection[str]) -> ModelProto:
        return quantised(self._model, self._ranges, scheme, self._ends | set(kept), self._largest)
