from __future__ import annotations

import pytest
import shapely

from landslip.models.fetching.stac_search import FoundItem
from landslip.runtime.errors import InputError

ITEM = "https://example.org/stac/items/a"


def location(href, address=ITEM):
    return FoundItem("a", shapely.box(0, 0, 1, 1), None, {}, {"red": {"href": href}}, address).location("red")


@pytest.mark.parametrize(
    ("href", "found"),
    [
        ("https://example.org/b.tif", "https://example.org/b.tif"), ("../b.tif", "https://example.org/stac/b.tif"),
        ("s3://bucket/b.tif", "s3://bucket/b.tif"), ("/etc/passwd", "https://example.org/etc/passwd"),
    ],
)  # fmt: skip
def test_files_lie_where_the_item_says_relative_to_itself(href, found):
    assert location(href) == found


def test_an_item_without_an_address_gives_whole_addresses_alone():
    assert location("https://example.org/b.tif", None) == "https://example.org/b.tif"
    with pytest.raises(InputError, match="no address on the web"):
        location("b.tif", None)


@pytest.mark.parametrize(
    "href",
    [
        "file:///etc/passwd", "/vsizip//home/a.zip/b.tif", "vrt:///home/a.tif", "/vsistdin/", "HDF5:/home/a.h5://b",
        "", "a\nb", 7, None, "x" * 5000,
    ],
)  # fmt: skip
def test_no_catalogue_names_files_of_this_machine(href):
    with pytest.raises(InputError, match="no address"):
        location(href)
