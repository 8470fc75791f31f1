"""Gain of features that overlapping tiles share: judged by the gate, and measured in turn with the usual way."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import cast

import numpy as np

from landslip.benchmarks.measuring.raw_engine import noise
from landslip.benchmarks.tune.engine_settings import Way
from landslip.benchmarks.tune.search import Found, SetsOf, SharedGain
from landslip.benchmarks.tune.trial_speed import Deadline, Running, in_turn
from landslip.export.judging.trials import attempt
from landslip.runtime.artifacts.feature_cut import can_share
from landslip.runtime.artifacts.parity import GATES
from landslip.runtime.engines.protocol import SharingEngine
from landslip.runtime.engines.speed import seconds_per_batch
from landslip.runtime.errors import LandslipError
from landslip.runtime.tiling.piece_grid import PieceGrid
from landslip.runtime.tiling.presets import FAITHFUL, PRESETS
from landslip.runtime.tiling.tile_grid import TileGrid

log = logging.getLogger(__name__)

_LARGE = 50
"""Edge of the map that gains are told for, in tiles: 67 km for the published network."""


def with_gains(found: Sequence[Found], sets_of: SetsOf, deadline: Deadline) -> list[Found]:
    """The same, with what shared features gain where they are possible and not tried yet, until the time is spent.

    Args:
        found: what was tried.
        sets_of: what they are held to.
        deadline: when to stop.
    """
    files = {each.way.file.path: each.way.file for each in found}
    able = {path for path, file in files.items() if can_share(file)}
    return [_with_gain(each, sets_of, deadline) if each.way.file.path in able else each for each in found]


def _with_gain(found: Found, sets_of: SetsOf, deadline: Deadline) -> Found:
    way = found.way
    if not found.passed or found.shared or way.device != "cpu" or not way.trial.backend.shares_features:
        return found
    if deadline.is_over:
        log.info("The time is spent; not tried with shared features: %s", way)
        return found
    return replace(found, shared=_gain(way, sets_of))


def _gain(way: Way, sets_of: SetsOf) -> SharedGain:
    outcome = attempt(way.trial, sets_of(way.file), way.device, GATES, share_features=True)
    if outcome.verdict != "PASS":
        return SharedGain(outcome.verdict)
    try:
        with ExitStack() as stack:
            usual, shared = in_turn(Running(stack, way), SharingTiles(stack, way))
    except (LandslipError, MemoryError) as error:
        log.info("%s does not run with shared features: %s", way, error)
        return SharedGain("not run")
    log.info("%s with shared features is %.2f times as fast", way, shared / usual)
    return SharedGain(outcome.verdict, shared / usual)


class SharingTiles:
    """A way that computes features apart: each tile takes its share in the pieces of a large map."""

    def __init__(self, stack: ExitStack, way: Way) -> None:
        """Open an engine and run it once; see :class:`~landslip.benchmarks.tune.trial_speed.Running`."""
        options = replace(way.options(), share_features=True)
        opened = stack.enter_context(way.trial.backend.load()(way.file.path, options))
        self._engine, self.way = cast(SharingEngine, opened), way
        self._inputs = noise(self._engine, way.batch, way.spec.tile, np.random.default_rng(0))
        self._whole = {**self._inputs, **self._engine.features(self._inputs)}
        self._per_tile = pieces_per_tile(way, self._engine.shared.reach if self._engine.shared else 0)
        self._engine.infer(self._whole)

    def seconds(self) -> float:
        """Seconds that one tile takes, with its share in the features."""
        pieces = seconds_per_batch(self._engine, self._inputs, self._engine.features)
        return (self._per_tile * pieces + seconds_per_batch(self._engine, self._whole)) / self.way.batch


def pieces_per_tile(way: Way, reach: int) -> float:
    """Pieces of features for each tile of a large map in faithful tiles.

    Args:
        way: how it is run.
        reach: pixels to each side that the features see.
    """
    tile, edge = way.spec.tile, _LARGE * way.spec.tile
    tiles = TileGrid.even(edge, edge, tile, PRESETS[FAITHFUL].overlap_of(way.spec, tile))
    return PieceGrid.of(tiles, reach).per_tile
