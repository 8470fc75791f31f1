"""Beginning of the page: its title, its dates, its figures, its legend, and the remarks below the map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from landslip.runtime.geo.longitudes import near
from landslip.runtime.products.landslide import CONFIDENCE_CLASSES
from landslip.runtime.report.html_parts import Markup, element, joined, told
from landslip.runtime.report.landslide_data import CLASS, LandslideData, UnseenData
from landslip.runtime.report.landslide_kinds import PageKind, in_legend
from landslip.runtime.report.landslide_table import ROWS
from landslip.runtime.report.run_facts import Degrees, day_of, reason_text
from landslip.runtime.report.static_map import MOST_DRAWN
from landslip.runtime.report.texts import Language
from landslip.runtime.report.tile_choice import Detail
from landslip.runtime.run.finished_run import FinishedRun


def title_of(run: FinishedRun, language: Language) -> str:
    """The title that was given, or a plain one."""
    return told(run.record.title) if run.record.title else language.text("title")


def subtitle(run: FinishedRun, bounds: Degrees | None, language: Language) -> str:
    """Dates of the images, and where they lie."""
    dates = " → ".join(day_of(date, language) for date in run.dates.values())
    if bounds is None:
        return f"{language.text('subtitle')}, {dates}"
    west, south, east, north = bounds
    lat, lon = (south + north) / 2, (west + east) / 2
    place = f"{language.number(abs(lat), 3)}° {'N' if lat >= 0 else 'S'}, {_longitude(lon, language)}"
    return f"{language.text('subtitle')}, {dates}, {language.text('at_place', place=place)}"


def notice(run: FinishedRun, language: Language) -> Markup:
    """Notice that users of the map have to know, where its model has such a notice."""
    said = run.record.model.notice
    if not said:
        return Markup("")
    return element("p", element("strong", f"{language.text('notice')}: "), told(said), class_="notice", role="note")


def figures(run: FinishedRun, landslides: LandslideData, share: float, language: Language) -> Markup:
    """The few numbers that everybody asks for."""
    record = run.record
    largest = max(landslides.fields["area_m2"], default=0)
    pairs = (
        ("count", language.number(record.landslides)),
        ("area_sum", language.kilometres(record.landslide_km2)),
        ("largest", language.number(largest)),
        ("seen_area", language.kilometres(record.observed_km2)),
        ("seen_share", language.percent(share)),
    )
    cards = [
        element("div", element("b", said), element("span", language.text(key)), class_="figure") for key, said in pairs
    ]
    if record.observed_km2 <= 0:
        cards.append(element("p", language.text("nothing_seen")))
    elif not record.landslides:
        cards.append(element("p", language.text("none_found")))
    return joined(cards)


def legend(
    run: FinishedRun,
    landslides: LandslideData,
    unseen: UnseenData | None,
    language: Language,
    kinds: Sequence[PageKind] = (),
) -> Markup:
    """Signs of the map with their meanings; landslides by their kind where there are any, else by their confidence."""
    entries = [
        _entry(element("rect", x=1, y=1, width=22, height=14, class_=f"slide {name}"), text)
        for name, text in (() if kinds else _classes(run, landslides, language))
    ]
    entries += _of_kinds(kinds, language)
    if unseen is not None and len(unseen.reasons):
        reasons = ", ".join(reason_text(language, reason) for reason in unseen.areas)
        sign = joined(
            [
                element("rect", x=1, y=1, width=22, height=14, class_="hatch-ground"),
                element("path", d="M1 13L13 1M9 15L23 1", class_="hatch-line"),
            ]
        )
        entries.append(_entry(sign, f"{language.text('not_observed')}: {reasons}"))
    return joined(entries)


def remarks(
    landslides: LandslideData, unseen: UnseenData | None, detail: Detail, metres: float, megabytes: float,
    language: Language,
) -> Markup:  # fmt: skip
    """Remarks on what is less than complete or exact on the page, line by line.

    Args:
        landslides: those on the page.
        unseen: what was not observed.
        detail: how sharp the pictures are.
        metres: of a map pixel.
        megabytes: size of the page at the most.
        language: of the page.
    """
    lines = [_detail(detail, metres, megabytes, language)]
    if landslides.outlines.tolerance:
        tolerance = language.length(landslides.outlines.tolerance * metres)
        lines.append(language.text("outlines_simplified", tolerance=tolerance))
    else:
        lines.append(language.text("outlines_exact", pixel=language.length(metres)))
    if landslides.shown < landslides.count:
        shown, count = language.number(landslides.shown), language.number(landslides.count)
        lines.append(language.text("fewer_shown", shown=shown, count=count))
    if unseen is None:
        lines.append(language.text("unseen_unknown"))
    elif unseen.outlines.tolerance:
        tolerance = language.length(unseen.outlines.tolerance * metres)
        lines.append(language.text("unseen_simplified", tolerance=tolerance))
    if unseen is not None and unseen.reasons:
        lines.append(language.text("unseen_note"))
    return joined(element("li", line) for line in lines)


def static_remark(landslides: LandslideData, language: Language) -> str:
    """Caption of the picture, which says where it shows some of the landslides alone."""
    caption = language.text("static_caption")
    if landslides.count <= min(MOST_DRAWN, landslides.shown):
        return caption
    shown = language.number(min(MOST_DRAWN, landslides.shown))
    return f"{caption} {language.text('drawn_static', shown=shown, count=language.number(landslides.count))}"


def table_remark(landslides: LandslideData, language: Language) -> str:
    """Tell how many landslides the table without a script has."""
    count = language.number(landslides.count)
    if landslides.count <= ROWS:
        return language.text("table_all", count=count)
    return language.text("table_static", shown=language.number(ROWS), count=count)


def _classes(run: FinishedRun, landslides: LandslideData, language: Language) -> Iterator[tuple[str, str]]:
    if CLASS not in landslides.fields:
        yield "likely", language.text("landslide")
        return
    limits = CONFIDENCE_CLASSES | run.record.confidence_classes
    low, high = (language.number(limits[name], 2) for name in ("probable", "likely"))
    yield "likely", f"{language.text('landslide')}: {language.text('class_likely', low=high)}"
    yield "probable", language.text("class_probable", low=low, high=high)
    yield "possible", language.text("class_possible", high=low)


def _of_kinds(kinds: Sequence[PageKind], language: Language) -> Iterator[Markup]:
    """Signs of kinds of landslides, and how many more there are."""
    named = in_legend(kinds)
    for number, kind in enumerate(named):
        sign = element("rect", x=1, y=1, width=22, height=14, class_="slide", fill=kind.colour)
        name = kind.name or language.text("no_kind")
        yield _entry(sign, name if number else f"{language.text('landslide')}: {name}")
    if len(named) < len(kinds):
        yield element("span", language.text("further_kinds", count=language.number(len(kinds) - len(named))))


def _detail(detail: Detail, metres: float, megabytes: float, language: Language) -> str:
    whole, windows, finest = (
        language.length(metres * 2**level) for level in (detail.whole, detail.landslides, detail.finest)
    )
    size = language.short(megabytes)
    if detail.whole == detail.finest:
        return language.text("detail_whole", finest=whole)
    if detail.landslides == detail.finest:
        return language.text("detail_windows", finest=windows, rest=whole, megabytes=size)
    return language.text("detail_some", finest=finest, rest=whole, megabytes=size)


def _entry(sign: Markup, text: str) -> Markup:
    return element("span", element("svg", sign, viewBox="0 0 24 16", aria_hidden="true"), text)


def _longitude(lon: float, language: Language) -> str:
    east = near(lon, 0.0)
    return f"{language.number(abs(east), 3)}° {'E' if east >= 0 else 'W'}"
