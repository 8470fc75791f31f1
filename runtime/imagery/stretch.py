"""Stretch of measured values to 8 bits: percentiles of a stream of values, and the straight line through two of them.

Percentiles are exact however the stream is cut: values become whole numbers of 32 bits in the same order, their upper
halves are counted first, and then the lower halves of those that share their upper half with a wanted one (radix
selection; D. E. Knuth, The Art of Computer Programming, volume 3). Memory is a few histograms of 65 536 counts a band.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.compiled.kernel import kernel

PERCENTS = (2, 98)
"""Percentiles that become 0 and 255 where nobody says otherwise, in percent of the valid pixels."""

_HALF = 16
_BINS = 1 << _HALF
_SIGN = np.uint32(1 << 31)


@dataclass(frozen=True)
class Stretch:
    """The straight lines, one for each band, that bring values to 0..255."""

    low: tuple[float, ...]
    """Value that becomes 0, for each band; in the units of the values after their scale and offset."""
    high: tuple[float, ...]
    """Value that becomes 255; larger than ``low``."""
    scales: tuple[float, ...]
    """A value is ``stored * scale + offset``."""
    offsets: tuple[float, ...]
    """See ``scales``."""

    def apply(self, stored: NDArray[Any]) -> NDArray[np.uint8]:
        """Bring stored numbers (bands, rows, cols) to ``255 (value - low) / (high - low)``, rounded half up, 0..255."""
        out = np.empty(stored.shape, dtype=np.uint8)
        for band, values in enumerate(stored):
            scale, offset = float(self.scales[band]), float(self.offsets[band])
            low, high = float(self.low[band]), float(self.high[band])
            _stretch(np.ascontiguousarray(values), scale, offset, low, high, out[band])
        return out


def percentiles(passes: Callable[[], Iterable[NDArray[Any]]], percents: Sequence[int]) -> NDArray[np.float64] | None:
    """Percentiles of each band: the smallest value that at least so many percent of the values do not exceed.

    That is what numpy calls ``inverted_cdf``; 0 gives the smallest value of all.

    Args:
        passes: gives the values from the start each time it is called, as arrays (bands, n) without NaN; it is called
            once for integers of up to 16 bits, else twice. Types of 32 bits and more are rounded to float32.
        percents: whole numbers, 0 to 100.

    Returns:
        (bands, percents), or None where there was no value.
    """
    upper: list[NDArray[np.int64]] = []
    dtype = np.dtype(np.uint16)
    for values in passes():
        dtype = values.dtype
        upper = upper or [np.zeros(_BINS, dtype=np.int64) for _ in values]
        for counts, band in zip(upper, values, strict=True):
            if _short(dtype):
                _count(np.ascontiguousarray(band), int(np.iinfo(dtype).min), counts)
            else:
                np.add(counts, np.bincount(_keys(band) >> _HALF, minlength=_BINS), out=counts)
    if not upper or not upper[0].any():
        return None
    # Whole numbers, so that no rounding decides which value is the one.
    ranks = [[max(1, -(-int(counts.sum()) * percent // 100)) for percent in percents] for counts in upper]
    places = [[_place(counts, rank) for rank in wanted] for counts, wanted in zip(upper, ranks, strict=True)]
    lower = None if _short(dtype) else _lower_halves(passes, places)
    found = [
        [
            bucket << _HALF | (0 if lower is None else _place(lower[band, bucket], rank)[0])
            for bucket, rank in places[band]
        ]
        for band in range(len(places))
    ]
    return _values(np.array(found, dtype=np.uint32), dtype)


def _place(counts: NDArray[np.int64], rank: int) -> tuple[int, int]:
    """Bin that holds the value of a rank (from 1), and its rank inside that bin."""
    sums = np.cumsum(counts)
    bucket = int(np.searchsorted(sums, rank))
    return bucket, rank - int(sums[bucket] - counts[bucket])


def _lower_halves(
    passes: Callable[[], Iterable[NDArray[Any]]], places: Sequence[Sequence[tuple[int, int]]]
) -> dict[tuple[int, int], NDArray[np.int64]]:
    """Histograms of the lower halves of the values in some bins, by band and bin."""
    counts = {
        (band, bucket): np.zeros(_BINS, dtype=np.int64) for band, wanted in enumerate(places) for bucket, _ in wanted
    }
    for values in passes():
        keys = _keys(values)
        for (band, bucket), histogram in counts.items():
            inside = keys[band][keys[band] >> _HALF == bucket]
            np.add(histogram, np.bincount(inside & (_BINS - 1), minlength=_BINS), out=histogram)
    return counts


def _short(dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "iu" and dtype.itemsize <= 2


def _keys(values: NDArray[Any]) -> NDArray[np.uint32]:
    """Whole numbers in the order of the values."""
    if _short(values.dtype):
        return (values.astype(np.int32) - np.iinfo(values.dtype).min).astype(np.uint32) << np.uint32(_HALF)
    largest = np.finfo(np.float32).max
    bits = np.ascontiguousarray(np.clip(values, -largest, largest), dtype=np.float32).view(np.uint32)
    return np.where(bits & _SIGN, ~bits, bits | _SIGN)


def _values(keys: NDArray[np.uint32], dtype: np.dtype[Any]) -> NDArray[np.float64]:
    if _short(dtype):
        return (keys >> np.uint32(_HALF)).astype(np.float64) + np.iinfo(dtype).min
    bits = np.where(keys & _SIGN, keys & ~_SIGN, ~keys)
    return bits.view(np.float32).astype(np.float64)


@kernel
def _count(values: Any, least: int, counts: Any) -> None:  # pragma: no cover - compiled
    """Add how often each whole number (n,) occurs; ``least`` is counted first."""
    for value in values:
        counts[np.int64(value) - least] += 1


@kernel
def _stretch(
    stored: Any, scale: Any, offset: Any, low: Any, high: Any, out: Any
) -> None:  # pragma: no cover - compiled
    span = high - low
    for i in range(stored.shape[0]):
        for j in range(stored.shape[1]):
            # Divided, not multiplied by the inverse: whole numbers that fall between two levels then always round up.
            level = (stored[i, j] * scale + offset - low) * 255.0 / span + 0.5
            out[i, j] = np.uint8(max(0.0, min(255.0, level)))
