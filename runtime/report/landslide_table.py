"""Table of the largest landslides as HTML: what is seen without a script, and the frame of the table with one."""

from __future__ import annotations

from typing import Any

from landslip.runtime.report.html_parts import Markup, element
from landslip.runtime.report.landslide_data import CLASS, DECIMALS, LandslideData
from landslip.runtime.report.texts import Language

ROWS = 50
"""Landslides in the table without a script."""

COLUMNS = (
    "id", "area_m2", "length_m", "width_m", "relief_m", "slope_mean", "confidence_mean", "confidence_class",
    "class", "lat", "lon", "edge",
)  # fmt: skip
"""Fields in the table, as far as the file has them."""

_NARROW = frozenset({"id", "area_m2", "confidence_mean", "confidence_class"})
"""Fields that a narrow screen has room for."""

_WORDS = frozenset({CLASS, "class", "edge"})


def columns_of(landslides: LandslideData) -> list[str]:
    """Fields that the table shows."""
    return [name for name in COLUMNS if name in landslides.fields]


def landslide_table(landslides: LandslideData, language: Language) -> Markup:
    """The table with the largest landslides in it."""
    names = columns_of(landslides)
    heads = (
        element("th", element("button", language.text(f"field_{name}"), type="button"), scope="col", data_field=name,
                class_=_look(name))
        for name in names
    )  # fmt: skip
    rows = (
        element("tr", *(_cell(landslides, name, index, language) for name in names))
        for index in landslides.by_size[:ROWS]
    )
    return element(
        "table", element("thead", element("tr", *heads)), element("tbody", *rows), id="slides", class_="slides"
    )


def _cell(landslides: LandslideData, name: str, index: int, language: Language) -> Markup:
    return element("td", shown_value(name, landslides.fields[name][index], language), class_=_look(name))


def shown_value(name: str, value: Any, language: Language) -> str:
    """Value of a field as people read it."""
    if value is None:
        return language.text("unknown")
    if name == "id":
        return str(value)
    if name in DECIMALS:
        return language.number(value, DECIMALS[name])
    if isinstance(value, bool):
        return language.text("yes" if value else "no")
    return language.texts.get(value, value) if name == CLASS else str(value)


def _look(name: str) -> str | None:
    looks = ["text"] * (name in _WORDS) + ["wide-only"] * (name not in _NARROW)
    return " ".join(looks) or None
