"""Landslides: where they start, how they run, what outline they leave.

One candidate per cell of a lattice, decided by hashes of the cell and by the ground there, so that the landslides of a
place do not depend on the size of the scene it is seen in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from landslip.models.synthetic.noise import fractal_noise, gradient_noise, hash_unit, smoothstep
from landslip.models.synthetic.relief import height_at, steepest
from landslip.runtime.compiled.kernel import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

CELL = 250.0
"""Edge of a lattice cell in metres."""
REACH = 1500.0
"""Metres from its cell beyond which no part of a landslide lies."""
MIN_AREA = 1000.0
"""Smaller landslides are left out, in square metres."""

_HIGHEST = 2250.0  # frozen ground above
_STEP = 8.0
_LONGEST = 1000.0
_START_SLOPES = (math.tan(math.radians(28.0)), math.tan(math.radians(55.0)))


@dataclass(frozen=True)
class Slide:
    """One landslide."""

    path: NDArray[np.float64]
    """(n, 2) metres east and south: the line it ran along, from the crown down to the toe."""
    half_width: NDArray[np.float64]
    """(n, 2) metres from the path to the left and to the right margin."""
    outline: shapely.Polygon
    """Outline of the ground it covers, metres east and south."""
    seed: int
    """Seed of its colour and texture."""


def slides_of_row(row: int, cols: range, density: float, seed: int) -> Iterator[Slide]:
    """The landslides that start in one row of lattice cells, from west to east.

    Args:
        row: of the lattice; cell (row, col) spans y from row * CELL and x from col * CELL.
        cols: of the lattice.
        density: landslides per square kilometre that are aimed at; steep ground gets more, plains none.
        seed: of the event; another seed gives other landslides on other ground.
    """
    for col in cols:
        slide = _slide_of_cell(row, col, density, seed, seed)
        if slide is not None:
            yield slide


def scars_of_row(row: int, cols: range, density: float, seed: int) -> Iterator[Slide]:
    """The landslides of an earlier event on the same ground, as :func:`slides_of_row` gives those of this one."""
    for col in cols:
        slide = _slide_of_cell(row, col, density, seed, seed + 50_000)
        if slide is not None:
            yield slide


def _slide_of_cell(row: int, col: int, density: float, ground: int, seed: int) -> Slide | None:
    x = (col + hash_unit(col, row, seed + 1)) * CELL
    y = (row + hash_unit(col, row, seed + 2)) * CELL
    rain = smoothstep(-0.35, 0.45, fractal_noise(x / 3600.0, y / 3600.0, 2, seed + 3))
    # Rain and ground each turn about half of the candidates down, hence the factor.
    if hash_unit(col, row, seed + 4) > 4.0 * density * rain * (CELL / 1000.0) ** 2:
        return None
    if not _START_SLOPES[0] < math.hypot(*steepest(x, y, 15.0, ground)) < _START_SLOPES[1]:
        return None
    if height_at(x, y, ground) > _HIGHEST:
        return None
    return _slide_from(x, y, col, row, ground, seed)


def _slide_from(x: float, y: float, col: int, row: int, ground: int, seed: int) -> Slide | None:
    # Heavy-tailed sizes: half of the landslides are shorter than 110 m, one in fifty is longer than 900 m.
    length = min(_LONGEST, 66.0 * max(1e-3, hash_unit(col, row, seed + 5)) ** -0.7)
    reach_angle = math.radians(20.0 + 10.0 * hash_unit(col, row, seed + 6))
    path = run_out(x, y, length, math.tan(reach_angle), ground)
    if len(path) < 4:
        return None
    ratio = 0.13 + 0.24 * hash_unit(col, row, seed + 7)
    slide_seed = seed + int(1e9 * hash_unit(col, row, seed + 8))
    half_width = margins(len(path), max(12.0, 0.5 * ratio * _STEP * len(path)), slide_seed)
    outline = _outline(path, half_width)
    if outline.area < MIN_AREA:
        return None
    return Slide(path, half_width, outline, slide_seed)


@kernel
def run_out(x: float, y: float, length: float, reach_slope: float, seed: int) -> NDArray[np.float64]:
    """The path of a mass that starts at a point: steepest descent with inertia, as points 8 m apart, (n, 2).

    It ends after `length` metres, or earlier where the fall from the start over the distance run drops under
    `reach_slope`, the tangent of the angle of reach (Heim 1932), or where it would have to climb.
    """
    points = np.empty((int(length / _STEP) + 2, 2))
    start = height_at(x, y, seed)
    east, south = 0.0, 0.0
    count = 0
    while count < points.shape[0]:
        points[count, 0], points[count, 1] = x, y
        count += 1
        down_east, down_south = steepest(x, y, 14.0, seed)
        east, south = 0.6 * east + down_east, 0.6 * south + down_south
        speed = math.hypot(east, south)
        fall = start - height_at(x, y, seed)
        if speed < 0.05 or (count > 2 and fall < reach_slope * _STEP * (count - 1)):
            break
        x += _STEP * east / speed
        y += _STEP * south / speed
    return points[:count].copy()


@kernel
def margins(count: int, half_width: float, seed: int) -> NDArray[np.float64]:
    """Distances from path to left and right margin, (count, 2): wide scar, narrower track, wide toe, all ragged."""
    widths = np.empty((count, 2))
    waist = 0.45 + 0.4 * hash_unit(1, 0, seed)
    toe = 0.7 + 0.6 * hash_unit(2, 0, seed)
    for k in range(count):
        t = k / (count - 1.0)
        profile = 1.0 + (waist - 1.0) * smoothstep(0.15, 0.45, t) + (toe - waist) * smoothstep(0.55, 0.85, t)
        rounded = math.sqrt(max(0.0, 1.0 - (1.0 - min(t / 0.12, (1.0 - t) / 0.12, 1.0)) ** 2))
        for side in range(2):
            along = k * _STEP
            rag = 0.35 * gradient_noise(along / 55.0, 7.5 * side, seed) + 0.2 * gradient_noise(
                along / 19.0, 3.5 * side, seed
            )
            widths[k, side] = half_width * profile * max(0.12, rounded) * (1.0 + rag)
    return widths


def _outline(path: NDArray[np.float64], half_width: NDArray[np.float64]) -> shapely.Polygon:
    """The polygon between the margins; where they cross in a bend, its largest part."""
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-9)[:, None]
    across = np.column_stack((-along[:, 1], along[:, 0]))
    left = path + across * half_width[:, :1]
    right = path - across * half_width[:, 1:]
    polygon = shapely.make_valid(shapely.Polygon(np.concatenate((left, right[::-1]))))
    parts = [part for part in shapely.get_parts(polygon) if part.geom_type == "Polygon"]
    return max(parts, key=lambda part: part.area, default=shapely.Polygon())
