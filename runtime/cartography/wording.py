"""Words of a printed map, from its facts; English."""

from __future__ import annotations

import math
import re

from rasterio.crs import CRS

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.cartography.scale_bar import ground_metres, shown_length
from landslip.runtime.cartography.typeset import plain
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.projection import to_degrees
from landslip.runtime.untrusted.printable import printable

Rows = tuple[tuple[str, str], ...]
"""Labels, each with its value."""

UNKNOWN_DATE = "date unknown"
NOTHING_OBSERVED = "Nothing was observed"

_DATE = 60
"""Characters of a date at the most."""

_NAME = 40
"""Characters of a foreign name at the most."""


def shown_title(title: str | None) -> str:
    """The title that was given, or else what the map shows; so too where there are no letters for the title."""
    return title if title and any(letter.isalnum() for letter in plain(title)) else "Landslides"


def subtitle_of(facts: MapFacts, roles: tuple[str, ...]) -> str:
    """A line on the images that the map was made from."""
    known = [f"{date_of(facts, role)} ({_word(role)})" for role in roles if _date(facts, role)]
    if len(known) == len(roles):
        return f"Landslides mapped from {'images' if len(roles) > 1 else 'the image'} of {' and '.join(known)}"
    return f"Landslides mapped from {' and '.join(f'an image {_word(role)}' for role in roles)} the event"


def headings(facts: MapFacts, roles: tuple[str, ...]) -> tuple[str, ...]:
    """Headings of the panels: when each image was taken, and the one with the landslides."""
    dated = (f"{_word(role).capitalize()}: {date_of(facts, role)}" for role in roles)
    return (*dated, f"{_word(roles[-1]).capitalize()}, with landslides")


def date_of(facts: MapFacts, role: str) -> str:
    """Date of an image, or that it is not known."""
    date = _date(facts, role)
    return printable(date, _DATE) if date else UNKNOWN_DATE


def period(dates: tuple[str | None, ...]) -> str | None:
    """First and last of some ISO dates and instants, as one text; None where any is unknown, or there are none."""
    known = sorted(date for date in dates if date)
    if not known:
        return None
    days = known[0][:10], known[-1][:10]
    if len(known) < len(dates) or days[0] != days[1]:
        both = days[0] if days[0] == days[1] else f"{days[0]} to {days[1]}"
        return both if len(known) == len(dates) else f"{both}, in part unknown"
    instant = re.fullmatch(r"(\S{10})T(\d\d:\d\d)(?::\S*)?Z", known[0])
    return f"{instant[1]} {instant[2]} UTC" if instant and known[0] == known[-1] else days[0]


def result_of(facts: MapFacts) -> str:
    """Count of landslides, in two or three words."""
    if not facts.observed_km2:
        return NOTHING_OBSERVED
    return f"{facts.landslides:,} landslide{'s' * (facts.landslides != 1)}" if facts.landslides else "No landslide"


def findings(facts: MapFacts) -> Rows:
    """Areas that were found, observed and not observed."""
    whole = facts.observed_km2 + facts.not_observed_km2
    rows = [
        ("Area", _of(facts.landslide_km2, facts.observed_km2, "observed")),
        ("Observed", _of(facts.observed_km2, whole, "the map")),
        ("Not observed", _of(facts.not_observed_km2, whole, "the map")),
    ]
    reasons = [(reason, area) for reason, area in facts.reasons if area > 0]
    if len(reasons) == 1:
        return (*rows, ("", f"all of it {reasons[0][0]}"))
    return (*rows, *(("", f"{shown_area(area)} {reason}") for reason, area in reasons))


def about(facts: MapFacts) -> Rows:
    """Facts on how the map was made, and where it lies."""
    grid = facts.grid
    left, bottom, right, top = (f"{value:,.0f}" for value in grid.bounds)
    metres = ground_metres(grid)
    pixel = shown_length(_rounded(metres))
    if facts.map_pixels > 1:
        pixel += f"; here {shown_length(_rounded(metres * facts.map_pixels))}"
    return (
        ("Threshold", f"{100 * facts.threshold:.0f} % confidence"),
        ("Polygons", f"from {facts.min_area_m2:,.10g} m² on"),
        ("Model", printable(facts.model, _NAME)),
        ("Map pixel", pixel),
        ("Centre", centre_of(grid)),
        ("Corners", f"{left}, {top} (upper left)"),
        ("", f"{right}, {bottom} (lower right)"),
        ("CRS", name_of(grid.crs)),
        ("Made with", f"landslip {printable(facts.version, _NAME)}"),
    )


def legend_texts(facts: MapFacts) -> tuple[str, str]:
    """Explanations of the landslides and of what was not observed."""
    step = facts.map_pixels
    finer = f" in at least one of {step} x {step} map pixels" if step > 1 else ""
    return (
        f"Landslide: confidence of {100 * facts.threshold:.0f} % and more{finer}",
        "Not observed: nothing is known of landslides here",
    )


def kind_text(name: str | None) -> str:
    """Name of a kind of landslides in the legend."""
    return printable(name, _NAME) if name else "no class surest"


def kinds_texts(facts: MapFacts) -> tuple[str, str]:
    """Line above the kinds of landslides in the legend, and the one below them, which is empty where all are there."""
    more = facts.further_kinds
    left_out = f"and {more} class{'es' * (more != 1)} more, on less ground" if more else ""
    return f"{legend_texts(facts)[0]}, by class:", left_out


CAUTION = "Mapped by a neural network; not checked on the ground."


def centre_of(grid: MapGrid) -> str:
    """Latitude and longitude of the middle of a map."""
    left, bottom, right, top = grid.bounds
    try:
        x, y = to_degrees(grid.crs, [(left + right) / 2], [(bottom + top) / 2])
    except RASTER_ERRORS:
        return "unknown"
    longitude, latitude = float(x[0]), float(y[0])
    if not (math.isfinite(longitude) and math.isfinite(latitude)):
        return "unknown"
    return f"{abs(latitude):.4f}° {'NS'[latitude < 0]}, {abs(longitude):.4f}° {'EW'[longitude < 0]}"


def name_of(crs: CRS) -> str:
    """Code of a CRS with its name; the name alone where there is no code."""
    code, named = crs.to_epsg(), re.match(r'\w+\["([^"]*)"', crs.to_wkt())
    name = printable(named[1], _NAME) if named else "without a name"
    return f"EPSG:{code} ({name})" if code else name


def shown_area(km2: float) -> str:
    """An area in square kilometres, in square metres where it is small."""
    if km2 < 0.01:
        return f"{1e6 * km2:,.0f} m²"
    return f"{km2:,.{0 if km2 >= 1000 else 1 if km2 >= 100 else 2}f} km²"


def shown_share(share: float) -> str:
    """A share of 0 to 1 in percent, which is 0 or 100 only where it is so exactly."""
    percent = 100 * share
    if 0 < percent < 0.01:
        return "under 0.01 %"
    if 99 < percent < 100:
        return f"{math.floor(100 * percent) / 100:.2f} %"
    digits = 0 if percent in {0, 100} or percent >= 10 else 1 if percent >= 1 else 2
    return f"{percent:.{digits}f} %"


def scale_of(metres_per_inch: float) -> str:
    """Scale of the sheet on paper, to two digits."""
    ratio = metres_per_inch / 0.0254
    power = 10.0 ** (math.floor(math.log10(ratio)) - 1)
    return f"1 : {round(ratio / power) * power:,.0f} on A4"


def _of(part: float, whole: float, name: str) -> str:
    share = shown_share(min(1.0, part / whole)) if whole else "0 %"
    return f"{shown_area(part)} ({share} of {name})"


def _date(facts: MapFacts, role: str) -> str | None:
    return facts.before if role == "pre" else facts.after


def _rounded(metres: float) -> float:
    return float(f"{metres:.3g}")


def _word(role: str) -> str:
    return "before" if role == "pre" else "after"
