"""Warnings of what the record beside an artifact says of it, before a map is made with it."""

from __future__ import annotations

import logging
from pathlib import Path

from landslip.runtime.artifacts.record_beside import record_beside
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.engines import Engine
from landslip.runtime.system.machine import lacks_vnni
from landslip.runtime.untrusted.printable import printable

log = logging.getLogger(__name__)

_ADDS_IN_16_BITS = "openvino"
"""Engine that has no other way on x86 processors without VNNI; ONNX Runtime is told to take one."""

_MOST = 300
"""Characters of what a record says."""


def warn_of_record(model: Path, sha256: str, engine: Engine, *, shares: bool = False) -> None:
    """Warn where nothing is proven of an artifact, or where it failed or may fail as it is about to be run.

    A record says what was proven of a file with a certain checksum, and of no other. An artifact is kept for what it
    does in its own precision; its record tells where it does not pass in one that only a run has.

    Args:
        model: the artifact.
        sha256: its digest.
        engine: what runs it.
        shares: whether overlapping tiles share features.
    """
    recorded = record_beside(model)
    if recorded is None:
        return
    if recorded.artifact.sha256 != sha256:
        log.warning(
            "%s is not the file that %s was written for (its SHA-256 differs): nothing is proven of it. Copy or export "
            "it again.", model, record_path(model).name,
        )  # fmt: skip
        return
    if recorded.may_overflow and engine.name == _ADDS_IN_16_BITS and lacks_vnni():
        log.warning(
            "%s has sums that do not fit into 16 bits, in which %s adds them up on this processor, without VNNI: the "
            "map may be wrong. Take the fp32 artifact here, or make another: landslip export --reduced-range.",
            model.name, engine.name,
        )  # fmt: skip
    if recorded.parity is None:
        return
    if failed := recorded.parity.objections(engine.name, engine.precision, shared=True) if shares else []:
        log.warning(
            "%s did not pass its gate with shared features when it was exported: in %s with %s it %s. Leave out "
            "`share_features` to map as it was proven.",
            model.name, engine.precision, engine.name, printable("; ".join(failed), _MOST),
        )  # fmt: skip
    if failed := recorded.parity.objections(engine.name, engine.precision):
        log.warning(
            "%s did not pass its gate in %s when it was exported: with %s it %s. Leave out `precision` to compute it "
            "as it was exported.", model.name, engine.precision, engine.name, printable("; ".join(failed), _MOST),
        )  # fmt: skip
