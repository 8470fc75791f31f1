"""INT8 graphs of a network for a backend: the fastest first, then such as are closer to fp32."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from onnx import ModelProto

from landslip.export.precisions.integer_graphs import integer_graph, integer_graph_facts
from landslip.export.precisions.integer_layers import convolutions, firsts, lasts, observed
from landslip.export.precisions.quantise import EVERYTHING, REDUCED, SCHEMES, Scheme, quantised
from landslip.export.precisions.ranges import activation_ranges
from landslip.export.precisions.sensitivity import Keeping, keepings, measured_layers, undecided_squares
from landslip.export.precisions.sixteen_bits import overflowing
from landslip.runtime.artifacts.reference_tiles import TileArrays
from landslip.runtime.errors import ModelError

log = logging.getLogger(__name__)

SPARE_WORK = 0.05
"""Share of the multiplications that may be kept in float for the sake of a margin."""
_SPARE_AMONG_INTEGERS = 0.01
"""Share that may be where everything else is in integers, and a layer in float costs the more."""
_MEASURED = 2
"""Calibration tiles that sensitivity is measured on."""
_NOTHING = Keeping((), 0.0)


@dataclass(frozen=True)
class Int8Graph:
    """One way to quantise a network."""

    graph: ModelProto
    """The graph in INT8."""
    scheme: Scheme
    """Scheme that it was quantised by."""
    kept: Keeping
    """Layers that stay in float although they could be quantised."""
    overflowing: tuple[str, ...]
    """Layers whose sums of two products may not fit into 16 bits, in which CPUs without VNNI add them up."""


class Quantiser:
    """Knows the ranges of a network's activations and makes INT8 graphs of it for one backend."""

    def __init__(
        self,
        model: ModelProto,
        calibration: TileArrays,
        target: str,
        *,
        square: int | None = None,
        reduced_range: bool = False,
    ) -> None:
        """Measure the ranges.

        Args:
            model: in fp32.
            calibration: tiles; those where the network sees most come first.
            target: backend that the graphs are for.
            square: edge of the parts of tiles that sensitivity is measured on, in pixels; None for whole tiles.
            reduced_range: weights of 7 bits, for CPUs without VNNI.

        Raises:
            ModelError: there is nothing to quantise, or the activations overflow.
        """
        self._alone, self._everything = SCHEMES[target], EVERYTHING.get(target)
        self._reduced = reduced_range
        if reduced_range:
            self._alone = replace(self._alone, largest=REDUCED)
        self._given, self._model = model, integer_graph(model, target)
        graph = self._model.graph
        self._ends = firsts(graph) | lasts(graph)
        self._names = [each.name for each in convolutions(graph, self._alone.kinds) if each.name not in self._ends]
        if not self._names:
            raise ModelError(
                f"{graph.name} has no convolution that could be quantised: the first and the last ones stay in "
                "float, and there are no others. Export it in fp32 or fp16."
            )
        self._calibration, self._square = calibration, square
        between = self._everything.between if self._everything else ()
        self._ranges = activation_ranges(self._model, observed(graph, self._alone.kinds, between), calibration)

    def graphs(self) -> Iterator[Int8Graph]:
        """INT8 graphs: everything in integers, then convolutions alone, and then fewer and fewer of these.

        Graphs with everything in integers are made for all CPUs, and so are those of reduced range: where sums of two
        products do not fit into 16 bits, they are left out.
        """
        for made in self._all_graphs():
            everywhere = made.scheme is self._everything or self._reduced
            if everywhere and made.overflowing:
                log.warning(
                    "%s in integers is left out: %s may overflow on CPUs without VNNI",
                    made.scheme.name,
                    ", ".join(made.overflowing),
                )
            else:
                yield made

    def _all_graphs(self) -> Iterator[Int8Graph]:
        """Every graph there is to try.

        Sensitivity is measured when more than one is wanted. Before less than everything is tried, everything is but
        the layers most worth it, as far as their work goes.
        """
        if self._everything is not None:
            yield self._graph(self._everything, _NOTHING)
            few = [keeping for keeping in self._keepings if keeping.work <= _SPARE_AMONG_INTEGERS]
            if few:
                yield self._graph(self._everything, few[-1])
        yield self._graph(self._alone, _NOTHING)
        for keeping in self._keepings:
            yield self._graph(self._alone, keeping)

    def facts(self, made: Int8Graph) -> dict[str, Any]:
        """Facts of a graph for its record."""
        return {
            "method": "least and greatest value of each activation; weights by error diffusion",
            "calibration_tiles": len(next(iter(self._calibration.values()))),
            "weight_bits": 7 if made.scheme.largest == REDUCED else 8,
            **({"fits_without_vnni": not made.overflowing} if self._everything else {}),
            "placing": made.scheme.name,
            **integer_graph_facts(self._given, self._model, self._alone.target),
            "quantised": len(self._names) - len(made.kept.layers),
            "in_float": {"ends": sorted(self._ends), "sensitive": list(made.kept.layers)},
            "sensitive_work": round(made.kept.work, 4),
        }

    @cached_property
    def _keepings(self) -> list[Keeping]:
        """Growing choices of layers to keep in float, by what each layer does when it alone is quantised."""
        few = {name: values[:_MEASURED] for name, values in self._calibration.items()}
        squares = few if self._square is None else undecided_squares(self._model, few, self._square)
        quantise = partial(self._quantised, self._alone)
        return list(keepings(measured_layers(self._model, quantise, self._names, squares)))

    def _graph(self, scheme: Scheme, kept: Keeping) -> Int8Graph:
        graph = self._quantised(scheme, kept.layers)
        return Int8Graph(graph, scheme, kept, tuple(overflowing(graph.graph)))

    def _quantised(self, scheme: Scheme, kept: Collection[str]) -> ModelProto:
        return quantised(self._model, self._ranges, scheme, self._ends | set(kept))
