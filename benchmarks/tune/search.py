"""Searches the fastest way: cheap trials of all first, best first, then what is fastest refined step by step."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from landslip.benchmarks.tune.engine_settings import Way, larger_batches, other_threads, smaller_batches
from landslip.benchmarks.tune.trial_speed import Deadline, Running, in_turn, tiles_per_second
from landslip.export.judging.trials import ReferenceSets, TrialOutcome, attempt
from landslip.runtime.artifacts.onnx_file import OnnxFile
from landslip.runtime.artifacts.parity import GATES
from landslip.runtime.errors import LandslipError

log = logging.getLogger(__name__)

SetsOf = Callable[[OnnxFile], ReferenceSets]
"""Gives the reference tiles of an artifact, and what the reference says of them."""

MARGIN = 1.03
"""Factor by which a setting has to be faster to replace a simpler one: less may be chance."""


@dataclass(frozen=True)
class SharedGain:
    """Result of a way with features that overlapping tiles share."""

    verdict: str
    """``PASS``, ``FAIL`` or ``not run``, by the gate of the artifact."""
    factor: float | None = None
    """Factor by which a large map in faithful tiles is faster; None where it does not pass."""


@dataclass(frozen=True, eq=False)
class Found:
    """A way that was tried, and what came of it."""

    way: Way
    """Way that was tried."""
    outcome: TrialOutcome
    """Distance from the reference, or why it does not run here."""
    tiles_per_second: float = 0.0
    """Speed; 0 where it does not pass."""
    is_refined: bool = False
    """True if other batches and numbers of threads were tried."""
    shared: SharedGain | None = None
    """Result with shared features; None where it has none, or was not tried with them."""

    @property
    def passed(self) -> bool:
        """Tell whether it may be used."""
        return self.tiles_per_second > 0


def try_all(ways: Sequence[Way], sets_of: SetsOf, deadline: Deadline) -> list[Found]:
    """Judge ways by their gates and measure those that pass, until the time is spent, but one at the least.

    Args:
        ways: in the order they are tried.
        sets_of: what they are held to.
        deadline: when to stop.
    """
    found: list[Found] = []
    for way in ways:
        if deadline.is_over and any(each.passed for each in found):
            log.info("The time is spent; not tried: %s", way)
            continue
        found.append(_tried(way, sets_of(way.file)))
    return found


def refine(found: Sequence[Found], first: Found, cores: int, deadline: Deadline) -> list[Found]:
    """Try other batches and numbers of threads, of the fastest first, until the time is spent.

    Args:
        found: what was tried.
        first: what is refined right after the fastest.
        cores: logical cores this process may use.
        deadline: when to stop.

    Returns:
        The same, the fastest first; what does not pass last.
    """
    by_speed = sorted(found, key=_speed, reverse=True)
    order = [each for each in dict.fromkeys([by_speed[0], first, *by_speed]) if each.passed]
    refined = [each if deadline.is_over else _refined(each, cores, deadline) for each in order]
    return [*_final_order(sorted(refined, key=_speed, reverse=True), deadline), *(e for e in found if not e.passed)]


def _speed(found: Found) -> float:
    return found.tiles_per_second


def _tried(way: Way, sets: ReferenceSets) -> Found:
    outcome = attempt(way.trial, sets, way.device, GATES)
    if outcome.verdict != "PASS":
        return Found(way, outcome)
    try:
        return Found(way, outcome, tiles_per_second(way))
    except (LandslipError, MemoryError) as error:
        return Found(way, replace(outcome, not_run=str(error)))


def _refined(found: Found, cores: int, deadline: Deadline) -> Found:
    """The way with the batch and the threads that are fastest, found uphill."""
    log.info("refining %s", found.way)
    best = found
    for uphill in (larger_batches, smaller_batches):
        best = _climbed(best, uphill(best.way), deadline)
        if best.way.batch != found.way.batch:
            break
    best = _climbed(best, other_threads(best.way, cores), deadline, give_up=False)
    return replace(best, is_refined=True)


def _climbed(found: Found, others: Iterable[Way], deadline: Deadline, *, give_up: bool = True) -> Found:
    """The fastest of a way and others, each measured in turn with the best so far; up to the first that is no faster.

    Args:
        found: the best so far.
        others: what to try.
        deadline: when to stop.
        give_up: whether what comes after one that is no faster is not tried.
    """
    best = found
    for other in others:
        if deadline.is_over:
            break
        faster = _faster(best, other)
        if faster is None and give_up:
            break
        best = faster or best
    return best


def _faster(best: Found, other: Way) -> Found | None:
    """Another way if it is faster than the best so far by more than chance; None if not, or where it does not run."""
    try:
        with ExitStack() as stack:
            usual, tried = in_turn(Running(stack, best.way), Running(stack, other))
    except (LandslipError, MemoryError) as error:
        log.info("%s does not run: %s", other, error)
        return None
    log.info("%s is %.2f times as fast", other, tried / usual)
    # The speed it was found to have, times the ratio: that was measured in turn.
    return (
        replace(best, way=other, tiles_per_second=best.tiles_per_second * tried / usual)
        if tried > MARGIN * usual
        else None
    )


def _final_order(by_speed: list[Found], deadline: Deadline) -> Iterator[Found]:
    """The results with the first two in the order they have when they are measured in turn."""
    if len(by_speed) > 1 and not deadline.is_over:
        first, second = by_speed[:2]
        with ExitStack() as stack:
            one, other = in_turn(Running(stack, first.way), Running(stack, second.way))
        second = replace(second, tiles_per_second=first.tiles_per_second * other / one)
        by_speed = sorted([first, second], key=_speed, reverse=True) + by_speed[2:]
    yield from by_speed
