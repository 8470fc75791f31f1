"""Measures how fast a way is: warmed up, medians, and two of them in turn where they are compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import numpy as np

from landslip.benchmarks.measuring.raw_engine import noise
from landslip.benchmarks.tune.engine_settings import Way
from landslip.runtime.engines import Engine
from landslip.runtime.engines.speed import seconds_per_batch

Measured = TypeVar("Measured")

CALLS, SECONDS = 3, 0.5
"""Timed rounds of each measurement at the least, a call in each lane, and their least time. The median counts."""


@dataclass(frozen=True)
class Deadline:
    """Time at which tuning has to come to its end."""

    seconds: float
    """Seconds that tuning may take."""
    began: float = field(default_factory=time.monotonic)
    """Time when it began."""

    @property
    def is_over(self) -> bool:
        """Tell whether the time is spent."""
        return time.monotonic() - self.began >= self.seconds


class Timed(Protocol):
    """A way that is open and warmed up."""

    def seconds(self) -> float:
        """Seconds that one tile takes."""
        ...


class Running:
    """A way that is open and warmed up, with one batch of noise to run again and again."""

    def __init__(self, stack: ExitStack, way: Way, tile: int | None = None) -> None:
        """Open an engine and run it once.

        Args:
            stack: closes it.
            way: how to run it.
            tile: edge of the tiles; None for the model's own.

        Raises:
            LandslipError: it cannot be opened, or fails.
            MemoryError: it takes too much.
        """
        self.way = way
        self._engine: Engine = stack.enter_context(way.trial.backend.load()(way.file.path, way.options(tile)))
        self._batch = noise(self._engine, way.batch, tile or way.spec.tile, np.random.default_rng(0))
        self._engine.infer(self._batch)

    def seconds(self) -> float:
        """Seconds that one tile takes."""
        return seconds_per_batch(self._engine, self._batch) / self.way.batch


def tiles_per_second(way: Way, tile: int | None = None) -> float:
    """Speed of a way by itself.

    Raises:
        LandslipError: it cannot be opened, or fails.
        MemoryError: it takes too much.
    """
    with ExitStack() as stack:
        running = Running(stack, way, tile)
        return 1 / statistics.median(_repeated(running.seconds))


def in_turn(one: Timed, other: Timed) -> tuple[float, float]:
    """Tiles per second of two, measured in turn, so that what else the machine does falls on both."""
    pairs = _repeated(lambda: (one.seconds(), other.seconds()))
    first, second = (statistics.median(times) for times in zip(*pairs, strict=True))
    return 1 / first, 1 / second


def _repeated(measure: Callable[[], Measured]) -> list[Measured]:
    began, found = time.monotonic(), [measure()]
    while len(found) < CALLS or time.monotonic() - began < SECONDS:
        found.append(measure())
    return found
