"""A run record against the map that it lies beside: what products are computed from has to be true of the map."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.artifacts.spec import MAX_CLASSES, MAX_TEXT
from landslip.runtime.confidence import LOWEST_THRESHOLD
from landslip.runtime.declared.acquired import parsed_time
from landslip.runtime.geo.projection import to_degrees
from landslip.runtime.run.product_names import item_name
from landslip.runtime.run.record_types import ClassMapped, GridLaid, RunRecord

_DIGEST = re.compile(r"[0-9a-f]{64}")
_SAME_PLACE = 1e-6
"""Degrees, a tenth of a metre; and pixels."""


def fault_of(record: RunRecord, confidence: Path) -> str | None:
    """Fault of a record: what no run with such a map says, in words that follow its name; None where all is well."""
    fault = next((words for words, is_well in _CHECKS.items() if not is_well(record)), None)
    if fault is not None:
        return fault
    return None if _is_grid_of(record.grid, confidence) else f"tells another grid than {confidence.name} has"


def _are_classes(classes: Sequence[ClassMapped]) -> bool:
    names = [each.name for each in classes]
    plain = all(name.isprintable() and 0 < len(name) <= MAX_TEXT for name in names)
    return 2 <= len(names) <= MAX_CLASSES and len({*names}) == len(names) and plain


def _is_time(text: str) -> bool:
    try:
        parsed_time(text)
    except ValueError:
        return False
    return True


_CHECKS: Mapping[str, Callable[[RunRecord], bool]] = {
    "has a fingerprint that is no SHA-256": lambda record: _DIGEST.fullmatch(record.fingerprint) is not None,
    "has an Item of another name than its fingerprint gives it": lambda record: (
        record.item is None or record.item == item_name(record.fingerprint)
    ),
    f"has a threshold that is not between {LOWEST_THRESHOLD} and 1": lambda record: (
        LOWEST_THRESHOLD <= record.threshold <= 1
    ),
    "has an overlap that is not between 0 and 1": lambda record: 0 <= record.overlap < 1,
    "has a time of an image that is none": lambda record: all(
        _is_time(entry.acquired) for entry in record.inputs if entry.acquired is not None
    ),
    "has classes that no network has": lambda record: not record.classes or _are_classes(record.classes),
}
"""Faults of a record by itself, in words, each with what is true of a record that has it not."""


def _is_grid_of(grid: GridLaid, path: Path) -> bool:
    try:
        with rasterio.open(path) as dataset:
            found, crs = dataset.transform[:6], dataset.crs
            same_size = (grid.height, grid.width) == dataset.shape
        told = CRS.from_user_input(grid.crs)
        with np.errstate(all="ignore"):
            near = np.abs(np.subtract(grid.transform, found)) <= _SAME_PLACE * abs(found[0])
        return same_size and bool(near.all()) and (told == crs or _same_place(told, crs, found[2], found[5]))
    except RASTER_ERRORS:
        return False


def _same_place(told: CRS, found: CRS, x: float, y: float) -> bool:
    """Tell whether two systems, which a file may write in other words, put a corner at one place."""
    places = [np.array(to_degrees(crs, [x], [y])) for crs in (told, found)]
    with np.errstate(invalid="ignore"):  # infinite where the globe has no such place
        return bool((np.abs(places[0] - places[1]) <= _SAME_PLACE).all())
