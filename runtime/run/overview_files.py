"""Overviews of the finished rows of a map: files of plain bytes beside them, made as the rows come.

They are made of the rows alone. So a run that goes on makes them anew of the rows that are there, and no journal tells
of them.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.products.histogram import count_values
from landslip.runtime.products.overviews import Halving, Reduction, overview_sizes
from landslip.runtime.run.plain_bytes import unwritable, write_all
from landslip.runtime.run.virtual_raster import virtual_overview
from landslip.runtime.system.closing import Closing
from landslip.runtime.system.safe_writing import open_or_make, write_anew


class OverviewFiles(Closing):
    """The overviews of a map, the largest first, each in a file of its own."""

    def __init__(self, path: Path, height: int, width: int, reduction: Reduction) -> None:
        """Begin with nothing; what is there under their names is emptied.

        Args:
            path: of the rows; the overviews lie beside them.
            height: rows of the whole map.
            width: columns of it.
            reduction: tells what a pixel of an overview shows.

        Raises:
            OutputError: a file cannot be opened.
        """
        self._levels: list[_OverviewFile] = []
        with ExitStack() as stack:
            for number, (rows, cols) in enumerate(overview_sizes(height, width), start=1):
                own = path.with_name(f"{path.stem}-{number}{path.suffix}")
                level = _OverviewFile(own, Halving(height, width, reduction), rows, cols)
                self._levels.append(stack.enter_context(level))
                height, width = rows, cols
            self._stack = stack.pop_all()

    def add(self, rows: NDArray[np.uint8]) -> None:
        """Take the next rows (rows, width) of the map.

        Raises:
            OutputError: the disk is full, or gone.
        """
        for level in self._levels:
            rows = level.take(rows)

    @property
    def histograms(self) -> list[NDArray[np.int64]]:
        """Counts of each value in each overview, (256,)."""
        return [level.histogram for level in self._levels]

    def as_rasters(self) -> list[Path]:
        """Files beside them by which GDAL reads each as a band.

        Raises:
            OutputError: one cannot be written.
        """
        return [level.as_raster() for level in self._levels]

    def close(self) -> None:
        """Close the files."""
        self._stack.close()


class _OverviewFile(Closing):
    """One overview."""

    def __init__(self, path: Path, halving: Halving, height: int, width: int) -> None:
        self._path, self._halving, self._size = path, halving, (height, width)
        self.histogram = np.zeros(256, dtype=np.int64)
        try:
            self._file = open_or_make(path)
            self._file.truncate(0)
        except OSError as error:
            raise unwritable(path, error) from error

    def take(self, rows: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Take rows of the map below, and write those of the overview that they make final, which are given."""
        made = self._halving.take(rows)
        content = made.reshape(-1)
        try:
            write_all(self._file, content.data)
        except OSError as error:
            raise unwritable(self._path, error) from error
        count_values(content, self.histogram)
        return made

    def as_raster(self) -> Path:
        path = self._path.with_suffix(".vrt")
        try:
            write_anew(path, virtual_overview(self._path.name, *self._size))
        except OSError as error:
            raise unwritable(path, error) from error
        return path

    def close(self) -> None:
        self._file.close()
