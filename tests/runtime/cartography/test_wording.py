"""Words of a sheet: counts, areas, shares, dates and places."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rasterio.crs import CRS

from helpers.sheets import facts_for
from landslip.runtime.cartography import wording

FACTS = facts_for(400, 300)


def test_titles():
    assert wording.shown_title(None) == "Landslides"
    assert wording.shown_title("Iburi 2018") == "Iburi 2018"
    assert wording.shown_title("胆振東部地震") == "Landslides"
    assert wording.shown_title("胆振 2018") == "胆振 2018"


@pytest.mark.parametrize(
    ("before", "after", "roles", "headings"),
    [
        ("2018-08-20", "2018-09-11", ("pre", "post"), ("Before: 2018-08-20", "After: 2018-09-11")),
        (None, "2018-09-11", ("pre", "post"), ("Before: date unknown", "After: 2018-09-11")),
        (None, None, ("post",), ("After: date unknown",)),
    ],
)
def test_panels_are_dated(before, after, roles, headings):
    facts = replace(FACTS, before=before, after=after)
    assert wording.headings(facts, roles) == (*headings, "After, with landslides")


def test_the_line_below_the_title_tells_dates_where_all_are_known():
    both = replace(FACTS, before="2018-08-20", after="2018-09-11")
    assert wording.subtitle_of(both, ("pre", "post")).endswith("images of 2018-08-20 (before) and 2018-09-11 (after)")
    assert wording.subtitle_of(replace(both, before=None), ("pre", "post")).endswith(
        "before and an image after the event"
    )
    assert wording.subtitle_of(both, ("post",)).endswith("the image of 2018-09-11 (after)")


@pytest.mark.parametrize(
    ("dates", "text"),
    [
        ((), None),
        ((None, None), None),
        (("2018-09-11",), "2018-09-11"),
        (("2018-09-11T01:27:01Z",), "2018-09-11 01:27 UTC"),
        (("2018-09-11T01:27:01Z", "2018-09-11T01:27:01Z"), "2018-09-11 01:27 UTC"),
        (("2018-09-11T01:27:01Z", "2018-09-11T01:30:00Z"), "2018-09-11"),
        (("2018-09-14", "2018-09-11T01:27:01Z"), "2018-09-11 to 2018-09-14"),
        (("2018-09-11", None), "2018-09-11, in part unknown"),
    ],
)
def test_dates_of_several_files_are_one_period(dates, text):
    assert wording.period(dates) == text


@pytest.mark.parametrize(
    ("landslides", "observed", "text"),
    [
        (0, 1.0, "No landslide"),
        (1, 1.0, "1 landslide"),
        (12345, 1.0, "12,345 landslides"),
        (0, 0.0, "Nothing was observed"),
    ],
)
def test_results(landslides, observed, text):
    assert wording.result_of(replace(FACTS, landslides=landslides, observed_km2=observed)) == text


def test_findings_are_areas_and_shares_with_reasons():
    facts = replace(
        FACTS,
        landslide_km2=1.5,
        observed_km2=60.0,
        not_observed_km2=20.0,
        reasons=(("clouds", 19.0), ("void", 0.0), ("files", 1.0)),
    )
    assert wording.findings(facts) == (
        ("Area", "1.50 km² (2.5 % of observed)"),
        ("Observed", "60.00 km² (75 % of the map)"),
        ("Not observed", "20.00 km² (25 % of the map)"),
        ("", "19.00 km² clouds"),
        ("", "1.00 km² files"),
    )
    alone = replace(facts, reasons=(("clouds", 20.0), ("void", 0.0)))
    assert wording.findings(alone)[-1] == ("", "all of it clouds")


def test_nothing_observed_divides_by_nothing():
    facts = replace(FACTS, landslides=0, landslide_km2=0.0, observed_km2=0.0, not_observed_km2=0.0)
    assert wording.findings(facts)[0] == ("Area", "0 m² (0 % of observed)")


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0 %"), (1, "100 %"), (0.00001, "under 0.01 %"), (0.0052, "0.52 %"), (0.0812, "8.1 %"), (0.42, "42 %"),
        (0.99999, "99.99 %"), (0.992, "99.20 %"),
    ],
)  # fmt: skip
def test_shares_are_0_and_100_only_where_they_are(share, text):
    assert wording.shown_share(share) == text


@pytest.mark.parametrize(
    ("km2", "text"),
    [(0, "0 m²"), (0.0004, "400 m²"), (0.5, "0.50 km²"), (123.45, "123.5 km²"), (12345.6, "12,346 km²")],
)
def test_areas(km2, text):
    assert wording.shown_area(km2) == text


def test_the_place_is_told_in_degrees_and_in_the_crs():
    rows = dict(wording.about(FACTS))
    assert rows["CRS"] == "EPSG:32632 (WGS 84 / UTM zone 32N)"
    assert rows["Corners"] == "500,000, 5,200,000 (upper left)"
    assert rows[""] == "501,800, 5,197,600 (lower right)"
    assert rows["Centre"] == "46.9427° N, 9.0118° E"
    assert rows["Made with"] == "landslip 1.2.3"


def test_a_crs_without_a_code_has_its_name_cut():
    named = CRS.from_wkt(CRS.from_proj4("+proj=tmerc +lon_0=9.3 +datum=WGS84").to_wkt().replace("unknown", "n" * 90))
    assert wording.name_of(named) == "n" * 40 + " …"


def test_what_comes_from_outside_is_cut_and_made_printable():
    rows = dict(wording.about(replace(FACTS, model="m\x1b[2J" + "o" * 100)))
    assert rows["Model"].startswith("m?[2J")
    assert len(rows["Model"]) < 50


@pytest.mark.parametrize(
    ("metres", "text"), [(254, "1 : 10,000 on A4"), (3176, "1 : 130,000 on A4"), (0.1, "1 : 4 on A4")]
)
def test_scales_are_rounded_to_two_digits(metres, text):
    assert wording.scale_of(metres) == text


def test_reduced_panels_say_what_a_pixel_shows():
    assert "map pixels" not in wording.legend_texts(FACTS)[0]
    assert "in at least one of 3 x 3 map pixels" in wording.legend_texts(replace(FACTS, map_pixels=3))[0]
    assert dict(wording.about(replace(FACTS, map_pixels=3)))["Map pixel"] == "6 m; here 18 m"


def test_kinds_of_landslides_are_named_and_those_left_out_are_counted():
    facts = replace(FACTS, kinds=("debris flow", None), map_pixels=3)
    assert wording.kinds_texts(facts) == (f"{wording.legend_texts(facts)[0]}, by class:", "")
    assert wording.kinds_texts(replace(facts, further_kinds=1))[1] == "and 1 class more, on less ground"
    assert wording.kinds_texts(replace(facts, further_kinds=3))[1] == "and 3 classes more, on less ground"
    assert wording.kind_text("debris flow") == "debris flow"
    assert wording.kind_text(None) == "no class surest"
    assert len(wording.kind_text("x" * 500)) < 60
