"""Polygons that cross themselves, put right within a time limit.

The library cannot be interrupted, and where outlines cross each other everywhere its time grows with the square of the
crossings: 200 random corners take 20 s. So all but small ones are put right in a process of their own.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import shapely
from numpy.typing import NDArray

from landslip.runtime.geo.areas import are_valid

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
shapes = shapely.get_parts(shapely.from_wkb(sys.stdin.buffer.read()))
right = [shape if shapely.is_valid(shape) else shapely.make_valid(shape) for shape in shapes]
sys.stdout.buffer.write(shapely.to_wkb(shapely.GeometryCollection(right)))
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
    right[~right] = are_valid(shapes[~right])
    result: NDArray[Any] = shapes.copy()
    few = ~right & (corners <= _FEW)
    result[few] = shapely.make_valid(shapes[few])
    rest = (~right | (corners > _MANY)) & ~few
    if rest.any():
        result[rest] = _elsewhere(shapes[rest], patience)
    return result


def _elsewhere(shapes: NDArray[Any], patience: float) -> NDArray[Any]:
    """All of them in one process, as starting it takes longer than most of them."""
    command = [sys.executable, "-c", _CHILD, json.dumps(sys.path), str(_MEMORY)]
    try:
        given = shapely.to_wkb(shapely.GeometryCollection(list(shapes)))
        done = subprocess.run(command, input=given, capture_output=True, timeout=patience, check=False)
    except OSError:
        whole: NDArray[Any] = shapely.make_valid(shapes)  # inside another program there may be no interpreter to start
        return whole
    except subprocess.TimeoutExpired as error:
        raise TooLongError(f"not done after {patience:.0f} s") from error
    if done.returncode or not done.stdout:
        raise TooLongError("it takes more memory than there is")
    made: NDArray[Any] = shapely.get_parts(shapely.from_wkb(done.stdout))
    return made
