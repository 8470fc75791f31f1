"""Density of landslides: the share of the observed ground that slid, on a coarse grid aligned with the map."""

from __future__ import annotations

import logging
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.io import DatasetReader

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.confidence import NOT_OBSERVED
from landslip.runtime.delivery.landslide_pixels import landslide_pixels
from landslip.runtime.delivery.layer_files import MapLayer, layer_of
from landslip.runtime.errors import OutputError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.products.confidence_tif import BLOCK, write_cog
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_names import CONFIDENCE
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.styles.raster_qml import density_qml
from landslip.runtime.system.drafts import output_errors, write_file

log = logging.getLogger(__name__)

BANDS = ("share of the observed ground that is landslide", "share of the cell that was observed")
"""Descriptions of the bands."""


@dataclass(frozen=True)
class CellGrid:
    """Grid of cells that are whole multiples of map pixels, from the upper left corner of the map on."""

    pixels: int
    """Edge of a cell in pixels."""
    rows: int
    """Rows of cells; the last may reach beyond the map."""
    cols: int
    """Columns likewise."""
    transform: Affine
    """Transform from columns and rows of cells to metres."""

    @classmethod
    def of(cls, metres: float, height: int, width: int, transform: Affine) -> CellGrid:
        """The grid whose cells are nearest to some metres, a pixel at the least and the whole map at the most.

        Args:
            metres: edge of a cell.
            height: rows of the map.
            width: columns of the map.
            transform: of the map.
        """
        most = max(height, width)
        pixels = max(1, round(min(metres / abs(transform.a), most)))
        return cls(pixels, math.ceil(height / pixels), math.ceil(width / pixels), transform @ Affine.scale(pixels))


def write_density(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write the density as a cloud-optimised GeoTIFF in float32; unknown (NaN) where nothing of a cell was observed.

    Pixels of landslides are those inside the polygons of the map, so that the two agree. The first band divides them by
    the pixels that were observed, the second one those by all pixels of the cell.

    Args:
        run: the run.
        target: path of ``density.tif``; its style for QGIS comes beside it.
        options: ``density``, metres of a cell.

    Raises:
        OutputError: the file cannot be written.
    """
    draft = target.with_name(f"plain-{target.name}")
    try:
        with rasterio.open(run.path(CONFIDENCE)) as source:
            grid = CellGrid.of(options.density or 0.0, source.height, source.width, source.transform)
            _tell_cells(options.density or 0.0, grid)
            checksum = _write_plain(draft, source, grid, layer_of(run, LANDSLIDES_LAYER), _tags(run, grid))
        write_cog(draft, target)
        _check(target, checksum)
        with output_errors(target):
            write_file(target.with_suffix(".qml"), density_qml())
    except RASTER_ERRORS as error:
        raise OutputError(
            f"output: {target.name} cannot be written ({reason(error)}).", "Check the free disk space.", where=target
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _tell_cells(metres: float, grid: CellGrid) -> None:
    """Warn where cells of the size that is asked for cannot be: below a map pixel, or beyond the map."""
    taken = abs(grid.transform.a)
    if not 0.5 <= metres / taken <= 2:
        size = "smaller than a pixel of the map" if metres < taken else "larger than the map"
        log.warning("Cells of %g m are %s: density.tif has cells of %g m.", metres, size, taken)


def _tags(run: FinishedRun, grid: CellGrid) -> dict[str, str]:
    record = run.record
    found = {
        "TIFFTAG_IMAGEDESCRIPTION": "Landslide density: share of the observed ground that is landslide (band 1), "
        "share of each cell that was observed (band 2); 0 to 1.",
        "CELL_PIXELS": str(grid.pixels),
        "CELL_METRES": f"{abs(grid.transform.a):.10g}",
        "THRESHOLD_PERCENT": f"{100 * record.threshold:.10g}",
        "MIN_AREA_M2": f"{record.min_area_m2:.10g}",
        "TITLE": record.title,
        "PRE_EVENT_DATE": run.date_from,
        "POST_EVENT_DATE": run.date_to,
        "NOTICE": record.model.notice,
    }
    return {name: text for name, text in found.items() if text}


def _write_plain(path: Path, source: DatasetReader, grid: CellGrid, landslides: MapLayer, tags: dict[str, str]) -> int:
    """Write the density row by row into a plain file; the CRC-32 of what was written."""
    profile: dict[str, Any] = {"driver": "GTiff", "dtype": "float32", "count": 2, "nodata": math.nan}
    size: dict[str, Any] = {"width": grid.cols, "height": grid.rows, "bigtiff": "IF_SAFER"}
    checksum, spreads = 0, [_Spread() for _ in BANDS]
    path.unlink(missing_ok=True)
    with rasterio.open(path, "w", crs=source.crs, transform=grid.transform, **profile, **size) as plain:
        plain.update_tags(**tags)
        for row, (slid, observed) in enumerate(_counted(source, grid, landslides)):
            values = _shares(slid, observed, grid.pixels**2)
            plain.write(values[:, None], window=make_window(0, row, grid.cols, 1))
            checksum = zlib.crc32(values.tobytes(), checksum)
            for spread, line in zip(spreads, values, strict=True):
                spread.add(line)
        for band, (description, spread) in enumerate(zip(BANDS, spreads, strict=True), 1):
            plain.set_band_description(band, description)
            plain.update_tags(band, **spread.tags(grid.rows * grid.cols))
    return checksum


def _shares(slid: NDArray[np.int64], observed: NDArray[np.int64], pixels: int) -> NDArray[np.float32]:
    """Values of a row of cells in both bands: (2, cols)."""
    share = np.full(len(slid), np.nan)
    np.divide(slid, observed, out=share, where=observed > 0)
    return np.stack([share, observed / pixels]).astype(np.float32)


def _counted(source: DatasetReader, grid: CellGrid, landslides: MapLayer) -> Iterator[NDArray[np.int64]]:
    """Pixels of landslides, and pixels that were observed, (2, cols), of each row of cells; the map comes in blocks."""
    starts, counts = np.arange(0, source.width, grid.pixels), np.zeros((2, grid.cols), dtype=np.int64)
    for first in range(0, source.height, BLOCK):
        window = make_window(0, first, source.width, min(BLOCK, source.height - first))
        observed = source.read(1, window=window) != NOT_OBSERVED
        slid = (
            landslide_pixels(
                landslides, source.transform @ Affine.translation(window.col_off, window.row_off), observed.shape
            )
            & observed
        )
        by_row = np.stack([np.add.reduceat(each, starts, axis=1, dtype=np.int64) for each in (slid, observed)])
        begin, end = first, first + len(observed)
        while begin < end:
            stop = min(end, (begin // grid.pixels + 1) * grid.pixels)
            counts += by_row[:, begin - first : stop - first].sum(axis=1)
            if stop % grid.pixels == 0 or stop == source.height:
                yield counts
                counts = np.zeros_like(counts)
            begin = stop


class _Spread:
    """Statistics of a band as its rows come, so that no program computes its own and writes them beside the file."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares, self._least, self._most = 0, 0.0, 0.0, math.inf, -math.inf

    def add(self, values: NDArray[np.float32]) -> None:
        known = values[~np.isnan(values)].astype(np.float64)
        if known.size:
            self._count += known.size
            self._sum, self._squares = self._sum + float(known.sum()), self._squares + float((known**2).sum())
            self._least, self._most = min(self._least, float(known.min())), max(self._most, float(known.max()))

    def tags(self, cells: int) -> dict[str, str]:
        if not self._count:
            return {}
        mean = self._sum / self._count
        deviation = math.sqrt(max(0.0, self._squares / self._count - mean**2))
        figures = {"MINIMUM": self._least, "MAXIMUM": self._most, "MEAN": mean, "STDDEV": deviation}
        figures["VALID_PERCENT"] = 100 * self._count / cells
        return {
            f"STATISTICS_{name}": np.format_float_positional(value, 10, trim="-") for name, value in figures.items()
        }


def _check(path: Path, checksum: int) -> None:
    """Read a finished file: neither closing nor copying a GeoTIFF reports reliably that the disk was full.

    Raises:
        OutputError: it does not hold what was written.
    """
    found = 0
    with rasterio.open(path) as dataset:
        for row in range(dataset.height):
            found = zlib.crc32(dataset.read(window=make_window(0, row, dataset.width, 1)).tobytes(), found)
    if found != checksum:
        raise OutputError(
            f"{path.name} does not hold what was written to it.", "Check the disk and its free space.", where=path
        )
