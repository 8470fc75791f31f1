"""Speed of an engine by itself."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import repeat
from typing import Any

from numpy.typing import NDArray

from landslip.runtime.engines.protocol import Engine
from landslip.runtime.system.stages import side_by_side


def seconds_per_batch(engine: Engine, batch: Mapping[str, NDArray[Any]]) -> float:
    """Time of a batch while all lanes of an engine are busy, as in a map; timed with one batch in each."""
    began = time.perf_counter()
    for _ in side_by_side(engine.infer, repeat(batch, engine.lanes), engine.lanes):
        pass
    return (time.perf_counter() - began) / engine.lanes
