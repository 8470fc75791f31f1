"""Scores by landslide: how many known ones were found, how many mapped ones are right, of which sizes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZES = (0.0, 1_000.0, 10_000.0, 100_000.0)
"""Square metres from which on a class of sizes begins; the last has no end."""


@dataclass(frozen=True)
class LandslideCounts:
    """Landslides of one class of sizes, or of all. What is "half" is None where places alone are known."""

    known: int
    """Known landslides of which at least half was observed."""
    found: int
    """Known landslides, of these, that a mapped one touches."""
    found_half: int | None
    """Known landslides, of these, of which mapped ones cover at least half of what was observed."""
    not_observed: int
    """Known landslides of which less than half was observed: neither found nor missed, and not among ``known``."""
    mapped: int
    """Mapped landslides."""
    right: int
    """Mapped landslides that touch a known one, observed or not."""
    right_half: int | None
    """Mapped landslides of which known ones cover at least half."""

    @property
    def missed(self) -> int:
        """Known landslides that were observed, and that no mapped one touches."""
        return self.known - self.found

    @property
    def false(self) -> int:
        """Mapped landslides that touch no known one."""
        return self.mapped - self.right

    @property
    def recall(self) -> float | None:
        """Share of the known landslides that were found, 0..1; None without any."""
        return _share(self.found, self.known)

    @property
    def precision(self) -> float | None:
        """Share of the mapped landslides that are right, 0..1; None without any."""
        return _share(self.right, self.mapped)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of the two, 0..1; None where one of them is."""
        return _harmonic(self.precision, self.recall)

    @property
    def recall_half(self) -> float | None:
        """Recall by those that are covered at least by half."""
        return _share(self.found_half, self.known)

    @property
    def precision_half(self) -> float | None:
        """Precision likewise."""
        return _share(self.right_half, self.mapped)

    @property
    def f1_half(self) -> float | None:
        """F1 likewise."""
        return _harmonic(self.precision_half, self.recall_half)

    def as_dict(self) -> dict[str, Any]:
        """Counts, and ratios rounded to four digits: what is written as JSON."""
        ratios = ("precision", "recall", "f1", "precision_half", "recall_half", "f1_half")
        return {
            **asdict(self),
            "missed": self.missed,
            "false": self.false,
            **{name: None if (value := getattr(self, name)) is None else round(value, 4) for name in ratios},
        }


@dataclass(frozen=True)
class SizeClass:
    """Landslides of one class of sizes."""

    least_m2: float | None
    """Area from which on it begins, square metres; None for known landslides of which a point alone is known."""
    below_m2: float | None
    """Area at which it ends; None where it has no end."""
    landslides: LandslideCounts
    """Landslides of that size: known ones by what of them lies in the map, mapped ones as they are."""

    def as_dict(self) -> dict[str, Any]:
        """Give what is written as JSON."""
        return {"least_m2": self.least_m2, "below_m2": self.below_m2, **self.landslides.as_dict()}


@dataclass(frozen=True)
class KnownFound:
    """Known landslides that count, one by one: arrays of one length."""

    areas: NDArray[np.float64]
    """Square metres; NaN where a point alone is known."""
    observed: NDArray[np.bool_]
    """True where at least half was observed."""
    found: NDArray[np.bool_]
    """True where a mapped landslide touches it."""
    half: NDArray[np.bool_] | None
    """True where at least half is covered; None where there are points."""


@dataclass(frozen=True)
class MappedRight:
    """Mapped landslides that count, one by one: arrays of one length."""

    areas: NDArray[np.float64]
    """Square metres."""
    right: NDArray[np.bool_]
    """True where it touches a known one."""
    half: NDArray[np.bool_] | None
    """True where at least half is covered; None where there are points."""


def count_landslides(known: KnownFound, mapped: MappedRight) -> LandslideCounts:
    """Count all of them."""
    return _counts(known, mapped, np.ones_like(known.found), np.ones_like(mapped.right))


def count_by_size(known: KnownFound, mapped: MappedRight) -> tuple[SizeClass, ...]:
    """Count each class of :data:`SIZES`; known landslides without a size come last, where there are any."""
    ends = (*SIZES[1:], None)
    k, m = np.digitize(known.areas, SIZES), np.digitize(mapped.areas, SIZES)
    k[np.isnan(known.areas)] = 0
    classes = [
        SizeClass(least, below, _counts(known, mapped, k == number, m == number))
        for number, (least, below) in enumerate(zip(SIZES, ends, strict=True), start=1)
    ]
    if (k == 0).any():
        classes.append(SizeClass(None, None, _counts(known, mapped, k == 0, m == 0)))
    return tuple(classes)


def _counts(known: KnownFound, mapped: MappedRight, k: NDArray[np.bool_], m: NDArray[np.bool_]) -> LandslideCounts:
    counted = k & known.observed
    return LandslideCounts(
        known=int(counted.sum()),
        found=int((counted & known.found).sum()),
        found_half=None if known.half is None else int((counted & known.half).sum()),
        not_observed=int((k & ~known.observed).sum()),
        mapped=int(m.sum()),
        right=int((m & mapped.right).sum()),
        right_half=None if mapped.half is None else int((m & mapped.half).sum()),
    )


def _share(part: int | None, whole: int) -> float | None:
    return part / whole if whole and part is not None else None


def _harmonic(precision: float | None, recall: float | None) -> float | None:
    if precision is None or recall is None:
        return None
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
