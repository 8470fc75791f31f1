"""Histogram of the values of a map, counted as its rows pass by."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel

Array = NDArray[Any]


@kernel
def count_values(values: Array, counts: Array) -> None:  # pragma: no cover - compiled
    """Add to ``counts`` (256,) how often each of the bytes ``values`` (n,) occurs.

    In four tables, because most maps are one value over and over, and each count would wait for the last.
    """
    tables = np.zeros((4, 256), dtype=np.int64)
    whole = len(values) // 4 * 4
    for i in range(0, whole, 4):
        tables[0, values[i]] += 1
        tables[1, values[i + 1]] += 1
        tables[2, values[i + 2]] += 1
        tables[3, values[i + 3]] += 1
    for i in range(whole, len(values)):
        tables[0, values[i]] += 1
    for value in range(256):
        counts[value] += tables[0, value] + tables[1, value] + tables[2, value] + tables[3, value]
