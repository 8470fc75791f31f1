"""Scores: against hand computations, numpy's correlation, and maps with known truth."""

from __future__ import annotations

import json
import math

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from hypothesis import given
from hypothesis.extra.numpy import arrays
from rasterio.transform import from_origin

from landslip.models.demo.score import Scores, confusion, score_map
from landslip.runtime.errors import InputError, InputMissingError, UsageError

masks = arrays(np.bool_, (6, 7))


def test_ratios_by_hand():
    scores = Scores(true_positive=6, false_positive=1, false_negative=2, true_negative=3)
    assert scores.precision == pytest.approx(6 / 7)
    assert scores.recall == pytest.approx(6 / 8)
    assert scores.f1 == pytest.approx(12 / 15)
    assert scores.mcc == pytest.approx((6 * 3 - 1 * 2) / math.sqrt(7 * 8 * 4 * 5))
    assert scores.pixels == 12


def test_counts_of_whole_countries_do_not_overflow():
    scores = Scores(3 * 10**11, 10**11, 10**11, 10**13)
    assert scores.mcc == pytest.approx(0.75 - 1 / 101, abs=1e-3)


@pytest.mark.parametrize(
    ("scores", "mcc"),
    [(Scores(), 0.0), (Scores(true_negative=9), 0.0), (Scores(5, 0, 0, 5), 1.0), (Scores(0, 5, 5, 0), -1.0)],
    ids=["nothing", "all negative", "perfect", "inverted"],
)
def test_edges(scores, mcc):
    assert scores.mcc == mcc
    assert 0.0 <= scores.f1 <= 1.0


@given(masks, masks)
def test_mcc_is_the_correlation_of_the_masks(mapped, known):
    scores = confusion(mapped, known, np.ones_like(mapped))
    if 0 < mapped.sum() < mapped.size and 0 < known.sum() < known.size:
        assert scores.mcc == pytest.approx(np.corrcoef(mapped.ravel(), known.ravel())[0, 1])
    else:
        assert scores.mcc == 0.0


@given(masks, masks, masks)
def test_parts_add_up_and_unobserved_pixels_do_not_count(mapped, known, observed):
    whole = confusion(mapped, known, observed)
    assert whole == sum((confusion(mapped[i], known[i], observed[i]) for i in range(6)), Scores())
    assert whole == confusion(mapped & observed, known | ~observed, observed)
    assert whole.pixels == observed.sum()


def test_as_dict_is_json():
    text = json.dumps(Scores(6, 1, 2, 3).as_dict())
    assert json.loads(text)["mcc"] == 0.4781


def write_map(path, values, **changes):
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 1, "nodata": 255, "crs": "EPSG:32632", **changes}
    place = from_origin(600_000, 5_200_000, 6.0, 6.0)
    with rasterio.open(path, "w", height=values.shape[0], width=values.shape[1], transform=place, **profile) as target:
        for band in range(profile["count"]):
            target.write(values.astype(profile["dtype"]), band + 1)
    return path


def write_truth(path, pixel_boxes, crs="EPSG:32632"):
    """Boxes as (first row, first col, last row, last col) of whole pixels."""
    boxes = [
        shapely.box(600_000 + 6 * c0, 5_200_000 - 6 * r1, 600_000 + 6 * c1, 5_200_000 - 6 * r0)
        for r0, c0, r1, c1 in pixel_boxes
    ]
    geometry = shapely.to_wkb(np.array(boxes, dtype=object))
    pyogrio.raw.write(path, geometry, [], [], driver="GPKG", geometry_type="Polygon", crs=crs)
    return path


def test_a_map_of_several_bands_of_rows(tmp_path):
    values = np.zeros((1300, 40), np.uint8)
    values[500:540, 10:20] = 80  # crosses the first border between bands
    values[505:510, 10:20] = 255
    values[1200:1210, 0:5] = 50
    values[1250:1260, 0:5] = 49
    truth = write_truth(tmp_path / "truth.gpkg", [(500, 10, 540, 15), (1195, 0, 1205, 5), (1255, 0, 1260, 5)])
    scores = score_map(write_map(tmp_path / "map.tif", values), truth)
    assert scores.true_positive == 35 * 5 + 5 * 5
    assert scores.false_positive == 35 * 5 + 5 * 5
    assert scores.false_negative == 5 * 5 + 5 * 5
    assert scores.pixels == 1300 * 40 - 50


def test_the_threshold_decides(tmp_path):
    values = np.full((4, 4), 70, np.uint8)
    truth = write_truth(tmp_path / "truth.gpkg", [(0, 0, 4, 2)])
    path = write_map(tmp_path / "map.tif", values)
    assert score_map(path, truth, 0.7).false_positive == 8
    assert score_map(path, truth, 0.71) == Scores(false_negative=8, true_negative=8)


def test_no_known_landslides_is_a_truth_too(tmp_path):
    truth = write_truth(tmp_path / "truth.gpkg", [])
    assert score_map(write_map(tmp_path / "map.tif", np.zeros((4, 4))), truth) == Scores(true_negative=16)


def test_bad_input_is_named(tmp_path):
    path = write_map(tmp_path / "map.tif", np.zeros((4, 4)))
    truth = write_truth(tmp_path / "truth.gpkg", [(0, 0, 1, 1)])
    with pytest.raises(UsageError, match="threshold"):
        score_map(path, truth, 0.0)
    with pytest.raises(InputMissingError, match="no map at"):
        score_map(tmp_path / "none.tif", truth)
    with pytest.raises(InputMissingError, match="no known landslides"):
        score_map(path, tmp_path / "none.gpkg")
    (tmp_path / "text.tif").write_text("text")
    with pytest.raises(InputError, match="cannot be read"):
        score_map(tmp_path / "text.tif", truth)
    (tmp_path / "text.gpkg").write_text("text")
    with pytest.raises(InputError, match="cannot be read"):
        score_map(path, tmp_path / "text.gpkg")
    with pytest.raises(InputError, match="not a confidence map"):
        score_map(write_map(tmp_path / "three.tif", np.zeros((4, 4)), count=3), truth)
    with pytest.raises(InputError, match="ogr2ogr"):
        score_map(path, write_truth(tmp_path / "other.gpkg", [], crs="EPSG:32633"))
