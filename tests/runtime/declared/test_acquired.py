"""When an image was taken: names of products, metadata, tags, and what a user writes."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from landslip.runtime.declared.acquired import acquired, earliest, user_time

SAFE = "S2A_MSIL1C_20180911T012701_N0206_R074_T54TWN_20180911T045123.SAFE"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (SAFE, "2018-09-11T01:27:01Z"),
        (f"/data/{SAFE}.zip", "2018-09-11T01:27:01Z"),
        ("S2A_OPER_PRD_MSIL1C_PDMC_20160101T163000_R022_V20151231T101201_20151231T101201.SAFE", "2015-12-31T10:12:01Z"),
        ("GRANULE/L1C/IMG_DATA/T54TWN_20180911T012701_B04.jp2", "2018-09-11T01:27:01Z"),
        ("https://host/sentinel-s2-l2a-cogs/54/T/WN/2018/9/S2A_54TWN_20180911_0_L2A/TCI.tif", "2018-09-11"),
        ("s3://sentinel-s2-l1c/tiles/54/T/WN/2018/9/11/0/B04.jp2", "2018-09-11"),
        ("LC08_L2SP_107030_20180918_20200830_02_T1_SR_B4.TIF", "2018-09-18"),
        ("planet/20180820_012030_0f3c_3B_AnalyticMS.tif", "2018-08-20T01:20:30Z"),
        ("20220822_153019_55_2459_3B_Visual_clip.tif", "2022-08-22T15:30:19Z"),
        # The file says it more closely than the folder of another product.
        (f"{SAFE}/T54TWN_20180824T012659_TCI.jp2", "2018-08-24T01:26:59Z"),
    ],
)
@pytest.mark.parametrize("kind", [str, Path])
def test_names_of_products(name, text, kind):
    found = acquired(kind(name) if "://" not in name else name, {})
    assert found is not None
    assert (found.text, found.source) == (text, "name")
    assert found.certain


@pytest.mark.parametrize(
    "name",
    [
        "before.tif", "20180911.tif", "event_20180906/post.tif", "mosaic_20180820_012030.tif",
        "T54TWN_20189911T012701_TCI.jp2",
        "/tiles/54/T/WN/2018/13/11/0/B04.jp2",
    ],
)  # fmt: skip
def test_other_names_say_nothing(name):
    assert acquired(Path(name), {}) is None


def test_the_metadata_of_a_product_that_was_renamed(tmp_path):
    product = tmp_path / "before.SAFE"
    product.mkdir()
    text = "<a><PRODUCT_START_TIME>2018-09-11T01:27:01.024Z</PRODUCT_START_TIME></a>"
    (product / "MTD_MSIL1C.xml").write_text(text)
    found = acquired(product / "TCI.jp2", {"TIFFTAG_DATETIME": "2020:01:01 00:00:00"}, product)
    assert found is not None
    assert (found.text, found.source) == ("2018-09-11T01:27:01Z", "metadata")
    (product / "MTD_MSIL1C.xml").write_text("<PRODUCT_START_TIME>soon</PRODUCT_START_TIME>")
    assert acquired(product / "TCI.jp2", {}, product) is None


@pytest.mark.parametrize(
    ("tags", "text", "certain"),
    [
        ({"TIFFTAG_DATETIME": "2018:09:06 01:27:01"}, "2018-09-06T01:27:01Z", False),
        ({"TIFFTAG_DATETIME": "2018-09-06T01:27:01+09:00"}, "2018-09-05T16:27:01Z", False),
        ({"ACQUISITIONDATETIME": "2018-09-06 01:27:01", "TIFFTAG_DATETIME": "x"}, "2018-09-06T01:27:01Z", True),
    ],
)
def test_tags(tags, text, certain):
    found = acquired(Path("a.tif"), tags)
    assert found is not None
    assert (found.text, found.certain) == (text, certain)


@pytest.mark.parametrize(
    "value", ["", "0000:00:00 00:00:00", "1970:01:01 00:00:00", "Thu Sep  6 2018", "2018:13:06 01:27:01"]
)
def test_tags_that_say_nothing(value):
    assert acquired(Path("a.tif"), {"TIFFTAG_DATETIME": value}) is None


@pytest.mark.parametrize(
    ("text", "start", "whole_day"),
    [
        ("2018-09-06", (2018, 9, 6), True),
        ("20180906", (2018, 9, 6), True),
        ("2018-09-06T01:27:01Z", (2018, 9, 6, 1, 27, 1), False),
        ("2018-09-06 01:27", (2018, 9, 6, 1, 27), False),
        ("2018-09-06T01:27:01.25+09:00", (2018, 9, 5, 16, 27, 1, 250_000), False),
        ("2016-12-31T23:59:60Z", (2016, 12, 31, 23, 59, 59), False),
    ],
)
def test_what_a_user_writes(text, start, whole_day):
    found = user_time(text)
    assert found.start == datetime(*start, tzinfo=timezone.utc)
    assert found.whole_day == whole_day


@pytest.mark.parametrize(
    "text", ["", "yesterday", "06.09.2018", "2018-02-30", "2018-09-06T25:00", "0001-01-01T00:00+23:59", "2018"]
)
def test_what_is_no_date(text):
    with pytest.raises(ValueError, match="is no date"):
        user_time(text)


def test_one_day_is_not_later_than_itself():
    day, noon, evening, next_day = map(
        user_time, ("2018-09-06", "2018-09-06T12:00Z", "2018-09-06T18:00Z", "2018-09-07")
    )
    assert evening.after(noon)
    assert not noon.after(evening)
    assert not day.after(noon)
    assert not evening.after(day)
    assert next_day.after(evening)
    assert earliest([None, evening, noon]) == noon
    assert earliest([None]) is None
