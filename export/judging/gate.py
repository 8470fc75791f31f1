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
from landslip.runtime.artifacts.feature_cut import can_share
from landslip.runtime.artifacts.onnx_file import read_onnx_file
from landslip.runtime.artifacts.parity import Gate, Parity, violations
from landslip.runtime.engines import BACKENDS
from landslip.runtime.engines.backends import run_precisions
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
    objections: tuple[str, ...] = ()
    """Reasons why it does not pass its gate, in phrases; empty if it does."""
    faithful_iou: float | None = None
    """IoU of the map with shared features and the one without; None where nothing is shared."""

    def as_json(self) -> dict[str, Any]:
        """Plain values, and whether it passes; what not every proof has only where there is some."""
        optional = ("note", "objections", "faithful_iou")
        found = {name: value for name, value in asdict(self).items() if name not in optional or value not in (None, ())}
        return {**found, "passes": not self.objections}


@dataclass(frozen=True)
class Verdict:
    """Result of all rehearsals of a candidate."""

    proofs: tuple[Proof, ...]
    """Proofs, one for each rehearsal that ran."""
    objections: tuple[str, ...]
    """Reasons why the candidate fails, in phrases; empty if it passes."""
    shared: tuple[Proof, ...] = ()
    """Proofs with shared features, which do not decide."""

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

    def further(self, name: str, rehearsals: Sequence[Rehearsal]) -> tuple[Proof, ...]:
        """Proofs of the other ways to run an artifact on this machine, which do not decide whether it is kept.

        Args:
            name: as for :meth:`verdict`.
            rehearsals: those that it passed.
        """
        ...

    def shared(self, name: str, rehearsals: Sequence[Rehearsal]) -> tuple[Proof, ...]:
        """Proofs of an artifact with shared features, with every engine and precision here that shares them.

        They do not decide whether it is kept. None where the graph has no such features.

        Args:
            name: as for :meth:`verdict`.
            rehearsals: those that it passed.
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
        outcomes = [self._outcome(self._trial(name, each)) for each in rehearsals]
        proofs = [_proof(outcome, each.note) for outcome, each in zip(outcomes, rehearsals, strict=True)]
        return Verdict(tuple(proofs), tuple(phrase for outcome in outcomes for phrase in _phrases(outcome)))

    def further(self, name: str, rehearsals: Sequence[Rehearsal]) -> tuple[Proof, ...]:
        """See :class:`Judge`: those in which an engine computes in its precision and another one, such as int8+bf16."""
        outcomes = [attempt(trial, self._sets, "cpu", self.gates) for trial in self._further(name, rehearsals)]
        return tuple(_proof(outcome, None) for outcome in outcomes if outcome.not_run is None)

    def shared(self, name: str, rehearsals: Sequence[Rehearsal]) -> tuple[Proof, ...]:
        """See :class:`Judge`."""
        trials = [*self._as_deployed(name, rehearsals), *self._further(name, rehearsals)]
        able = [trial for trial in trials if trial.backend.shares_features and can_share(trial.file)]
        outcomes = [attempt(trial, self._sets, "cpu", self.gates, share_features=True) for trial in able]
        return tuple(_proof(outcome, None) for outcome in outcomes if outcome.not_run is None)

    def _as_deployed(self, name: str, rehearsals: Sequence[Rehearsal]) -> list[Trial]:
        return [self._trial(name, each) for each in rehearsals if each.note is None]

    def _further(self, name: str, rehearsals: Sequence[Rehearsal]) -> list[Trial]:
        trials = self._as_deployed(name, rehearsals)
        return [replace(trial, precision=precision) for trial in trials for precision in _mixed(trial)]

    def _trial(self, name: str, rehearsal: Rehearsal) -> Trial:
        file = read_onnx_file(_written(self._folder, name, rehearsal.graph))
        return Trial(file, BACKENDS[rehearsal.engine], rehearsal.precision or file.precision)

    def _outcome(self, trial: Trial) -> TrialOutcome:
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
        objections = tuple(violations(figures, self.gates["fp32"]))
        asked = "asked with random numbers"
        proof = Proof("onnxruntime", version("onnxruntime"), "cpu", "fp32", asked, figures, objections)
        return Verdict((proof,), tuple(f"it {phrase}" for phrase in objections))

    def further(self, name: str, rehearsals: Sequence[Rehearsal]) -> tuple[Proof, ...]:
        """See :class:`Judge`: there are none."""
        del name, rehearsals
        return ()

    def shared(self, name: str, rehearsals: Sequence[Rehearsal]) -> tuple[Proof, ...]:
        """See :class:`Judge`: there are none."""
        del name, rehearsals
        return ()


def _mixed(trial: Trial) -> list[str]:
    """Precisions of a run on this machine that are that of a trial and another one."""
    able = run_precisions(trial.backend, trial.file, "cpu")
    return [precision for precision in able if precision.startswith(f"{trial.precision}+")]


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
    return Proof(
        outcome.engine, outcome.version, outcome.device, outcome.precision, note, outcome.figures, outcome.objections,
        outcome.faithful_iou,
    )  # fmt: skip


def _phrases(outcome: TrialOutcome) -> list[str]:
    return [f"with {outcome.engine} it {phrase}" if outcome.figures else phrase for phrase in outcome.objections]
