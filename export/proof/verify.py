"""Proves the artifacts of an export on this machine: each with every engine and precision that can run it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from landslip.export.folder.artifacts import FoundArtifact, find_candidates
from landslip.export.judging.trials import TrialOutcome, attempt, trials_of
from landslip.export.proof.proof_reference import NetworkFile, ProofReference
from landslip.export.proof.references import References
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.parity import GATES, Gate
from landslip.runtime.engines import BACKENDS
from landslip.runtime.errors import EngineError, InputError, LandslipError
from landslip.runtime.system.machine import describe_environment
from landslip.runtime.system.versions import landslip_version

_VERDICTS = {
    0: "PASS",
    LandslipError.exit_code: "FAIL",
    InputError.exit_code: "nothing to compare",
    EngineError.exit_code: "not run",
}


@dataclass(frozen=True)
class VerifyRequest:
    """Request to prove artifacts: which, and against what."""

    path: Path
    """Folder of artifacts, or one ONNX file."""
    reference: NetworkFile | None = None
    """Network to ask; None for the reference tiles beside the artifacts."""
    scene: Path | None = None
    """SCENE.toml whose tiles are taken; None for the reference tiles."""
    engine: str = "auto"
    """Engine to try; ``auto`` for all."""
    device: str = "auto"
    """Device to run on."""
    precision: str = "auto"
    """Number format to compute in; ``auto`` for all that an engine can compute an artifact in."""
    gates: Mapping[str, Gate] = field(default_factory=lambda: dict(GATES))
    """Gate of each precision."""
    share_features: bool = False
    """Compute features apart, as maps with shared features do; engines that do not share are not run."""


@dataclass(frozen=True)
class VerifyReport:
    """Report of what was proven."""

    outcomes: tuple[TrialOutcome, ...]
    """Outcomes, one for each artifact, engine and precision."""
    references: Mapping[str, str]
    """Name of what each model was compared with, by name of the model."""
    gates: Mapping[str, Gate]
    """Gate that each precision had to pass."""
    environment: dict[str, Any] = field(default_factory=describe_environment)
    """Machine and versions that it was proven with."""

    @property
    def passed(self) -> bool:
        """Tell whether something was compared, and all of it passed."""
        return self.exit_code == 0

    @property
    def exit_code(self) -> int:
        """0 when all that could be run passed, 1 when something failed.

        3 when nothing could be compared whatever runs here, 4 when nothing could be run.
        """
        verdicts = {outcome.verdict for outcome in self.outcomes}
        if "FAIL" in verdicts:
            return LandslipError.exit_code
        if "PASS" in verdicts:
            return 0
        lacks_engine = any(outcome.verdict == "not run" and outcome.engine for outcome in self.outcomes)
        return EngineError.exit_code if lacks_engine else InputError.exit_code

    def as_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {
            "landslip": landslip_version(),
            "verdict": _VERDICTS[self.exit_code],
            "references": dict(self.references),
            "gates": {name: limits_of(gate) for name, gate in self.gates.items()},
            "runs": [outcome.as_json() for outcome in self.outcomes],
            "environment": self.environment,
        }


def limits_of(gate: Gate) -> dict[str, Any]:
    """The limits a gate has."""
    return {name: value for name, value in vars(gate).items() if value not in (None, ())}


def limits_in_words(gate: Gate) -> str:
    """The limits a gate has, without the kinds of tiles."""
    limits = limits_of(replace(gate, kinds=()))
    times = limits.pop("keras_float32", None)
    keras = "" if times is None else f" or {times:g} times what the network in float32 does"
    words = {name: f"{name} {'>=' if name == 'iou' else '<='} {value:g}" for name, value in limits.items()}
    return ", ".join(text + (keras if name == "max_abs" else "") for name, text in words.items())


def verify(request: VerifyRequest) -> VerifyReport:
    """Run every artifact with every engine and precision of this machine, and compare it with its reference.

    An artifact that has no reference of its own fails, and the others are tried.

    Raises:
        InputError: there is no artifact, or nothing to compare any of them with.
        UsageError: the reference needs an option, or what is not installed.
        EngineError: the reference cannot be computed here.
    """
    candidates = find_candidates(request.path)
    references = References(candidates, request.reference, request.scene)
    outcomes: list[TrialOutcome] = []
    refusals: list[InputError] = []
    made_by: dict[str, str] = {}
    for candidate in candidates:
        file = candidate.file
        if candidate.fault is not None or file is None:
            outcomes.append(_untried(candidate))
            continue
        try:
            reference = references.of(candidate, file)
        except InputError as error:
            refusals.append(error)
            outcomes.append(TrialOutcome(candidate.path, "", "", objections=(str(error),)))
            continue
        made_by.setdefault(file.spec.name, reference.made_by)
        outcomes += _tried(file, reference, request)
    if len(refusals) == len(outcomes) and len({str(error) for error in refusals}) == 1:
        raise refusals[0]
    return VerifyReport(tuple(outcomes), made_by, request.gates)


def _untried(candidate: FoundArtifact) -> TrialOutcome:
    faults = () if candidate.fault is None else (candidate.fault,)
    return TrialOutcome(candidate.path, "", "", objections=faults, not_run=candidate.undescribed)


def _tried(file: OnnxFile, reference: ProofReference, request: VerifyRequest) -> list[TrialOutcome]:
    trials = list(trials_of(file, request.engine, request.precision))
    if not trials:
        return [_unable(file, request)]
    outcomes = [
        attempt(trial, reference.sets, request.device, request.gates, share_features=request.share_features)
        for trial in trials
    ]
    return [_marked(outcome, reference) for outcome in outcomes]


def _unable(file: OnnxFile, request: VerifyRequest) -> TrialOutcome:
    """Outcome for an artifact that nothing runs as asked."""
    engine = "" if request.engine == "auto" else request.engine
    precision = file.precision if request.precision == "auto" else request.precision
    why = BACKENDS[engine].objection(file, request.precision) if engine else f"no engine computes it in {precision}."
    return TrialOutcome(file.path, engine, precision, not_run=why)


def _marked(outcome: TrialOutcome, reference: ProofReference) -> TrialOutcome:
    """An outcome that says so if it is the reference that was compared with itself."""
    same = outcome.artifact == reference.artifact and (outcome.engine, outcome.device) == ("onnxruntime", "cpu")
    return replace(outcome, is_reference=same and not outcome.objections)
