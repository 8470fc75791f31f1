"""Figures of a score that a report tells, out of all that ``landslip score`` has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from landslip.runtime.report.html_parts import Markup, element, joined, told
from landslip.runtime.report.texts import Language
from landslip.runtime.scoring.landslide_counts import SizeClass
from landslip.runtime.scoring.score_types import Score

_PIXELS = ("precision", "recall", "f1", "mcc", "iou", "average_precision")
_LANDSLIDES = ("known", "found", "missed", "not_observed", "mapped", "right", "false")


def score_tables(score: Score, language: Language) -> Markup:
    """Tables of a score: its figures, then landslides by class of sizes."""
    lines = (
        element("tr", element("th", language.text(f"score_{key}"), scope="row"), element("td", said))
        for key, said in _figures(score, language)
    )
    note = element("p", language.text("score_note"))
    return joined([element("table", *lines), note, _by_size(score.by_size, language)])


def _figures(score: Score, language: Language) -> Iterator[tuple[str, str]]:
    yield "truth", told(score.inventory.path)
    if score.inventory.outside:
        yield "outside", language.number(score.inventory.outside)
    for key in _PIXELS if score.areas is not None else ():
        share: float | None = getattr(score, key)
        if share is not None:
            yield key, language.number(share, 3)
    for key in _LANDSLIDES:
        yield key, language.number(getattr(score.landslides, key))


def _by_size(classes: Sequence[SizeClass], language: Language) -> Markup:
    first = element(
        "tr", *(element("th", language.text(f"score_{key}"), scope="col") for key in ("least_m2", *_LANDSLIDES))
    )
    lines = (element("tr", *(element("td", cell) for cell in _cells(each, language))) for each in classes)
    caption = element("caption", language.text("score_sizes"))
    return element("table", caption, element("thead", first), element("tbody", *lines), class_="wide")


def _cells(each: SizeClass, language: Language) -> Iterator[str]:
    yield language.text("unknown") if each.least_m2 is None else language.number(each.least_m2)
    for key in _LANDSLIDES:
        yield language.number(getattr(each.landslides, key))
