"""Tags of the map file."""

from __future__ import annotations

import numpy as np
import pytest

from landslip.runtime.products.map_tags import MapOrigin, map_tags, statistics_tags


def counts_of(values):
    return np.bincount(np.asarray(values).ravel(), minlength=256).astype(np.int64)


@pytest.mark.parametrize("values", [[0], [7, 7, 7], [0, 100, 255, 50], list(range(101)) * 3 + [255] * 40])
def test_statistics_are_those_of_the_observed_pixels(values):
    tags = {name: float(text) for name, text in statistics_tags(counts_of(values)).items()}
    observed = np.array([value for value in values if value != 255])
    assert tags["STATISTICS_MINIMUM"] == observed.min()
    assert tags["STATISTICS_MAXIMUM"] == observed.max()
    assert tags["STATISTICS_MEAN"] == pytest.approx(observed.mean(), abs=1e-9)
    assert tags["STATISTICS_STDDEV"] == pytest.approx(observed.std(), abs=1e-9)
    assert tags["STATISTICS_VALID_PERCENT"] == pytest.approx(100 * len(observed) / len(values))


def test_numbers_have_no_exponent_however_large_the_map():
    counts = np.zeros(256, dtype=np.int64)
    counts[0], counts[100], counts[255] = 10**14, 1, 10**14
    assert not any("e" in text.lower() for text in statistics_tags(counts).values())
    assert statistics_tags(counts)["STATISTICS_VALID_PERCENT"] == "50"


def test_where_nothing_was_observed_there_are_no_statistics():
    assert statistics_tags(counts_of([255, 255])) == {}


def test_what_is_not_known_has_no_tag():
    assert set(map_tags(MapOrigin(50, "demo"))) == {
        "TIFFTAG_IMAGEDESCRIPTION", "TIFFTAG_SOFTWARE", "THRESHOLD_PERCENT", "MODEL",
    }  # fmt: skip
    full = map_tags(MapOrigin(50, "demo", "ab12", "Iburi", "2018-08-01", "2018-09-08", "a demonstration"))
    assert full["TITLE"] == "Iburi"
    assert (full["PRE_EVENT_DATE"], full["POST_EVENT_DATE"]) == ("2018-08-01", "2018-09-08")
    assert full["NOTICE"] == "a demonstration"
