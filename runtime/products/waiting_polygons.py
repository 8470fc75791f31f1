"""Polygons that wait until they can be written: few in memory, more in a temporary file that has no name for long."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.system.closing import Closing
from landslip.runtime.system.drafts import output_errors

_IN_MEMORY = 1 << 20
"""Bytes that wait in memory."""

_TOGETHER, _BYTES_TOGETHER = 4096, 1 << 20
"""Most polygons that are read together, and bytes from which on no more are."""

_HEAD = struct.Struct("<dQ")
"""Head of a polygon that waits: its area, and the length of its WKB."""


class WaitingPolygons(Closing):
    """Polygons with their areas, given out in the order in which they came; a context that removes its file."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing; the file is made in ``folder`` once there is more than fits in memory."""
        self._folder = folder
        self._file = SpooledTemporaryFile(_IN_MEMORY, dir=str(folder))  # noqa: SIM115 - close() closes it

    def add(self, areas: NDArray[np.float64], outlines: NDArray[Any]) -> None:
        """Add areas (n,) and shapely geometries (n,).

        Raises:
            OutputError: the file cannot be written.
        """
        with output_errors(self._folder):
            for area, outline in zip(areas.tolist(), shapely.to_wkb(outlines).tolist(), strict=True):
                self._file.write(_HEAD.pack(area, len(outline)) + outline)

    def read(self) -> Iterator[tuple[float, shapely.MultiPolygon]]:
        """Give out areas and polygons; nothing can be added from then on.

        Raises:
            OutputError: the file cannot be written to its end, or read.
        """
        with output_errors(self._folder):
            self._file.seek(0)
        while True:
            with output_errors(self._folder):
                areas, outlines = self._next()
            if not areas:
                return
            polygons: Any = shapely.from_wkb(outlines)
            yield from zip(areas, polygons.tolist(), strict=True)

    def _next(self) -> tuple[list[float], list[bytes]]:
        """The next areas and outlines in the file; none at its end."""
        areas: list[float] = []
        outlines: list[bytes] = []
        taken = 0
        while len(areas) < _TOGETHER and taken < _BYTES_TOGETHER:
            head = self._file.read(_HEAD.size)
            if not head:
                break
            area, length = _HEAD.unpack(head)
            areas.append(area)
            outlines.append(self._file.read(length))
            taken += length
        return areas, outlines

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
