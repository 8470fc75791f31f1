"""Options on what a run makes besides what every run makes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypedDict

from landslip.runtime.access.location import Location, as_location
from landslip.runtime.errors import UsageError
from landslip.runtime.run.product_names import FURTHER

FORMATS = ("geojson", "fgb", "kml", "shp", "cems")
"""Formats that landslides are handed on in."""

LEAST_MEGABYTES = 1.0
"""Megabytes below which a report would be hardly more than its own script."""

MOST_MEGABYTES = 500.0
"""Megabytes above which no browser can be expected to open a report."""


class ProductArguments(TypedDict, total=False):
    """Arguments on what is made on demand; fields of :class:`ProductOptions`."""

    also: str | Iterable[str]
    project: bool
    density: float | None
    report: bool
    report_megabytes: float
    catalog: bool
    truth: str | os.PathLike[str] | None


@dataclass(frozen=True)
class ProductOptions:
    """Products that are made on demand, with the map or afterwards."""

    also: tuple[str, ...] = ()
    """Formats of :data:`FORMATS` in which landslides are written too; given as several texts, or as one with commas."""
    project: bool = False
    """Switch for a project for QGIS."""
    density: float | None = None
    """Metres of a cell of the grid that tells what share of the ground slid; None where none is written."""
    report: bool = False
    """Switch for a report."""
    report_megabytes: float = 20
    """Size of the report at the most, 10^6 bytes, from 1 to 500."""
    catalog: bool = False
    """Switch for a STAC Catalog beside the Item of the run."""
    truth: Location | None = None
    """Landslides that are known, which the report compares the map with."""

    def __post_init__(self) -> None:
        """Take values as programs write them, and check ranges."""
        object.__setattr__(self, "also", _formats(self.also))
        if self.truth is not None:
            object.__setattr__(self, "truth", as_location(self.truth))
        if self.density is not None and not (math.isfinite(self.density) and self.density > 0):
            raise UsageError(f"Cells of {self.density:g} m make no grid: give metres, such as 250.", option="density")
        check_megabytes(self.report_megabytes)
        if self.report_megabytes != ProductOptions.report_megabytes and not self.report:
            raise UsageError(
                "`report_megabytes` is the size of a report, and none is asked for: add `report`.",
                option="report_megabytes",
            )
        if self.truth is not None and not self.report:
            raise UsageError(
                "`truth` is what a report compares the map with: add `report`, or use landslip score.", option="truth"
            )

    @property
    def asked(self) -> tuple[str, ...]:
        """Keys of what is asked for in :data:`~landslip.runtime.run.product_names.FURTHER`, in the order there."""
        switches = {"density": self.density is not None}
        return tuple(key for key in FURTHER if key in self.also or switches.get(key, getattr(self, key, False)))

    @property
    def names(self) -> tuple[str, ...]:
        """Final names of all files that are asked for."""
        return tuple(name for key in self.asked for name in FURTHER[key])


def check_megabytes(megabytes: float) -> None:
    """Make sure that a report of such a size can be made.

    Raises:
        UsageError: it is too small or too large.
    """
    if not LEAST_MEGABYTES <= megabytes <= MOST_MEGABYTES:
        raise UsageError(
            f"A report of {megabytes:g} MB is out of range: give {LEAST_MEGABYTES:g} to {MOST_MEGABYTES:g}.",
            option="report_megabytes",
        )


def _formats(also: str | Iterable[str]) -> tuple[str, ...]:
    """Formats as a user names them, each once, in the order of the table."""
    texts = [also] if isinstance(also, str) else list(also)
    names = [name.strip().lower() for text in texts for name in str(text).split(",")]
    for name in filter(None, names):
        if name not in FORMATS:
            raise UsageError(
                f"The format {name[:40]!r} is unknown: `also` takes {', '.join(FORMATS)}, one or several.",
                option="also",
            )
    return tuple(name for name in FORMATS if name in names)
