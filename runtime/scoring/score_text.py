"""Score as a text for people."""

from __future__ import annotations

from collections.abc import Iterator

from landslip.runtime.scoring.inventory import InventoryUsed
from landslip.runtime.scoring.landslide_counts import LandslideCounts, SizeClass
from landslip.runtime.scoring.score_types import Score, ScoredAreas
from landslip.runtime.scoring.thresholds import ThresholdScore
from landslip.runtime.untrusted.printable import printable

_WIDTHS = (8, 8, 9, 8, 9, 8, 9)
"""Characters of the columns of the table by sizes."""
_LONGEST = 4096
"""Most characters of a path."""


def score_text(score: Score, *, thresholds: bool = False) -> str:
    """A score in some lines and a table of sizes.

    Args:
        score: the score.
        thresholds: whether the table of other thresholds follows.
    """
    used, all_of_them = score.inventory, score.landslides
    parts = [
        ("Truth", [f"{printable(used.path, _LONGEST)}, layer {used.layer}: {_taken(used)}", *notes(score)]),
        ("Pixels", list(_pixels(score))),
        ("Found", [_found(all_of_them)]),
        ("Mapped", [_right(all_of_them)]),
    ]
    lines = [f"{name if not k else '':8}{line}" for name, some in parts for k, line in enumerate(some)]
    lines += ["", *size_table(score.by_size)]
    if thresholds and score.thresholds:
        lines += ["", *threshold_table(score.thresholds)]
    return "\n".join(lines)


def notes(score: Score) -> list[str]:
    """Sentences that a reader needs to take the figures for what they are."""
    used = score.inventory
    counted = {
        "outside the map": used.outside,
        "from before the image before, left out": used.older,
        "from after the image after, left out": used.younger,
        "without a date that can be read; they count": used.undated,
        "known as lines, left out": used.lines,
        "as points in polygons of the inventory, left out": used.labels,
        "without a geometry, or with a damaged one, left out": used.without_geometry,
        "with outlines that crossed themselves and were put right": used.repaired,
    }
    said = [f"{count} {what}." for what, count in counted.items() if count]
    if used.within is not None:
        said.append(f"Only what lies within {printable(used.within, _LONGEST)} counts.")
    if used.points:
        said.append(
            f"Points have no area, so pixels are not scored. A mapped landslide within {used.tolerance_m:g} m of a "
            "point counts as the known one."
        )
    return said


def size_table(classes: tuple[SizeClass, ...]) -> list[str]:
    """Lines of the table by sizes, the first its head."""
    names = ("known", "found", "by half", "unseen", "mapped", "right", "by half")
    head = "".join(f"{name:>{width}}" for name, width in zip(names, _WIDTHS, strict=True))
    return [f"{'Size in m2':18}{head}", *(_size_row(each) for each in classes)]


def threshold_table(rows: tuple[ThresholdScore, ...]) -> list[str]:
    """Lines of the table of thresholds, the first its head."""
    head = f"{'Threshold':10}{'precision':>11}{'recall':>8}{'F1':>7}{'IoU':>7}{'mapped km2':>12}"
    return [
        head,
        *(
            f"{row.threshold:<10.2f}{row.precision:>11.3f}{row.recall:>8.3f}{row.f1:>7.3f}{row.iou:>7.3f}"
            f"{row.mapped_km2:>12.4f}"
            for row in rows
        ),
    ]


def _taken(used: InventoryUsed) -> str:
    kinds = [
        f"{count} {name}{'s' * (count != 1)}"
        for name, count in (("polygon", used.polygons), ("point", used.points))
        if count
    ]
    return f"{' and '.join(kinds)} in the map" if kinds else "no known landslide in the map"


def _pixels(score: Score) -> Iterator[str]:
    if score.areas is None:
        yield "not scored"
        return
    if not score.true_positive + score.false_negative:
        yield f"no known landslide was observed, so there is nothing to find; {_ground(score.areas)}"
        return
    yield (
        f"precision {score.precision:.3f}, recall {score.recall:.3f}, F1 {score.f1:.3f}, MCC {score.mcc:.3f}, "
        f"IoU {score.iou:.3f} at confidence {score.threshold:g}; average precision {score.average_precision or 0:.3f}"
    )
    yield _ground(score.areas)


def _ground(areas: ScoredAreas) -> str:
    return (
        f"{areas.known:.4f} km2 known, {areas.mapped:.4f} km2 mapped, {areas.both:.4f} km2 both, of "
        f"{areas.observed:.3f} km2 observed"
    )


def _found(counts: LandslideCounts) -> str:
    if not counts.known + counts.not_observed:
        return "no known landslide"
    half = _by_half(counts.found_half, counts.recall_half)
    return (
        f"{counts.found} of {counts.known} known landslides{_percent(counts.recall)}{half}; {counts.missed} missed, "
        f"{counts.not_observed} not observed"
    )


def _right(counts: LandslideCounts) -> str:
    half = _by_half(counts.right_half, counts.precision_half)
    return f"{counts.mapped} landslides, {counts.right} right{_percent(counts.precision)}{half}; {counts.false} false"


def _by_half(count: int | None, share: float | None) -> str:
    return "" if count is None else f", {count}{_percent(share)} at least by half"


def _percent(share: float | None) -> str:
    return "" if share is None else f" ({100 * share:.0f} %)"


def _size_row(each: SizeClass) -> str:
    counts = each.landslides
    if each.least_m2 is None:
        name = "not known (points)"
    elif each.below_m2 is None:
        name = f"from {each.least_m2:.0f}"
    else:
        name = f"{each.least_m2:.0f} to {each.below_m2:.0f}" if each.least_m2 else f"below {each.below_m2:.0f}"
    cells = (
        counts.known, counts.found, counts.found_half, counts.not_observed, counts.mapped, counts.right,
        counts.right_half,
    )  # fmt: skip
    row = "".join(f"{'-' if cell is None else cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    return f"{name:18}{row}"
