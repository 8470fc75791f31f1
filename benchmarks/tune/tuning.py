"""Tuning from end to end: find the artifacts, search, save what was found, and report it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from landslip.benchmarks.reports.report import Finding, Report, Table
from landslip.benchmarks.tune.engine_settings import Way, ways_of
from landslip.benchmarks.tune.search import MARGIN, Found, refine, try_all
from landslip.benchmarks.tune.shared_gain import with_gains
from landslip.benchmarks.tune.trial_speed import CALLS, Deadline, tiles_per_second
from landslip.export.folder.artifacts import FoundArtifact, find_candidates
from landslip.export.judging.trials import ReferenceSets
from landslip.export.proof.references import References
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.engines.cuda import probe_cuda
from landslip.runtime.engines.opening import DEVICES
from landslip.runtime.engines.tuned import TunedWay, Tuning, family_of, machine_here, tuning_folder, versions_here
from landslip.runtime.errors import EngineError, InputError, LandslipError, UsageError
from landslip.runtime.system.clock import now
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import output_errors, write_file
from landslip.runtime.tiling.presets import FAITHFUL, PRESETS

log = logging.getLogger(__name__)

_COLUMNS = (
    "artifact", "engine", "device", "precision", "batch", "threads", "shared features, ratio to without",
    "speed, ratio to the usual", "verdict",
)  # fmt: skip


@dataclass(frozen=True)
class TuneRequest:
    """Request to tune a model."""

    model: Path
    """An artifact, whose family in the same folder is tuned, or a folder of one family."""
    budget: float = 300.0
    """Seconds it may take; what is under way then is finished."""
    engine: str = "auto"
    """The only engine to try; ``auto`` for all but those that build an engine for minutes."""


@dataclass(frozen=True)
class Family:
    """The artifacts of one model."""

    named: FoundArtifact
    """The one the user names, or the most exact of a folder."""
    digest: str
    """Digest of what they have in common; see :func:`~landslip.runtime.engines.tuned.family_of`."""
    artifacts: tuple[FoundArtifact, ...]
    """Artifacts, the most exact first."""

    @property
    def files(self) -> list[OnnxFile]:
        """Descriptions of the artifacts."""
        return [each.file for each in self.artifacts if each.file is not None]


def tune(request: TuneRequest) -> tuple[Tuning, Report, Path]:
    """Find the fastest way to run each artifact of a family, and keep it for ``landslip map``.

    Returns:
        What was found, the report, and the file it is kept in.

    Raises:
        InputError: there is no sound artifact, or no reference to hold it to.
        UsageError: the folder holds several models, or no engine of that name runs the model.
        EngineError: nothing that runs here passes its gate.
        OutputError: what was found cannot be kept.
    """
    deadline = Deadline(request.budget)
    family = family_at(request.model)
    named = family.files[family.artifacts.index(family.named)]
    ways = ways_of(family.files, named, request.engine, _devices())
    if not ways:
        raise UsageError(f"{request.engine} runs none of the artifacts of {named.spec.name}. Take `engine` auto.")
    sets_of = _sets_of(family)
    found = try_all(ways, sets_of, deadline)
    passing = [each for each in found if each.passed]
    if not passing:
        raise EngineError(f"Nothing that runs here passes its gate. See why with: landslip verify {named.path.parent}")
    machine = machine_here()
    first = next((each for each in passing if each.way.file.path == named.path), passing[0])
    # Shared features gain about the same whatever the batch, and nobody would hear of them when the time is spent.
    likely = dict.fromkeys([first, max(passing, key=lambda each: each.tiles_per_second)])
    tried = dict(zip(likely, with_gains([*likely], sets_of, deadline), strict=True))
    found, first = [tried.get(each, each) for each in found], tried[first]
    results = with_gains(refine(found, first, machine["cores"], deadline), sets_of, deadline)
    tuning = Tuning(now(), named.spec.name, family.digest, machine, versions_here(), _tuned_ways(results))
    path = save_tuning(tuning)
    report = _report(request, results, passing[0], deadline)
    log.info("kept in %s", path)
    return tuning, report, path


def family_at(model: Path) -> Family:
    """The artifacts of the model that a file, or a folder of one model, is of.

    Raises:
        InputError: there is no sound artifact.
        UsageError: the folder holds several models.
    """
    candidates = find_candidates(model.parent if model.is_file() else model)
    sound = [each for each in candidates if each.file is not None and each.fault is None]
    for fault in (each.fault for each in candidates if each.fault is not None):
        log.warning("left out: %s", fault)
    families = {each.path: family_of(each.path, sha256_of(each.path)) for each in sound}
    named = next((each for each in sound if each.path == model or model.is_dir()), None)
    if named is None:
        why = next((each.fault or each.undescribed for each in candidates if each.path == model), None)
        raise InputError(why or f"model: {model} is no artifact of landslip export. Give the .onnx file.")
    if model.is_dir() and len(set(families.values())) > 1:
        raise UsageError(f"model: {model} holds artifacts of {len(set(families.values()))} models. Name one file.")
    digest = families[named.path]
    return Family(named, digest, tuple(each for each in sound if families[each.path] == digest))


def save_tuning(tuning: Tuning) -> Path:
    """Write a record into the user's config folder, in place of an earlier one of the same model and machine.

    Raises:
        OutputError: it cannot be written.
    """
    path = tuning_folder() / tuning.name
    with output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, tuning.to_json())
    return path


def _devices() -> list[str]:
    return [device for device in DEVICES if device != "cuda" or probe_cuda().problem is None]


def _sets_of(family: Family) -> Callable[[OnnxFile], ReferenceSets]:
    references = References(family.artifacts, None, None)
    by_file = {each.path: each for each in family.artifacts}

    def sets(file: OnnxFile) -> ReferenceSets:
        return references.of(by_file[file.path], file).sets

    return sets


def _tuned_ways(results: Sequence[Found]) -> tuple[TunedWay, ...]:
    return tuple(
        TunedWay(
            artifact=each.way.file.path.name, sha256=sha256_of(each.way.file.path), engine=each.way.trial.backend.name,
            device=each.way.device, precision=each.way.trial.precision, batch=each.way.batch,
            threads=each.way.threads, tiles_per_second=round(each.tiles_per_second, 4),
            shared_features=_factor(each),
        )
        for each in results if each.passed
    )  # fmt: skip


def _factor(found: Found) -> float | None:
    gain = found.shared
    return None if gain is None or gain.factor is None else round(gain.factor, 4)


def _report(request: TuneRequest, results: Sequence[Found], usual: Found, deadline: Deadline) -> Report:
    best = results[0]
    name, shared = best.way.spec.name, _factor(best)
    return Report(
        name=f"tune-{name}",
        question=f"What runs {name} fastest on this machine, within its gate?",
        settings={
            "best": str(best.way),
            "usual": f"{usual.way}: what is run without tuning",
            "tile": best.way.spec.tile,
            "measured": f"the engine alone, fed with noise; medians of {CALLS} or more calls after one that warms up",
            "compared": f"in turn with the best so far; what replaces it is at least {MARGIN:g} times as fast",
            "shared_features": "the same with features that overlapping tiles share, on a large map in faithful tiles; "
            "told where the halves pass the gate, and never taken by itself, as it changes the map",
            "gate": "as landslip verify, on the reference tiles beside the artifacts",
            "budget_seconds": request.budget,
        },
        tables=[Table("", _COLUMNS, [_row(each, usual) for each in results if each.outcome.not_run is None])],
        findings={
            "best_vs_usual": Finding(best.tiles_per_second / usual.tiles_per_second, better="higher"),
            **({} if shared is None else {"shared_features_vs_without": Finding(shared, better="higher")}),
            **{f"{name}_vs_faithful_km2": Finding(ratio) for name, ratio in _presets(best.way, deadline).items()},
        },
    )


def _row(found: Found, usual: Found) -> tuple[Any, ...]:
    way, gain = found.way, found.shared
    speed = found.tiles_per_second / usual.tiles_per_second if found.passed else None
    verdict = found.outcome.verdict if found.is_refined or not found.passed else "PASS, not refined"
    return (
        way.file.path.name, way.trial.backend.name, way.device, way.trial.precision, way.batch,
        way.threads or None, None if gain is None else gain.factor or gain.verdict, speed, verdict,
    )  # fmt: skip


def _presets(way: Way, deadline: Deadline) -> dict[str, float]:
    """Ground the best way covers in the other presets, as a ratio to the faithful one; as far as the time goes."""
    speeds: dict[str, float] = {}
    for name, preset in PRESETS.items():
        tile = preset.times * way.spec.tile
        if deadline.is_over or (way.spec.fixed and preset.times > 1):
            break
        fewer = replace(way, batch=max(1, way.batch // preset.times**2))
        hop = tile * (1 - preset.overlap_of(way.spec, tile))
        try:
            speeds[name] = tiles_per_second(fewer, tile) * hop**2
        except (LandslipError, MemoryError) as error:
            log.info("tiles of %d pixels do not run: %s", tile, error)
    usual = speeds.pop(FAITHFUL, None)
    return {} if usual is None else {name: speed / usual for name, speed in speeds.items()}
