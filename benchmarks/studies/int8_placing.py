"""INT8 as landslip places it, against convolutions alone in INT8: the speed of one thread, in turn."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import ModelProto

from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.benchmarks.measuring.timing import Timing, alternate
from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.studies.contest import ratio_finding
from landslip.export.folder.artifacts import find_candidates
from landslip.export.folder.export_options import Target
from landslip.export.folder.file_plan import PlannedArtifact, plan_artifacts
from landslip.export.judging.gate import TileJudge
from landslip.export.judging.scene_tiles import TileSource
from landslip.export.making.candidate_selection import select_candidate
from landslip.export.making.candidates import Candidate, Candidates
from landslip.export.precisions.graph_session import run_graph
from landslip.export.precisions.int8 import Quantiser
from landslip.export.precisions.integer_layers import firsts, lasts, observed
from landslip.export.precisions.quantise import SCHEMES, quantised
from landslip.export.precisions.ranges import activation_ranges
from landslip.export.precisions.sensitivity import confidence_of
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.parity import GATES, landslide_mask
from landslip.runtime.artifacts.reference_tiles import TileArrays, TileSet
from landslip.runtime.engines import BACKENDS, EngineOptions, open_engine
from landslip.runtime.errors import InputError

_ENGINES: dict[Target, str] = {"onnx": "onnxruntime", "openvino": "openvino"}
"""Engine of the CPU by target."""
_COLUMNS = (
    "engine", "in integers", "sensitive layers in float", "sums fit without VNNI", "IoU", "mean error",
    "tiles/s to convolutions alone", "lowest", "highest",
)  # fmt: skip


@dataclass(frozen=True)
class PlacingBench:
    """Options of the measurement."""

    model: Path
    """Folder of artifacts with one in fp32, or such an ONNX file."""
    targets: tuple[Target, ...] = ("onnx", "openvino")
    """Backends; those whose engine is not installed are left out."""
    repeats: int = 7
    """Measurements of each graph; the median counts."""
    tiles: int = 4
    """Tiles of each of them."""


@dataclass(frozen=True)
class _PlacedGraph:
    """A graph as landslip places it, and its speed."""

    engine: str
    candidate: Candidate
    iou: float
    mean_error: float
    ours: Timing
    alone: Timing


class _Calibrated:
    """A network in fp32, with the tiles that INT8 is calibrated on and judged by."""

    def __init__(self, file: OnnxFile) -> None:
        self.graph, self.spec = onnx.load(file.path), file.spec
        self._tiles = TileSource(file.spec)

    @cached_property
    def calibration(self) -> TileArrays:
        return self._tiles.tiles("calibration", self._sees)

    @cached_property
    def held_out(self) -> tuple[TileSet, NDArray[np.float64]]:
        tiles = TileSet("scene", self._tiles.tiles("held-out", self._sees))
        return tiles, confidence_of(self.graph, tiles.batch)

    def quantiser(self, target: Target) -> Quantiser:
        return Quantiser(self.graph, self.calibration, target)

    def convolutions_alone(self, target: Target) -> ModelProto:
        """INT8 in convolutions but the first and the last ones, of the graph as it is, with weights of 8 bits."""
        graph = self.graph.graph
        ranges = activation_ranges(self.graph, observed(graph), self.calibration)
        return quantised(self.graph, ranges, SCHEMES[target], firsts(graph) | lasts(graph))

    def _sees(self, batch: TileArrays) -> NDArray[Any]:
        spec = self.spec
        outputs = (each[0] for each in run_graph(self.graph, batch))
        return np.array([landslide_mask(each, spec.threshold, spec.landslide_bands).mean() for each in outputs])


def measure_placing(bench: PlacingBench) -> Report:
    """Settle INT8 for the engines of this machine as an export does, and time it against convolutions alone.

    Raises:
        InputError: there is no sound artifact in fp32.
        ParityError: no graph passes the gate.
    """
    network = _network(bench.model)
    with TemporaryDirectory() as name:
        folder = Path(name)
        targets: list[Target] = [target for target in bench.targets if BACKENDS[_ENGINES[target]].installed]
        planned = plan_artifacts(folder, network.spec.name, ("int8",), targets)
        placed = [_measured(each, network, bench, folder) for each in planned]
    return Report(
        name="placing",
        question="What does INT8 gain where sums, joins, poolings and enlargements stay in integers too?",
        settings=_settings(bench, network),
        tables=[Table("", _COLUMNS, [_row(each) for each in placed])],
        findings=dict(_findings(placed)),
    )


def _network(model: Path) -> _Calibrated:
    for found in find_candidates(model):
        file = found.file
        if file is not None and found.fault is None and file.precision == "fp32":
            return _Calibrated(file)
    raise InputError(f"{model} holds no sound artifact in fp32, which INT8 is made of. Export one.")


def _measured(planned: PlannedArtifact, network: _Calibrated, bench: PlacingBench, folder: Path) -> _PlacedGraph:
    """Settle and time the graph of one target."""
    judge = TileJudge([network.held_out], GATES, folder)
    candidates = Candidates(network.graph, network.quantiser).of(planned)
    candidate, verdict = select_candidate(planned, candidates, judge)
    graphs = {"placed": candidate.graph, "alone": network.convolutions_alone(planned.target)}
    timings = _timings(planned, graphs, bench, folder)
    (figure,) = verdict.figures
    engine = _ENGINES[planned.target]
    return _PlacedGraph(engine, candidate, figure.iou, figure.mean_abs, timings["placed"], timings["alone"])


def _timings(
    planned: PlannedArtifact, graphs: Mapping[str, ModelProto], bench: PlacingBench, folder: Path
) -> dict[str, Timing]:
    """Time that the processor spends on graphs, in turn, one tile a call."""
    options = EngineOptions(_ENGINES[planned.target], "cpu", batch=1, threads=1, precision="int8")
    with ExitStack() as stack:
        subjects = {}
        for name, graph in graphs.items():
            path = folder / f"{name}.{planned.path.name}"
            onnx.save(graph, path)
            engine = stack.enter_context(open_engine(path, options))
            subjects[name] = partial(RawEngine(engine, 1, engine.spec.tile).run, bench.tiles)
        return alternate(subjects, bench.repeats, clock=time.process_time)


def _settings(bench: PlacingBench, network: _Calibrated) -> dict[str, Any]:
    held_out = network.held_out[0]
    return {
        "network": network.spec.name,
        "compared_with": "INT8 in convolutions alone, the first and the last ones in float, weights of 8 bits",
        "tiles": f"{bench.tiles} of {network.spec.tile} pixels in each of {bench.repeats} repeats, after a warm-up",
        "time": "of the processor, with one thread; the graphs ran in turn",
        "judged_by": f"{held_out.count} held-out tiles of generated scenes, against the graph in fp32",
    }


def _row(placed: _PlacedGraph) -> tuple[Any, ...]:
    facts = placed.candidate.facts["quantisation"]
    ratios = placed.ours.ratios(placed.alone)
    return (
        placed.engine, placed.candidate.placing, len(facts["in_float"]["sensitive"]),
        "yes" if facts["fits_without_vnni"] else "no", placed.iou, placed.mean_error,
        placed.ours.ratio(placed.alone), min(ratios), max(ratios),
    )  # fmt: skip


def _findings(placed: Sequence[_PlacedGraph]) -> Iterator[tuple[str, Finding]]:
    for each in placed:
        yield f"{each.engine}_int8_vs_convolutions_alone", ratio_finding(each.ours, each.alone)
        yield f"{each.engine}_int8_iou", Finding(each.iou, "IoU", "higher", timed=False)
