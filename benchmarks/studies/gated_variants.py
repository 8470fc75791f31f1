"""Engines and precisions that say what the network says: only these may be called the best."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from landslip.benchmarks.studies.variants import Variant
from landslip.export.judging.trials import TrialOutcome
from landslip.export.proof.verify import VerifyRequest, verify
from landslip.runtime.errors import InputError


def gate_objections(model: Path, variants: Iterable[Variant]) -> dict[Variant, str]:
    """Hold variants to the network, as ``landslip verify`` does.

    Args:
        model: folder of artifacts, or one ONNX file, that the variants are of.
        variants: what was opened.

    Returns:
        Phrase that says why a variant does not count; those within the gate of their precision are left out.
    """
    try:
        outcomes = verify(VerifyRequest(model)).outcomes
    except InputError as error:
        return dict.fromkeys(variants, f"nothing to compare it with. {error}")
    found = {(each.artifact.resolve(), each.engine, each.precision): each for each in outcomes}
    said = {
        variant: _objection(found.get((variant.path.resolve(), variant.engine, variant.precision)))
        for variant in variants
    }
    return {variant: objection for variant, objection in said.items() if objection}


def _objection(outcome: TrialOutcome | None) -> str:
    if outcome is None:
        return "it was not compared with the network"
    return outcome.not_run or "; ".join(outcome.objections)
