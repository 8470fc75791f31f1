"""Arrays with a place: what is taken, and errors that name the field."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rasterio.crs import CRS

import landslip
from landslip.runtime.access.given_rasters import given_location
from landslip.runtime.access.raster_array import DTYPES
from landslip.runtime.rasters.content_digest import content_digest
from landslip.runtime.rasters.raster import Raster

PLACE = Affine(10, 0, 500_000, 0, -10, 5_000_000)
VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def array(values=VALUES, transform=PLACE, crs="EPSG:32632", **options):
    return landslip.RasterArray(values, transform, crs, **options)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("values", [[1, 2], [3, 4]]),
        ("values", VALUES.astype(np.float16)),
        ("values", VALUES.astype(np.complex64)),
        ("values", VALUES.astype(object)),
        ("values", np.zeros(4, np.uint8)),
        ("values", np.zeros((0, 3, 4), np.uint8)),
        ("values", np.zeros((300, 200, 3), np.uint8)),
        ("transform", None),
        ("transform", Affine.identity()),
        ("transform", PLACE.to_gdal()),
        ("transform", (1, 2, 3)),
        ("transform", (1, 2, 3, 1, 2, 3)),
        ("transform", (float("nan"), 0, 0, 0, -1, 0)),
        ("crs", None),
        ("crs", ""),
        ("crs", "EPSG:letters"),
        ("crs", "https://example.org/crs"),
        ("valid", np.ones((4, 3), bool)),
        ("valid", np.full((3, 4), "a")),
        ("nodata", -1),
        ("nodata", 10**400),
        ("nodata", 256),
        ("nodata", float("nan")),
        ("nodata", "none"),
        ("band_names", ["red"]),
        ("band_names", "ab"),
        ("band_names", [1, 2]),
        ("colours", ["red", "infrared"]),
        ("scales", [1, float("inf")]),
        ("offsets", ["a", "b"]),
        ("units", ["m", None]),
        ("tags", {"date": 2018}),
        ("tags", "date"),
    ],
)
def test_a_field_that_is_wrong_is_named(field, given):
    with pytest.raises(landslip.UsageError) as error:
        array(**{field: given})
    assert error.value.option == field
    assert error.value.remedy


def test_what_programs_have_is_taken():
    one = array(VALUES[0], tuple(PLACE)[:6], 32632, nodata=7)
    assert one.shape == (1, 3, 4)
    assert one.transform == PLACE
    assert one.crs == CRS.from_epsg(32632)
    assert array(VALUES, crs=CRS.from_epsg(32632).to_wkt()).crs == one.crs
    masked = array(np.ma.masked_equal(VALUES[0], 5))
    assert masked.valid.sum() == 11
    with pytest.raises(landslip.UsageError, match="another mask in each band"):
        array(np.ma.masked_equal(VALUES, 5))
    with pytest.raises(FrozenInstanceError):
        one.nodata = 3


@st.composite
def rasters(draw):
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)))
    values = draw(arrays.arrays(dtype, shape))
    turn = draw(st.sampled_from(["as it is", "reversed", "bands last", "swapped bytes", "every other"]))
    if turn == "reversed":
        values = values[:, ::-1, ::-1]
    if turn == "bands last":
        values = np.ascontiguousarray(values.transpose(1, 2, 0)).transpose(2, 0, 1)
    if turn == "swapped bytes":
        values = values.astype(dtype.newbyteorder(">"))
    if turn == "every other":
        values = np.repeat(values, 2, axis=2)[:, :, ::2]
    nodata = draw(st.one_of(st.none(), st.sampled_from([0, 1])))
    valid = draw(st.one_of(st.none(), arrays.arrays(bool, values.shape[1:])))
    return array(values, nodata=nodata, valid=valid)


@given(rasters())
def test_gdal_reads_what_the_array_holds(raster):
    location = given_location(raster, "pre")
    with rasterio.open(location.gdal) as dataset:
        read = dataset.read()
        masks = dataset.read_masks()
    values = raster.values.astype(raster.values.dtype.newbyteorder("="))
    assert np.array_equal(
        read, values.view(np.uint8) if values.dtype == bool else values, equal_nan=values.dtype.kind == "f"
    )
    if raster.valid is not None:
        assert np.array_equal(masks[0] != 0, raster.valid)
    elif raster.nodata is not None:
        assert np.array_equal(masks != 0, values != raster.nodata)


def test_what_an_array_says_of_itself_is_what_a_raster_says():
    raster = array(
        VALUES, band_names=["a", "b"], colours=["gray", "alpha"], scales=[2, 3], offsets=[4, 5], units=["m", ""],
        tags={"TIFFTAG_DATETIME": "2018:09:06 01:27:01"},
    )  # fmt: skip
    location = given_location(raster, "pre")
    with Raster(location, "pre-event image") as opened:
        assert (opened.names, opened.colours, opened.alpha) == (("a", "b"), ("gray", "alpha"), True)
        assert (opened.scales, opened.offsets, opened.units) == ((2, 3), (4, 5), ("m", ""))
        assert opened.tags["TIFFTAG_DATETIME"] == "2018:09:06 01:27:01"
        assert (opened.crs, opened.transform, opened.path) == (CRS.from_epsg(32632), PLACE, "array pre")


@given(st.data())
def test_what_is_held_decides_its_checksum(data):
    def digest(raster):
        return content_digest(given_location(raster, "pre"))

    alike = {"nodata": 3, "valid": VALUES[0] > 2, "band_names": ["a", "b"], "scales": [1, 2], "tags": {"a": "b"}}
    other = {"nodata": 4, "valid": VALUES[0] > 3, "band_names": ["a", "c"], "scales": [1, 3], "tags": {"a": "c"}}
    name = data.draw(st.sampled_from(sorted(alike)))
    assert digest(array(**alike)) == digest(array(VALUES.copy(), **alike))
    assert digest(array(**alike)) != digest(array(**alike | {name: other[name]}))
    place = data.draw(st.integers(0, VALUES.size - 1))
    values = VALUES.copy()
    values.flat[place] += 1
    assert digest(array(**alike)) != digest(array(values, **alike))


@pytest.mark.parametrize(("dtype", "number"), [("int64", -(2**63)), ("int64", 2**53 + 1), ("uint64", 2**64 - 1)])
def test_nodata_that_would_come_through_as_another_number_is_refused(dtype, number):
    values = np.zeros((1, 4, 4), dtype)
    with pytest.raises(landslip.UsageError, match="do not hold exactly") as raised:
        landslip.RasterArray(values, Affine(6, 0, 0, 0, -6, 0), "EPSG:32632", nodata=number)
    assert raised.value.option == "nodata"
    assert landslip.RasterArray(values, Affine(6, 0, 0, 0, -6, 0), "EPSG:32632", nodata=2**53).nodata == 2**53
