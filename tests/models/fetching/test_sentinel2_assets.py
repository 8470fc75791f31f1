from __future__ import annotations

from datetime import datetime, timezone

import pytest
import shapely

from landslip.models.fetching.sentinel2_assets import (
    assets_by_label,
    metadata_text,
    product_name,
    radiometry_of,
    tile_and_time,
)
from landslip.models.fetching.stac_search import FoundItem
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.sentinel2_metadata import radiometry_in

URI = "S2B_MSIL2A_20240803T101559_N0511_R065_T32TNS_20240803T141500.SAFE"


def product(assets=None, name="S2B_32TNS_20240803_0_L2A", **properties):
    taken = datetime(2024, 8, 3, 10, 20, 1, tzinfo=timezone.utc)
    return FoundItem(name, shapely.box(0, 0, 1, 1), taken, properties, assets or {}, None)


@pytest.mark.parametrize(
    ("keys", "labels"),
    [
        (["red", "nir08", "scl", "visual", "red-jp2", "thumbnail"], {"TCI": "visual", "SCL": "scl", "B04": "red"}),
        (["B04_20m", "B04_10m", "SCL_60m", "SCL_20m"], {"SCL": "SCL_20m", "B04": "B04_10m"}),
        (["B04", "b8a", "SCL", "AOT"], {"SCL": "SCL", "B04": "B04", "B8A": "b8a"}),
    ],
)
def test_assets_of_catalogues_are_known(keys, labels):
    found = assets_by_label(product({key: {} for key in keys}))
    assert labels.items() <= found.items()
    assert set(found.values()) <= set(keys) - {"red-jp2", "thumbnail", "AOT"}


def test_names_are_those_of_esa_where_they_are_told():
    told = product(**{"s2:product_uri": URI})
    assert (product_name(told), tile_and_time(told)) == (URI.removesuffix(".SAFE"), "32TNS_20240803T101559")
    plain = product(**{"grid:code": "MGRS-32TNS"})
    assert (product_name(plain), tile_and_time(plain)) == ("S2B_32TNS_20240803_0_L2A", "32TNS_20240803T102001")


@pytest.mark.parametrize("name", ["../x", ".hidden", "a/b", "", "x" * 200])
def test_a_name_that_is_no_name_of_a_folder_is_refused(name):
    with pytest.raises(InputError, match="cannot be the name of a folder"):
        product_name(product(name=name))


def test_an_item_without_a_tile_is_refused():
    with pytest.raises(InputError, match="does not say which tile"):
        tile_and_time(product(name="x"))


BAND = {"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}


@pytest.mark.parametrize(
    ("asset", "properties", "offset"),
    [
        (BAND, {}, -1000.0),
        (BAND, {"earthsearch:boa_offset_applied": True}, 0.0),
        (BAND, {"earthsearch:boa_offset_applied": False}, -1000.0),
        ({"bands": [{"raster:scale": 0.0001, "raster:offset": -0.1}]}, {}, -1000.0),
        ({"raster:scale": 0.0001, "raster:offset": 0}, {}, 0.0),
        (BAND, {"s2:processing_baseline": "03.01"}, 0.0),
        (BAND, {"sentinel:boa_offset_applied": True}, 0.0),
        ({}, {"s2:processing_baseline": "05.11"}, -1000.0),
        ({}, {"s2:product_uri": URI}, -1000.0),
        ({}, {"s2:product_uri": URI, "earthsearch:boa_offset_applied": True}, 0.0),
        ({}, {"s2:processing_baseline": "05.11", "earthsearch:boa_offset_applied": True}, 0.0),
        ({}, {"s2:processing_baseline": "03.01"}, 0.0),
    ],
)
def test_reflectance_is_told_by_the_assets_or_the_baseline_and_written_down(asset, properties, offset):
    item = product({"red": asset}, **properties)
    rule = radiometry_of(item, {"B04": "red"})
    assert rule is not None
    written = radiometry_in(metadata_text(item, rule).encode(), "x")
    assert written is not None
    assert written.of_band("B04") == pytest.approx((0.0001, offset / 10_000))
    assert written.name == product_name(item)


def test_bands_with_scales_of_their_own_are_refused_and_one_without_leaves_all_untold():
    halved = {"raster:bands": [{"scale": 0.0002, "offset": 0}]}
    with pytest.raises(InputError, match="several scales"):
        radiometry_of(product({"red": BAND, "nir": halved}), {"B04": "red", "B08": "nir"})
    assert radiometry_of(product({"red": BAND, "nir": {}}), {"B04": "red", "B08": "nir"}) is None


NO_RULES = [{"scale": "x"}, {"scale": 0}, {"scale": -1}, {"scale": float("nan")}, {"offset": None}, 7]


@pytest.mark.parametrize("band", NO_RULES)
def test_what_is_no_rule_is_none(band):
    assert radiometry_of(product({"red": {"raster:bands": [band]}}), {"B04": "red"}) is None
