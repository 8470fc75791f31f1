"""The gate at the end of an export: each candidate is run by the engines it is meant for, before it gets its name.

The same code runs and judges as in ``landslip verify``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from onnx import ModelProto

from landslip.export.judging.trials import ReferenceSets, Trial, TrialOutcome, attempt
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.parity import Gate, Parity, violations
from landslip.runtime.engines import BACKENDS
from landslip.runtime.errors import EngineError


@dataclass(frozen=True)
class Rehearsal:
    """A way to run a candidate here."""

    graph: ModelProto
    """Graph that is run: the candidate itself, or what stands in for it."""
    engine: str = "onnxruntime"
    """Name of the engine."""
    precision: str | None = None
    """Number format it computes in; None for what the graph says."""
    note: str | None = None
    """Phrase that says why it is not quite what will be deployed; None if it is."""


@dataclass(frozen=True)
class Proof:
    """Result of a rehearsal."""

    engine: str
    """Name of the engine."""
    version: str
    """Version of the engine."""
    device: str
    """Device that the engine ran on."""
    precision: str
    """Number format that the engine computed in."""
    note: str | None
    """Phrase that says why it was not quite what will be deployed; None if it was."""
    figures: tuple[Parity, ...]
    """Distance from the reference, for each set of tiles."""

    def as_json(self) -> dict[str, Any]:
        """Plain values; the note only where there is one."""
        return {name: value for name, value in asdict(self).items() if name != "note" or value is not None}


@dataclass(frozen=True)
class Verdict:
    """Result of all rehearsals of a candidate."""

    proofs: tuple[Proof, ...]
    """Proofs, one for each rehearsal that ran."""
    objections: tuple[str, ...]
    """Reasons why the candidate fails, in phrases; empty if it passes."""

    @property
    def figures(self) -> list[Parity]:
        """Distances from the reference of all proofs."""
        return [figure for proof in self.proofs for figure in proof.figures]

    def passes(self, gate: Gate) -> bool:
        """Tell whether the candidate would pass another gate too."""
        return not self.objections and not any(violations(proof.figures, gate) for proof in self.proofs)


class Judge(Protocol):
    """Runs candidates and compares them with the reference."""

    @property
    def gates(self) -> Mapping[str, Gate]:
        """Gate of each precision."""
        ...

    def verdict(self, name: str, rehearsals: Sequence[Rehearsal]) -> Verdict:
        """Run a candidate in every way it is meant for.

        Args:
            name: file name of the artifact, for messages.
            rehearsals: how to run it.

        Raises:
            EngineError: an engine cannot be used here.
        """
        ...


class TileJudge:
    """Judges by held-out tiles, with the engines that map."""

    def __init__(self, sets: ReferenceSets, gates: Mapping[str, Gate], folder: Path) -> None:
        """Get ready.

        Args:
            sets: the tiles, and what the reference says of them.
            gates: what each precision is allowed.
            folder: for the files that are run; whoever made it removes it.
        """
        self.gates = gates
        self._sets, self._folder = sets, folder

    def verdict(self, name: str, rehearsals: Sequence[Rehearsal]) -> Verdict:
        """See :class:`Judge`."""
        outcomes = [self._outcome(_written(self._folder, name, each.graph), each) for each in rehearsals]
        proofs = [_proof(outcome, each.note) for outcome, each in zip(outcomes, rehearsals, strict=True)]
        return Verdict(tuple(proofs), tuple(phrase for outcome in outcomes for phrase in _phrases(outcome)))

    def _outcome(self, path: Path, rehearsal: Rehearsal) -> TrialOutcome:
        file = read_onnx_file(path)
        trial = Trial(file, BACKENDS[rehearsal.engine], rehearsal.precision or file.precision)
        outcome = attempt(trial, self._sets, "cpu", self.gates)
        if outcome.not_run is not None:
            raise EngineError(outcome.not_run)
        return outcome


class NumberJudge:
    """Judges a network without a description, which no engine of landslip can run, by random numbers."""

    def __init__(self, figures: Callable[[Path], list[Parity]], gates: Mapping[str, Gate], folder: Path) -> None:
        """Get ready.

        Args:
            figures: runs a file and measures how far it is from the network.
            gates: what each precision is allowed.
            folder: for the files that are run; whoever made it removes it.
        """
        self.gates = gates
        self._figures, self._folder = figures, folder

    def verdict(self, name: str, rehearsals: Sequence[Rehearsal]) -> Verdict:
        """See :class:`Judge`; all rehearsals are of fp32."""
        path = _written(self._folder, name, rehearsals[0].graph)
        figures = tuple(self._figures(path))
        proof = Proof("onnxruntime", version("onnxruntime"), "cpu", "fp32", "asked with random numbers", figures)
        return Verdict((proof,), tuple(f"it {phrase}" for phrase in violations(figures, self.gates["fp32"])))


def _written(folder: Path, name: str, graph: ModelProto) -> Path:
    stage = folder / "rehearsal"  # so that the file can have the name of the artifact
    stage.mkdir(exist_ok=True)
    path = stage / name
    path.write_bytes(graph.SerializeToString())
    return path


def halfway(gate: Gate) -> Gate:
    """A gate that allows half of what another one does."""
    figures = {name: getattr(gate, name) for name in ("max_abs", "mean_abs", "p99_9", "area")}
    halves = {name: limit / 2 for name, limit in figures.items() if limit is not None}
    return replace(gate, iou=None if gate.iou is None else (1 + gate.iou) / 2, **halves)


def _proof(outcome: TrialOutcome, note: str | None) -> Proof:
    return Proof(outcome.engine, outcome.version, outcome.device, outcome.precision, note, outcome.figures)


def _phrases(outcome: TrialOutcome) -> list[str]:
    return [f"with {outcome.engine} it {phrase}" if outcome.figures else phrase for phrase in outcome.objections]
