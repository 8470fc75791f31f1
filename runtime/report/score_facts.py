"""Figures of a score that a report tells, out of all that ``landslip score --json`` has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from landslip.runtime.report.html_parts import Markup, element, joined, told
from landslip.runtime.report.texts import Language

_PIXELS = ("precision", "recall", "f1", "mcc", "iou", "average_precision")
_LANDSLIDES = ("known", "found", "missed", "mapped", "right", "false")
_MOST = 20
"""Classes of sizes at the most."""


def score_tables(score: Mapping[str, Any], language: Language) -> Markup:
    """Tables of a score: its figures, then landslides by class of sizes.

    Args:
        score: as JSON has it; what is not there, or null, is left out.
        language: words and numbers.
    """
    lines = (
        element("tr", element("th", language.text(f"score_{key}"), scope="row"), element("td", said))
        for key, said in _figures(score, language)
    )
    return joined([element("table", *lines), _by_size(score.get("by_size"), language)])


def _figures(score: Mapping[str, Any], language: Language) -> Iterator[tuple[str, str]]:
    truth, landslides = score.get("truth"), score.get("landslides")
    if isinstance(truth, Mapping) and truth.get("path"):
        yield "truth", told(str(truth["path"]))
    for key in _PIXELS:
        if _is_number(score.get(key)):
            yield key, language.number(score[key], 3)
    if isinstance(landslides, Mapping):
        for key in _LANDSLIDES:
            if _is_number(landslides.get(key)):
                yield key, language.number(landslides[key])


def _by_size(classes: Any, language: Language) -> Markup:
    if not isinstance(classes, list) or not classes:
        return Markup("")
    heads = ("least_m2", *_LANDSLIDES)
    first = element("tr", *(element("th", language.text(f"score_{key}"), scope="col") for key in heads))
    lines = (element("tr", *(element("td", _cell(each, key, language)) for key in heads)) for each in classes[:_MOST])
    caption = element("caption", language.text("score_sizes"))
    return element("table", caption, element("thead", first), element("tbody", *lines), class_="wide")


def _cell(each: Mapping[str, Any], key: str, language: Language) -> str:
    value = each.get(key)
    return language.number(value) if _is_number(value) else language.text("unknown")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - NaN
