"""Speed of an engine by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any

from numpy.typing import NDArray

from landslip.runtime.engines.protocol import Engine
from landslip.runtime.system.stages import Line


def seconds_per_batch(
    engine: Engine, batch: Mapping[str, NDArray[Any]], verb: Callable[[Mapping[str, NDArray[Any]]], Any] | None = None
) -> float:
    """Time of a batch while all lanes of an engine are busy, as in a map; timed with one batch in each.

    Args:
        engine: what is timed.
        batch: what it takes.
        verb: what it does with it; None to infer.
    """
    began = time.perf_counter()
    with Line() as line:
        for _ in line.side_by_side(verb or engine.infer, repeat(batch, engine.lanes), engine.lanes):
            pass
    return (time.perf_counter() - began) / engine.lanes
