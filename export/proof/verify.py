"""Proves the artifacts of an export on this machine: each with every engine and precision that can run it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from landslip.export.proof.answers import (
    KerasFile,
    Oracle,
    Reference,
    fp32_oracle,
    keras_oracle,
    reference_of,
    scene_tiles,
    stored_reference,
)
from landslip.export.proof.artifacts import Candidate, find_candidates
from landslip.export.proof.trials import Outcome, attempt, trials_of
from landslip.export.tiles import parity_tiles
from landslip.runtime.engines import BACKENDS
from landslip.runtime.environment import describe_environment
from landslip.runtime.errors import EngineError, InputMissingError, LandslipError
from landslip.runtime.onnx_file import OnnxFile
from landslip.runtime.parity import GATES, Gate
from landslip.runtime.record import landslip_version
from landslip.runtime.reference import TileSet

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VerifyRequest:
    """What to prove, and against what."""

    path: Path
    """Folder of artifacts, or one ONNX file."""
    reference: KerasFile | None = None
    """Network to ask; None for the reference tiles beside the artifacts."""
    scene: Path | None = None
    """SCENE.toml whose tiles are taken; None for the reference tiles."""
    engine: str = "auto"
    """Engine to try; ``auto`` for all."""
    device: str = "auto"
    """Where to run."""
    gates: Mapping[str, Gate] = field(default_factory=lambda: dict(GATES))
    """What each precision is allowed."""


@dataclass(frozen=True)
class VerifyReport:
    """What was proven."""

    outcomes: tuple[Outcome, ...]
    """One for each artifact, engine and precision."""
    references: Mapping[str, str]
    """What each model was compared with, by name."""
    gates: Mapping[str, Gate]
    """What each precision was allowed."""
    environment: dict[str, Any] = field(default_factory=describe_environment)
    """Where it was proven."""

    @property
    def exit_code(self) -> int:
        """0 when all that could be run passed, 1 when something failed, 4 when nothing could be run."""
        verdicts = {outcome.verdict for outcome in self.outcomes}
        if "FAIL" in verdicts:
            return LandslipError.exit_code
        return 0 if "PASS" in verdicts else EngineError.exit_code

    def as_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return {
            "landslip": landslip_version(),
            "verdict": {0: "PASS", 1: "FAIL", 4: "not run"}[self.exit_code],
            "references": dict(self.references),
            "gates": {name: limits_of(gate) for name, gate in self.gates.items()},
            "runs": [outcome.as_json() for outcome in self.outcomes],
            "environment": self.environment,
        }


def limits_of(gate: Gate) -> dict[str, Any]:
    """The limits a gate has."""
    return {name: value for name, value in vars(gate).items() if value not in (None, ())}


def verify(request: VerifyRequest) -> VerifyReport:
    """Run every artifact with every engine and precision of this machine, and compare it with its reference.

    Raises:
        InputError: there is no artifact, or no reference to compare with.
        UsageError: the reference needs what is not installed.
        EngineError: the reference cannot be computed here.
    """
    candidates = find_candidates(request.path)
    references: dict[str, Reference] = {}
    outcomes: list[Outcome] = []
    for candidate in candidates:
        file = candidate.file
        if candidate.fault is not None or file is None:
            outcomes.append(_untried(candidate))
            continue
        name = file.spec.name
        if name not in references:
            references[name] = _reference(request, candidates, candidate, file)
        outcomes += _tried(file, references[name], request)
    made_by = {name: reference.made_by for name, reference in references.items()}
    return VerifyReport(tuple(outcomes), made_by, request.gates)


def _untried(candidate: Candidate) -> Outcome:
    faults = () if candidate.fault is None else (candidate.fault,)
    return Outcome(candidate.path, "", "", objections=faults, not_run=candidate.undescribed)


def _tried(file: OnnxFile, reference: Reference, request: VerifyRequest) -> list[Outcome]:
    trials = list(trials_of(file, request.engine))
    if not trials:
        objection = BACKENDS[request.engine].objection(file)
        return [Outcome(file.path, request.engine, file.precision, not_run=objection)]
    return [attempt(trial, reference.answers, request.device, request.gates) for trial in trials]


def _reference(
    request: VerifyRequest, candidates: Sequence[Candidate], candidate: Candidate, file: OnnxFile
) -> Reference:
    if request.reference is None and request.scene is None:
        return stored_reference(candidate, file)
    oracle = (
        fp32_oracle(candidates, file.spec.name)
        if request.reference is None
        else keras_oracle(request.reference, candidate, file)
    )
    return reference_of(oracle, _tile_sets(request, candidate, file, oracle))


def _tile_sets(request: VerifyRequest, candidate: Candidate, file: OnnxFile, oracle: Oracle) -> list[TileSet]:
    if request.scene is not None:
        return [scene_tiles(request.scene, file.spec, oracle)]
    try:
        return [tiles for tiles, _ in stored_reference(candidate, file).answers]
    except InputMissingError:
        log.info("no reference tiles beside %s: taking generated ones", candidate.path.name)
        return [*parity_tiles(file.spec), scene_tiles(None, file.spec, oracle)]
