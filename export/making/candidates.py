"""Graphs to try for each artifact, the preferred one first, and how to run them here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from onnx import ModelProto

from landslip.export.folder.export_options import Target
from landslip.export.folder.file_plan import PlannedArtifact
from landslip.export.judging.gate import Rehearsal
from landslip.export.precisions.half import half, rounding
from landslip.export.precisions.int8 import Quantiser
from landslip.export.precisions.surgery import checked, labelled
from landslip.runtime.errors import ModelError

_ROUNDED = "every value rounded to fp16, as hardware does that has it; as it is, onnxruntime computes it in fp32"
_IN_PLACE = "in place of TensorRT, which has not run it"


@dataclass(frozen=True)
class Candidate:
    """A graph that may become an artifact."""

    graph: ModelProto
    """The graph itself."""
    rehearsals: tuple[Rehearsal, ...]
    """Ways to run it here."""
    float_work: float = 0.0
    """Share of the multiplications that are kept in float although they could be quantised, 0..1."""
    placing: str = ""
    """Name of the extent of what is quantised; candidates of another one run at another speed."""
    summary: str = ""
    """Phrase that distinguishes it from others, for the log."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Facts for its record."""


class Candidates:
    """Makes candidates from the fp32 graph."""

    def __init__(self, graph: ModelProto, quantiser: Callable[[Target], Quantiser] | None = None) -> None:
        """Get ready; nothing is computed before it is needed.

        Args:
            graph: in fp32.
            quantiser: makes the one of this graph for a target; int8 needs it.
        """
        self._graph, self._quantiser = graph, quantiser

    def of(self, planned: PlannedArtifact) -> Iterator[Candidate]:
        """Graphs for a product: the fastest first, and then such as are closer to fp32.

        Raises:
            ModelError: the network cannot be brought to that precision.
        """
        if planned.precision == "int8":
            yield from self._int8(planned)
        elif planned.precision == "fp16":
            graph = half(self._graph)
            yield Candidate(graph, (*_as_it_is(graph, planned), Rehearsal(rounding(graph), note=_ROUNDED)))
        else:
            yield Candidate(self._graph, _as_it_is(self._graph, planned))

    def _int8(self, planned: PlannedArtifact) -> Iterator[Candidate]:
        if self._quantiser is None:
            raise ModelError(f"{self._graph.graph.name} has no tiles to calibrate int8 on.")
        quantiser = self._quantiser(planned.target)
        for made in quantiser.graphs():
            graph, placing, layers = checked(made.graph), made.scheme.name, made.kept.layers
            summary = f"{placing} in integers" + (f", {len(layers)} sensitive layers in float" if layers else "")
            facts = {"quantisation": quantiser.facts(made)}
            yield Candidate(graph, _as_it_is(graph, planned), made.kept.work, placing, summary, facts)


def _as_it_is(graph: ModelProto, planned: PlannedArtifact) -> tuple[Rehearsal, ...]:
    if planned.target == "tensorrt":
        copy = ModelProto()
        copy.CopyFrom(graph)
        return (Rehearsal(labelled(copy, planned.precision), note=_IN_PLACE),)
    # OpenVINO's CPU has no fp16 but on a few of the latest processors; it computes such a file in fp32 on any.
    single = {"openvino": "fp32"} if planned.precision == "fp16" else {}
    return tuple(Rehearsal(graph, engine, single.get(engine)) for engine in planned.engines)
