from __future__ import annotations

from datetime import datetime, timezone

import pytest
import shapely

from landslip.models.fetching.acquisitions import chosen
from landslip.models.fetching.stac_search import FoundItem
from landslip.runtime.errors import InputError

AREA = shapely.box(0.0, 0.0, 1.0, 1.0)


def product(name, day, clouds, box=(0, 0, 1, 1), **properties):
    properties = {"eo:cloud_cover": clouds, **properties}
    taken = datetime(2024, 8, day, 10, tzinfo=timezone.utc)
    return FoundItem(name, shapely.box(*box), taken, properties, {}, None)


def names(found):
    return [item.id for item in found.items]


def test_the_clearest_date_is_taken():
    found = chosen([product("a", 1, 50.0), product("b", 2, 3.5), product("c", 3, 20.0)], AREA, "post", "x")
    assert (names(found), found.clouds, found.covered) == (["b"], 3.5, 1.0)


def test_a_date_that_shows_all_counts_before_a_clear_one_that_shows_a_part():
    found = chosen([product("half", 1, 0.0, (0, 0, 0.5, 1)), product("whole", 2, 30.0)], AREA, "pre", "x")
    assert names(found) == ["whole"]


def test_products_of_one_day_and_orbit_belong_together_and_clouds_count_by_what_is_shown():
    west, east = product("west", 1, 10.0, (-1, 0, 0.75, 1)), product("east", 1, 50.0, (0.75, 0, 2, 1))
    found = chosen([east, west, product("later", 2, 21.0)], AREA, "post", "x")
    assert names(found) == ["west", "east"]
    assert found.clouds == pytest.approx(20.0)


def test_products_of_another_orbit_are_another_date():
    orbits = [{"sat:relative_orbit": 65}, {"s2:product_uri": "S2B_MSIL2A_20240801T101559_N0511_R022_T32TNS_x.SAFE"}]
    items = [product(str(number), 1, 0.0, (number / 2, 0, 1, 1), **given) for number, given in enumerate(orbits)]
    assert names(chosen(items, AREA, "post", "x")) == ["0"]


def test_of_a_product_that_was_processed_again_the_later_one_is_taken():
    items = [product(f"p{year}", 1, 5.0, created=f"{year}-01-01T00:00:00Z") for year in (2024, 2026, 2025)]
    assert names(chosen(items, AREA, "post", "x")) == ["p2026"]


@pytest.mark.parametrize(("date", "name"), [("pre", "late"), ("post", "early")])
def test_of_dates_that_are_as_good_the_one_next_to_the_event_is_taken(date, name):
    assert names(chosen([product("late", 9, 1.0), product("early", 1, 1.0)], AREA, date, "x")) == [name]


def test_products_that_add_nothing_are_left_out():
    items = [product("whole", 1, 1.0), product("part", 1, 0.0, (0, 0, 0.3, 0.3))]
    assert names(chosen(items, AREA, "post", "x")) == ["whole"]


def test_clouds_that_are_not_told_count_as_all_clouds():
    items = [product("untold", 1, None), product("told", 2, 99.0)]
    assert names(chosen(items, AREA, "post", "x")) == ["told"]


def test_clouds_and_gaps_are_warned_of(caplog):
    chosen([product("a", 1, 80.0, (0, 0, 0.5, 1))], AREA, "post", "x")
    assert "the clearest date has 80 % clouds" in caplog.text
    assert "no date shows more than 50 % of the area" in caplog.text


@pytest.mark.parametrize("items", [[], [product("elsewhere", 1, 0.0, (5, 5, 6, 6))]])
def test_nothing_that_shows_the_area_is_said(items):
    with pytest.raises(InputError, match=r"catalogue x has no product of the time of `pre_date`") as caught:
        chosen(items, AREA, "pre", "catalogue x")
    assert caught.value.option == "pre_date"
