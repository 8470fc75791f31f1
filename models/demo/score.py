"""Pixel scores of a confidence map against landslides that are known: precision, recall, F1 and MCC, band by band."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyogrio.errors
import pyogrio.raw
import rasterio
import rasterio.features
import shapely
from rasterio.crs import CRS
from rasterio.windows import bounds as window_bounds
from rasterio.windows import transform

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.access.location import exists, local_path
from landslip.runtime.confidence import LOWEST_THRESHOLD, NOT_OBSERVED, level_of
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.product_names import CONFIDENCE

if TYPE_CHECKING:
    from affine import Affine
    from numpy.typing import NDArray
    from rasterio.io import DatasetReader

    Bounds = tuple[float, float, float, float]

_ROWS = 512


@dataclass(frozen=True)
class Scores:
    """A confusion matrix over pixels, and what follows from it; a ratio without a denominator is 0."""

    true_positive: int = 0
    """Pixels inside a known landslide that the map shows as one."""
    false_positive: int = 0
    """Pixels outside that the map shows as landslide."""
    false_negative: int = 0
    """Pixels inside that the map does not show."""
    true_negative: int = 0
    """Pixels outside that the map does not show."""

    def __add__(self, other: Scores) -> Scores:
        return Scores(
            self.true_positive + other.true_positive,
            self.false_positive + other.false_positive,
            self.false_negative + other.false_negative,
            self.true_negative + other.true_negative,
        )

    @property
    def pixels(self) -> int:
        """Number of pixels that were scored."""
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative

    @property
    def precision(self) -> float:
        """Share of the mapped pixels that are landslide, 0..1."""
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float:
        """Share of the landslide pixels that are mapped, 0..1."""
        return _ratio(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1."""
        wrong = self.false_positive + self.false_negative
        return _ratio(2 * self.true_positive, 2 * self.true_positive + wrong)

    @property
    def mcc(self) -> float:
        """Matthews correlation coefficient, -1..1 (Matthews 1975); 0 where a row or column of the matrix is empty.

        (TP·TN - FP·FN) / sqrt((TP+FP)(TP+FN)(TN+FP)(TN+FN)), as in Chicco & Jurman 2020, doi:10.1186/s12864-019-6413-7.
        """
        tp, fp, fn, tn = self.true_positive, self.false_positive, self.false_negative, self.true_negative
        margins = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return (tp * tn - fp * fn) / math.sqrt(margins) if margins else 0.0

    def as_dict(self) -> dict[str, float]:
        """Ratios rounded to four digits, and the counts: what is written as JSON."""
        ratios = {name: round(getattr(self, name), 4) for name in ("precision", "recall", "f1", "mcc")}
        counts = ("true_positive", "false_positive", "false_negative", "true_negative", "pixels")
        return {**ratios, **{name: getattr(self, name) for name in counts}}


def confusion(mapped: NDArray[np.bool_], truth_mask: NDArray[np.bool_], observed: NDArray[np.bool_]) -> Scores:
    """Compare two masks of one shape where `observed` is true."""
    positive = int(np.count_nonzero(mapped & observed))
    hit = int(np.count_nonzero(mapped & truth_mask & observed))
    present = int(np.count_nonzero(truth_mask & observed))
    return Scores(hit, positive - hit, present - hit, int(np.count_nonzero(observed)) - positive - present + hit)


def score(
    confidence: MapResult | str | os.PathLike[str], truth: str | os.PathLike[str], *, threshold: float | None = None
) -> Scores:
    """Score a map against landslides that are known.

    Args:
        confidence: a finished map, or the ``confidence.tif`` of one.
        truth: polygons of the known landslides, in the map's CRS; a pixel counts when its centre is inside.
        threshold: confidence from which on a pixel counts as mapped, 0.01..1; by default that of a finished map, and
            0.5 for a file.

    Raises:
        UsageError: the threshold is out of range.
        InputMissingError: a file is not there.
        InputError: a file cannot be used.
    """
    if isinstance(confidence, MapResult):
        level = confidence.record.threshold if threshold is None else threshold
        return score_map(confidence.products[CONFIDENCE], local_path(truth, "truth"), level)
    path = local_path(confidence, "confidence")
    return score_map(path, local_path(truth, "truth"), 0.5 if threshold is None else threshold)


def score_map(confidence: Path, truth: Path, threshold: float = 0.5) -> Scores:
    """Score a map, a band of rows at a time.

    Args:
        confidence: uint8 GeoTIFF, 0..100 percent, 255 = not observed.
        truth: polygons of the known landslides, in the map's CRS; a pixel counts when its centre is inside.
        threshold: confidence from which on a pixel counts as mapped, 0.01..1.

    Raises:
        UsageError: the threshold is out of range.
        InputMissingError: a file is not there.
        InputError: a file cannot be used.
    """
    if not LOWEST_THRESHOLD <= threshold <= 1.0:
        raise UsageError(
            f"A threshold of {threshold:g} is out of range: give a confidence from 0.01 to 1.", option="threshold"
        )
    if not exists(confidence):
        raise InputMissingError(f"There is no map at {confidence}.", "Make it with: landslip map", where=confidence)
    try:
        with rasterio.open(confidence) as dataset:
            _check(dataset, confidence)
            _check_crs(truth, dataset.crs)
            return _score_bands(dataset, truth, level_of(threshold))
    except RASTER_ERRORS as error:
        raise InputError(
            f"The map {confidence} cannot be read: {error}.", "Make it again.", where=confidence
        ) from error


def outlines_in(truth: Path, bounds: Bounds) -> list[shapely.Geometry]:
    """The polygons of a vector file that touch a box in its CRS.

    Raises:
        InputMissingError: the file is not there.
        InputError: it cannot be read.
    """
    if not exists(truth):
        raise InputMissingError(
            f"There are no known landslides at {truth}.", "Give a vector file of polygons.", where=truth
        )
    try:
        geometry = pyogrio.raw.read(truth, columns=[], bbox=bounds)[2]
    except pyogrio.errors.DataSourceError as error:
        raise InputError(
            f"The known landslides in {truth} cannot be read: {error}.", "Give polygons.", where=truth
        ) from error
    return [outline for outline in shapely.from_wkb(geometry) if outline is not None and not outline.is_empty]


def outline_mask(outlines: list[shapely.Geometry], shape: tuple[int, int], place: Affine) -> NDArray[np.bool_]:
    """Mask (rows, cols) of the pixels with their centre in a polygon; `place` maps columns and rows to the CRS."""
    if not outlines:
        return np.zeros(shape, dtype=np.bool_)
    filled = np.zeros(shape, dtype=np.uint8)
    rasterio.features.rasterize(outlines, out=filled, transform=place)
    return filled.astype(np.bool_)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _check(dataset: DatasetReader, path: Path) -> None:
    if dataset.count != 1 or dataset.dtypes[0] != "uint8" or dataset.crs is None:
        raise InputError(
            f"{path} is not a confidence map: it has {dataset.count} band(s) of {dataset.dtypes[0]}, CRS "
            f"{dataset.crs}; one band of uint8 with a CRS is expected.",
            "Give the confidence.tif that landslip map writes.",
            where=path,
        )


def _check_crs(truth: Path, crs: CRS) -> None:
    if not exists(truth):
        raise InputMissingError(
            f"There are no known landslides at {truth}.", "Give a vector file of polygons.", where=truth
        )
    try:
        found = pyogrio.read_info(truth)["crs"]
    except pyogrio.errors.DataSourceError as error:
        raise InputError(
            f"The known landslides in {truth} cannot be read: {error}.", "Give polygons.", where=truth
        ) from error
    if found is None or CRS.from_user_input(found) != crs:
        raise InputError(
            f"{truth} is in {found}, the map in {crs}.", f"Convert it first: ogr2ogr -t_srs {crs} NEW {truth}"
        )


def _score_bands(dataset: DatasetReader, truth: Path, level: int) -> Scores:
    total = Scores()
    for row in range(0, dataset.height, _ROWS):
        window = make_window(0, row, dataset.width, min(_ROWS, dataset.height - row))
        values = dataset.read(1, window=window)
        outlines = outlines_in(truth, window_bounds(window, dataset.transform))
        truth_mask = outline_mask(outlines, values.shape, transform(window, dataset.transform))
        observed = values != NOT_OBSERVED
        total += confusion(values >= level, truth_mask, observed)
    return total
