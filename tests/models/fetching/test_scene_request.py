from __future__ import annotations

import json

import pytest

from landslip.models.fetching.scene_request import SceneRequest
from landslip.runtime.errors import InputError, UsageError

BOX = "9.03,45.97,9.06,46"


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("2024-08-01/2024-08-20", "2024-08-01T00:00:00Z/2024-08-20T23:59:59Z"),
        ("2024-08-01", "2024-08-01T00:00:00Z/2024-08-01T23:59:59Z"),
        ("2024-08-01T06:00:00Z/2024-08-02T12:00:00+02:00", "2024-08-01T06:00:00Z/2024-08-02T10:00:00Z"),
    ],
)
def test_times_are_intervals(text, interval):
    assert SceneRequest(BOX, post_date=text).spans() == {"post": interval}
    assert list(SceneRequest(BOX, "2024-07-01", text).spans()) == ["pre", "post"]


WRONG = ["", "x", "2024-13-01", "2024-08-20/2024-08-01", "2024-08-01/2024-08-02/2024-08-03", "/"]


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_time_is_said(text):
    with pytest.raises(UsageError, match="is no time") as caught:
        SceneRequest(BOX, pre_date=text).spans()
    assert caught.value.option == "pre_date"


def test_one_time_at_least_is_needed():
    with pytest.raises(UsageError, match="No time is given"):
        SceneRequest(BOX).spans()


def test_the_area_is_a_box_or_that_of_polygons(tmp_path):
    assert SceneRequest(BOX).box() == (9.03, 45.97, 9.06, 46.0)
    ring = [[9.0, 45.0], [9.5, 45.0], [9.2, 45.5], [9.0, 45.0]]
    path = tmp_path / "area.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    assert SceneRequest(str(path)).box() == pytest.approx((9.0, 45.0, 9.5, 45.5))


@pytest.mark.parametrize(
    ("aoi", "message"),
    [
        ("179.5,-17,-179.5,-16", "across the date line"),
        ("5,45,15,46", "more than 5 degrees wide"),
        ("9,46,10,45", "no box in degrees"),
    ],
)
def test_areas_that_cannot_be_fetched_are_said(aoi, message):
    with pytest.raises(UsageError, match=message):
        SceneRequest(aoi).box()


def test_a_file_without_polygons_is_said(tmp_path):
    (tmp_path / "x.txt").write_text("nothing")
    with pytest.raises(InputError, match=r"cannot be read|holds no polygons"):
        SceneRequest(str(tmp_path / "x.txt")).box()


def test_bands_have_common_names_and_labels():
    assert SceneRequest(BOX, bands=("red", "B8A", "NIR")).labels() == {"TCI", "SCL", "B04", "B8A", "B08"}
    assert len(SceneRequest(BOX).labels()) == 15
    with pytest.raises(UsageError, match="Sentinel-2 has no band 'thermal'"):
        SceneRequest(BOX, bands=("thermal",)).labels()
