"""Polygons of what was not observed, by reason, traced while the map is being made.

They wait in temporary files, since a GeoPackage has equal bytes only where its layers are written one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.confidence import REASONS
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.pixel_sets import ClosedSets, SetTracer, count_pixels
from landslip.runtime.products.true_sizes import TrueSizes
from landslip.runtime.products.waiting_polygons import WaitingPolygons
from landslip.runtime.system.closing import Closing

Array = NDArray[Any]

CUT_ROWS = 64
"""Sets that have grown too large are cut at map rows that are multiples of this."""

MOST_CORNERS = 1 << 18
"""Corners of open sets of one reason from which on they are cut: noise may connect over a whole scene."""


@dataclass(frozen=True)
class NotObserved:
    """An 8-connected set of map pixels that were not observed for one reason."""

    geometry: shapely.MultiPolygon
    """Outline along pixel edges in map coordinates, valid; parts that touch at a corner only are separate polygons."""
    reason: str
    """Name in :data:`landslip.runtime.confidence.REASONS`."""
    area_m2: float
    """Area on the ground in square metres."""


class NotObservedTracer(Closing):
    """Tracer of what was not observed; strips are handed to it from the top down. A context that removes its files.

    The result does not depend on how the map is cut into strips: by reason, then by last row, then by first pixel.
    """

    def __init__(self, grid: MapGrid, min_area: float, folder: Path) -> None:
        """Begin with nothing.

        Args:
            grid: the map.
            min_area: smaller sets are left out, square metres on the ground.
            folder: for temporary files, which have no names, or none for long.
        """
        self._grid, self._min_area, self._sizes = grid, min_area, TrueSizes(grid)
        self._tracers = {code: SetTracer(code, code, count_pixels) for code in REASONS}
        self._waiting = {code: WaitingPolygons(folder) for code in REASONS}
        self._next_row = 0

    def take(self, first_row: int, reasons: NDArray[np.uint8]) -> None:
        """Add the next rows of the map: codes of why pixels are not observed, (rows, width), 0 where they are.

        Raises:
            OutputError: a temporary file cannot be written.
        """
        end = first_row + len(reasons)
        self._next_row = end
        present = [code for code in REASONS if self._tracers[code].is_open or (reasons == code).any()]
        tops = [first_row, *range(first_row - first_row % CUT_ROWS + CUT_ROWS, end, CUT_ROWS), end]
        for top, bottom in pairwise(tops):
            for code in present:
                self._take(code, top, reasons[top - first_row : bottom - first_row])

    def skip(self, end: int) -> None:
        """Pass rows up to a map row (exclusive) that are observed throughout.

        Raises:
            OutputError: a temporary file cannot be written.
        """
        if end > self._next_row:
            self._finish_sets()
            self._next_row = end

    def found(self) -> Iterator[NotObserved]:
        """End the map, and give out what was found, by reason.

        Raises:
            OutputError: a temporary file cannot be written or read.
        """
        self._finish_sets()
        for code, waiting in self._waiting.items():
            for area, outline in waiting.read():
                yield NotObserved(outline, REASONS[code], area)

    def close(self) -> None:
        """Remove the temporary files."""
        for waiting in self._waiting.values():
            waiting.close()

    def _take(self, code: int, top: int, reasons: Array) -> None:
        tracer, end = self._tracers[code], top + len(reasons)
        self._keep(code, tracer.take(top, reasons))
        if end % CUT_ROWS == 0 and tracer.open_corners > MOST_CORNERS:
            self._keep(code, tracer.finish(end))

    def _finish_sets(self) -> None:
        for code, tracer in self._tracers.items():
            self._keep(code, tracer.finish(self._next_row))

    def _keep(self, code: int, sets: ClosedSets) -> None:
        if not len(sets):
            return
        sets, areas = self._sizes.at_least(sets, self._min_area)
        self._waiting[code].add(areas, sets.outlines(self._grid.transform))
