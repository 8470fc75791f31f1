"""Polygons that cross themselves, put right within a time limit.

The library cannot be interrupted, and where outlines cross each other everywhere its time grows with the square of the
crossings: 200 random corners take 20 s. So all but small ones are put right in a process of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

PATIENCE = 20.0
"""Seconds that putting outlines right may take."""
_FEW = 50
"""Corners that cannot take long, however they cross."""
_MANY = 100_000
"""Corners that take so long to be looked at that this is done elsewhere too."""
_MEMORY = 4 << 30
"""Bytes of address space that the process may take."""

_CHILD = """
import contextlib, json, sys
sys.path[:] = json.loads(sys.argv[1])
with contextlib.suppress(ImportError, OSError, ValueError):
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
import shapely
shape = shapely.from_wkb(sys.stdin.buffer.read())
sys.stdout.buffer.write(shapely.to_wkb(shape if shapely.is_valid(shape) else shapely.make_valid(shape)))
"""


class TooLongError(Exception):
    """Outlines that cannot be put right within time and memory."""


def made_valid(shapes: NDArray[Any], patience: float = PATIENCE) -> NDArray[Any]:
    """Areas as outlines that do not cross themselves; those that do not already stay as they are.

    Args:
        shapes: (n,) shapely geometries.
        patience: seconds that it may take.

    Raises:
        TooLongError: it takes longer, or too much memory.
    """
    corners = shapely.get_num_coordinates(shapes)
    right = corners > _MANY
    right[~right] = shapely.is_valid(shapes[~right])
    result: NDArray[Any] = shapes.copy()
    few = ~right & (corners <= _FEW)
    result[few] = shapely.make_valid(shapes[few])
    end = time.monotonic() + patience
    for index in np.flatnonzero((~right | (corners > _MANY)) & ~few):
        result[index] = _elsewhere(shapes[index], end)
    return result


def _elsewhere(shape: Any, end: float) -> Any:
    patience = end - time.monotonic()
    if patience <= 0:
        raise TooLongError("there are many of them")
    command = [sys.executable, "-c", _CHILD, json.dumps(sys.path), str(_MEMORY)]
    try:
        done = subprocess.run(command, input=shapely.to_wkb(shape), capture_output=True, timeout=patience, check=False)
    except OSError:
        return shapely.make_valid(shape)  # inside another program there may be no interpreter to start
    except subprocess.TimeoutExpired as error:
        raise TooLongError(f"not done after {patience:.0f} s") from error
    if done.returncode or not done.stdout:
        raise TooLongError("it takes more memory than there is")
    return shapely.from_wkb(done.stdout)
