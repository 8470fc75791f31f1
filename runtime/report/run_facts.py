"""Facts of a run for people: what was mapped, how, from what, what was not seen, and what was overruled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from landslip.runtime.report.html_parts import Markup, element, joined, told
from landslip.runtime.report.landslide_data import UnseenData
from landslip.runtime.report.score_facts import score_tables
from landslip.runtime.report.texts import Language
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.record_types import DamagedPlace, InputUsed, RunRecord
from landslip.runtime.scoring.score_types import Score

Rows = Iterable[tuple[str, Any]]
"""Key of a label with what stands beside it."""

Degrees = tuple[float, float, float, float]
"""West, south, east, north."""

_MOST = 200
"""Lines of a list of others, such as damaged places, at the most."""


@dataclass(frozen=True)
class FactWriter:
    """Sections of facts in one language."""

    run: FinishedRun
    """Run that is told of."""
    language: Language
    """Words and numbers."""
    unseen: UnseenData | None
    """Layer of what was not observed."""
    bounds: Degrees | None
    """Extent of the map; None where that is unknown."""
    map_km2: float
    """Area of the whole map, observed or not."""
    score: Score | None = None
    """Score against a truth."""

    @property
    def _record(self) -> RunRecord:
        return self.run.record

    def sections(self) -> Markup:
        """All sections that have something to say."""
        return joined(
            [
                self._table("facts_map", self._what()),
                self._unseen(),
                self._table("facts_how", self._how()),
                self._scores(),
                self._list("facts_warnings", map(told, self._record.objections_overruled)),
                self._list("facts_damage", map(self._damage, self._record.damaged)),
                self._inputs(),
                self._products(),
                self._list("facts_reading", [self._text(f"reading_{number}") for number in range(1, 5)]),
            ]
        )

    @property
    def observed_share(self) -> float:
        """Share of the map that was observed, 0 to 1."""
        return min(1.0, self._record.observed_km2 / self.map_km2)

    def _text(self, key: str, **values: Any) -> str:
        return self.language.text(key, **values)

    def _what(self) -> Rows:
        record, language = self._record, self.language
        if record.title:
            yield "fact_title", told(record.title)
        for role, date in self.run.dates.items():
            yield "fact_before" if role == "pre" else "fact_after", day_of(date, language)
        yield "fact_landslides", language.number(record.landslides)
        yield from self._certainty()
        yield "fact_landslide_area", language.area(record.landslide_km2)
        yield "fact_above", language.area(record.above_threshold_km2)
        seen = f"{language.area(record.observed_km2)} ({language.percent(self.observed_share)})"
        yield "fact_observed", seen
        if record.classes:
            yield "fact_kinds", ", ".join(
                self._text(
                    "kind_of_landslide" if each.landslide else "kind_area",
                    name=told(each.name), area=language.area(each.km2),
                )
                for each in record.classes
            )  # fmt: skip
        if self.bounds is not None:
            yield "fact_bounds", ", ".join(f"{language.number(degrees, 4)}°" for degrees in self.bounds)
        grid = record.grid
        size = {"width": language.number(grid.width), "height": language.number(grid.height)}
        pixel = language.short(grid.transform[0])
        yield "fact_grid", self._text("grid", crs=told(grid.crs), pixel=pixel, **size)
        if len(self.run.dates) > 1:
            yield "fact_registration", self._registration()

    def _registration(self) -> str:
        found = self._record.registration
        if found is None:
            return self._text("shift_unknown")
        east, south = found.shift_pixels
        along, across = (self.language.number(abs(pixels), 2) for pixels in (east, south))
        side, way = ("west" if east < 0 else "east"), ("north_of" if south < 0 else "south_of")
        return self._text(
            "shift", along=along, side=self._text(side), across=across, way=self._text(way), windows=found.windows
        )

    def _certainty(self) -> Rows:
        """Counts of landslides by class, and of those whose area is a minimum."""
        record, number = self._record, self.language.number
        counts = [
            self._text("class_count", count=number(count), name=self._text(name))
            for name, count in reversed(record.landslides_by_class.items())
            if name in self.language.texts
        ]
        if counts:
            yield "fact_classes", ", ".join(counts)
        if record.landslides_at_edge:
            yield "fact_at_edge", self._text("at_edge", count=number(record.landslides_at_edge))

    def _how(self) -> Rows:
        record, language = self._record, self.language
        yield "fact_model", f"{told(record.model.name)} ({told(record.model.precision)})"
        yield "fact_model_sha", _digest(record.model.sha256 or self._text("unknown"))
        if record.model.notice:
            yield "fact_model_notice", told(record.model.notice)
        engine = record.engine
        yield "fact_engine", told(f"{engine.name}, {engine.device}, {engine.precision}")
        yield "fact_protocol", told(record.protocol)
        yield "fact_preset", told(record.preset or self._text("unknown"))
        tiles = record.tiles
        yield "fact_tile", self._text(
            "tile", tile=record.tile, overlap=language.percent(record.overlap),
            predicted=language.number(tiles.predicted), total=language.number(tiles.total),
        )  # fmt: skip
        yield "fact_threshold", language.number(record.threshold, 2)
        yield "fact_min_area", f"{language.short(record.min_area_m2)} m²"
        yield "fact_version", told(record.landslip)
        yield "fact_fingerprint", _digest(record.fingerprint)
        yield (
            "fact_time",
            self._text("time", started=day_of(record.started, language), finished=day_of(record.finished, language)),
        )

    def _unseen(self) -> Markup:
        if self.unseen is None or not self.unseen.areas:
            return Markup("")
        language, whole = self.language, self.map_km2 * 1e6
        rows = [
            (reason_text(language, reason), language.area(area / 1e6), language.percent(area / whole))
            for reason, area in self.unseen.areas.items()
        ]
        return self._columns("facts_unseen", ("fact_reason", "fact_area", "fact_share"), rows)

    def _inputs(self) -> Markup:
        heads = ("input_role", "input_path", "input_date", "input_sha")
        return self._columns("facts_inputs", heads, [self._input(entry) for entry in self._record.inputs[:_MOST]])

    def _input(self, entry: InputUsed) -> tuple[Any, ...]:
        key = f"role_{entry.role}"
        role = self._text(key) if key in self.language.texts else told(entry.role)
        digest = _digest(entry.sha256) if entry.sha256 else self._text("no_checksum")
        return role, element("code", told(entry.path)), self._taken(entry), digest

    def _taken(self, entry: InputUsed) -> str:
        known = entry.acquired or entry.role in {"pre", "post"}
        return day_of(entry.acquired, self.language) if known else ""

    def _products(self) -> Markup:
        rows = [
            (element("code", told(name)), self.language.number(written.bytes), _digest(written.sha256))
            for name, written in self._record.products.items()
            if written is not None
        ]
        return self._columns("facts_products", ("product_name", "product_bytes", "input_sha"), rows)

    def _damage(self, place: DamagedPlace) -> str:
        (top, bottom), (left, right) = place.rows, place.cols
        where = self._text(
            "damage_place", top=top, bottom=bottom, left=left, right=right, reason=told(place.reason)
        )  # fmt: skip
        return f"{told(place.path)}: {where}"

    def _scores(self) -> Markup:
        if self.score is None:
            return Markup("")
        return self._section("facts_score", score_tables(self.score, self.language))

    def _table(self, title: str, rows: Rows) -> Markup:
        lines = (
            element("tr", element("th", self._text(label), scope="row"), element("td", value)) for label, value in rows
        )
        return self._section(title, element("table", *lines))

    def _columns(self, title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> Markup:
        first = element("tr", *(element("th", self._text(head), scope="col") for head in heads))
        lines = (element("tr", *(element("td", cell) for cell in row)) for row in rows)
        return self._section(title, element("table", element("thead", first), element("tbody", *lines), class_="wide"))

    def _list(self, title: str, lines: Iterable[str]) -> Markup:
        items = [element("li", line) for line in lines][:_MOST]
        return self._section(title, element("ul", *items)) if items else Markup("")

    def _section(self, title: str, content: Markup) -> Markup:
        return element("section", element("h3", self._text(title)), element("div", content, class_="scroll"))


def reason_text(language: Language, reason: str) -> str:
    """Words for a reason why ground was not observed; an unknown reason as it stands."""
    return language.texts.get(f"reason_{reason}", reason)


def day_of(date: str | None, language: Language) -> str:
    """Day or instant as people read it."""
    if date is None:
        return language.text("unknown_date")
    return told(date.replace("T", " ").replace("+00:00", " UTC").replace("Z", " UTC"))


def _digest(sha256: str) -> Markup:
    return element("code", told(sha256), class_="digest")
