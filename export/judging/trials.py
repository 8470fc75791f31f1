"""Runs artifacts with the engines of this machine, and measures how far they are from the reference."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.judging.shared_map import SideBySide, overlap_of_masks, scene_tiles
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.parity import Gate, Parity, compare, shared_violations, violations
from landslip.runtime.artifacts.reference_tiles import TileSet
from landslip.runtime.engines import BACKENDS, Backend, Engine, EngineOptions
from landslip.runtime.engines.protocol import sharing
from landslip.runtime.errors import EngineError, LandslipError

log = logging.getLogger(__name__)

ReferenceSets = Sequence[tuple[TileSet, NDArray[Any]]]
"""Tiles, and the confidence (n, bands, tile, tile) that the reference gives them: one band, or one for each class."""

_LOOSER = ("fp32", "fp16", "bf16", "int8", "int8+bf16")
"""Precisions by what their gates allow, the strictest first."""

_BATCH = 4
"""Most tiles per call."""


@dataclass(frozen=True)
class Trial:
    """One way to run an artifact."""

    file: OnnxFile
    """The artifact."""
    backend: Backend
    """Backend that runs the artifact."""
    precision: str
    """Number format that is computed in."""

    @property
    def judged_as(self) -> str:
        """Precision whose gate applies: the looser of the artifact's and the run's."""
        return max(self.file.precision, self.precision, key=_LOOSER.index)


@dataclass(frozen=True)
class TrialOutcome:
    """Result of a trial."""

    artifact: Path
    """The file."""
    engine: str
    """Name of the engine, empty where none was tried."""
    precision: str
    """Number format that was computed in."""
    judged_as: str = ""
    """Precision whose gate applies."""
    version: str = ""
    """Version of the engine."""
    device: str = ""
    """Device that the artifact ran on."""
    figures: tuple[Parity, ...] = ()
    """Distance from the reference, for each set of tiles."""
    faithful_iou: float | None = None
    """IoU of the map with shared features and the one without, of tiles of scenes laid side by side; None where no
    features are shared, or there are no such tiles."""
    objections: tuple[str, ...] = ()
    """Reasons why the artifact fails, one phrase each; empty if it passes."""
    not_run: str | None = None
    """Sentence that says why it could not be tried here; None if it was."""
    is_reference: bool = False
    """True if it is what the others are compared with, so that its figures prove nothing."""

    @property
    def verdict(self) -> str:
        """``PASS``, ``FAIL``, ``not run`` or ``reference``."""
        if self.not_run is not None:
            return "not run"
        if self.is_reference:
            return "reference"
        return "FAIL" if self.objections else "PASS"

    def as_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        figures = [{name: _finite(value) for name, value in asdict(figure).items()} for figure in self.figures]
        found = {"verdict": self.verdict, **asdict(self), "artifact": str(self.artifact), "figures": figures}
        return {name: value for name, value in found.items() if name != "faithful_iou" or value is not None}


def _finite(value: Any) -> Any:
    """JSON has no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def trials_of(file: OnnxFile, engine: str, precision: str = "auto") -> Iterator[Trial]:
    """Every way to run an artifact: its backends, and what they can compute it in.

    Args:
        file: the artifact.
        engine: the one to try, or ``auto`` for all.
        precision: the one to try, or ``auto`` for all.
    """
    for backend in BACKENDS.values():
        if engine in ("auto", backend.name) and backend.objection(file) is None:
            tried = [each for each in backend.precisions[file.precision] if precision in ("auto", each)]
            yield from (Trial(file, backend, each) for each in tried)


def attempt(
    trial: Trial, sets: ReferenceSets, device: str, gates: Mapping[str, Gate], *, share_features: bool = False
) -> TrialOutcome:
    """Run an artifact on all tiles, and judge it.

    Args:
        trial: what to run with what.
        sets: the tiles, and what the reference says.
        device: as in :class:`~landslip.runtime.engines.EngineOptions`.
        gates: what each precision is allowed.
        share_features: compute features apart, as where overlapping tiles share them. Each tile that is held against
            the reference has its own; what they do where tiles overlap is held against the map without.
    """
    file, name = trial.file, trial.backend.name
    log.info("%s with %s in %s", file.path.name, name, trial.precision)
    outcome = TrialOutcome(file.path, name, trial.precision, trial.judged_as)
    if share_features and not trial.backend.shares_features:
        return replace(outcome, not_run=f"{name} does not share features between overlapping tiles.")
    figures: list[Parity] = []
    faithful_iou: float | None = None
    try:
        for tile, group in groupby(sorted(sets, key=_tile), key=_tile):
            same_size = list(group)
            batch = math.gcd(_BATCH, *(tiles.count for tiles, _ in same_size))
            options = EngineOptions(name, device, batch, tile, precision=trial.precision, share_features=share_features)
            with _opened(trial, options) as engine:
                outcome, spec = replace(outcome, version=engine.version, device=engine.device), engine.spec
                for tiles, expected in same_size:
                    confidence = confidence_of(engine, tiles, batch)
                    figures.append(compare(tiles, expected, confidence, spec.threshold, spec.landslide_bands))
        if share_features:
            faithful_iou = _faithful_iou(trial, sets, device)
    except _NotRunError as error:
        return replace(outcome, not_run=str(error))
    except LandslipError as error:
        return replace(outcome, objections=(str(error),))
    objections = [*violations(figures, gates[trial.judged_as]), *shared_violations(faithful_iou)]
    return replace(outcome, figures=tuple(figures), faithful_iou=faithful_iou, objections=tuple(objections))


def _faithful_iou(trial: Trial, sets: ReferenceSets, device: str) -> float | None:
    """IoU of the maps with and without shared features; None without tiles of scenes.

    Raises:
        LandslipError: it cannot be computed.
    """
    spec = trial.file.spec
    if (tiles := scene_tiles(sets, spec.tile)) is None:
        return None
    scene = SideBySide.of(tiles, spec.resolution)
    maps: dict[bool, NDArray[np.uint8]] = {}
    for shares in (False, True):
        options = EngineOptions(trial.backend.name, device, _BATCH, precision=trial.precision, share_features=shares)
        with _opened(trial, options) as engine:
            maps[shares] = scene.mapped(engine, _BATCH)
    return overlap_of_masks(maps[True], maps[False], spec.threshold)


def confidence_of(engine: Engine, tiles: TileSet, batch: int) -> NDArray[np.float32]:
    """Confidence that an engine gives to tiles: (n, bands, tile, tile), one band or one for each class.

    Raises:
        EngineError: the engine failed, or gave another shape.
    """
    apart = sharing(engine)
    parts = _parts(tiles, batch)
    whole = parts if apart is None else ({**part, **apart.features(part)} for part in parts)
    confidence = np.concatenate([engine.infer(part) for part in whole])
    if confidence.shape != (tiles.count, engine.spec.output_bands, tiles.tile, tiles.tile):
        raise EngineError(f"It gives {confidence.shape} for {tiles.count} tiles of {tiles.tile} pixels.")
    return confidence


class _NotRunError(EngineError):
    """The engine does not start here, which says nothing about the artifact."""


def _opened(trial: Trial, options: EngineOptions) -> Engine:
    try:
        engine: Engine = trial.backend.load()(trial.file.path, options)
    except EngineError as error:
        raise _NotRunError(_here(str(error))) from error
    return engine


def _here(sentence: str) -> str:
    """Sentence of an engine without advice that is meant for maps: here all precisions are tried, and none chosen."""
    return sentence.partition(" Say which one: `precision`")[0]


def _tile(pair: tuple[TileSet, NDArray[Any]]) -> int:
    return pair[0].tile


def _parts(tiles: TileSet, size: int) -> Iterator[dict[str, NDArray[Any]]]:
    for start in range(0, tiles.count, size):
        yield {name: np.ascontiguousarray(values[start : start + size]) for name, values in tiles.batch.items()}
