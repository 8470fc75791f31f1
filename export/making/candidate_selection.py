"""Choice of the candidate that becomes the artifact."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from landslip.export.folder.file_plan import PlannedArtifact
from landslip.export.judging.gate import Judge, Verdict, halfway
from landslip.export.making.candidates import Candidate
from landslip.export.precisions.int8 import SPARE_WORK
from landslip.runtime.artifacts.parity import Gate, Parity, loosened
from landslip.runtime.errors import ParityError

log = logging.getLogger(__name__)


def select_candidate(
    planned: PlannedArtifact, candidates: Iterable[Candidate], judge: Judge
) -> tuple[Candidate, Verdict]:
    """The first candidate that passes its gate.

    Held-out tiles are few, and other scenes will differ: if for little more work in float a candidate strays by half of
    what the gate allows, that one is taken instead.

    Raises:
        ParityError: none passes.
        EngineError: an engine cannot be used here.
    """
    gate = judge.gates[planned.precision]
    passing: tuple[Candidate, Verdict] | None = None
    verdict: Verdict | None = None
    for candidate in candidates:
        if passing is not None and _costs_too_much(candidate, passing[0]):
            break
        verdict = judge.verdict(planned.path.name, candidate.rehearsals)
        _tell(planned, candidate, [figure for figure in verdict.figures if gate.decides(figure)])
        if verdict.passes(halfway(gate)):
            return candidate, verdict
        if verdict.passes(gate) and passing is None:
            passing = candidate, verdict
            if planned.precision == "int8":  # others have no second candidate
                log.info("%s%s: passes; looking for more margin", planned.path.name, _which(candidate))
    if passing is None:
        reasons = "; ".join(verdict.objections) if verdict else "there is no graph to try"
        remedy = _remedy(planned, verdict, gate)
        raise ParityError(
            f"{planned.path.name}: strays from the network it was made from: {reasons}. It was not kept.{remedy}"
        )
    return passing


def _costs_too_much(candidate: Candidate, passing: Candidate) -> bool:
    """Tell whether a candidate is too much slower than one that passes to be tried for the sake of a margin."""
    return candidate.placing != passing.placing or candidate.float_work > SPARE_WORK


def _remedy(planned: PlannedArtifact, verdict: Verdict | None, gate: Gate) -> str:
    """The options that would let it pass."""
    limits = loosened(verdict.figures, gate) if verdict else []
    options = " ".join(f"`limits` {planned.precision}:{limit}" for limit in limits)
    return options and f" If that is near enough for you, allow it: {options}."


def _which(candidate: Candidate) -> str:
    return candidate.summary and f", {candidate.summary}"


def _tell(planned: PlannedArtifact, candidate: Candidate, figures: Sequence[Parity]) -> None:
    known = [figure.keras_float32.max_abs for figure in figures if figure.keras_float32 is not None]
    if known and planned.precision == "fp32":
        log.info(
            "%s: differs by up to %.1e, and the network itself in float32 by up to %.1e",
            planned.path.name,
            max(figure.max_abs for figure in figures),
            max(known),
        )
    elif figures:
        log.info(
            "%s%s: differs by %.1e in the mean, IoU %.4f",
            planned.path.name,
            _which(candidate),
            max(figure.mean_abs for figure in figures),
            min(figure.iou for figure in figures),
        )
