"""Percentiles and stretches against sorting and plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landslip.runtime.imagery.stretch import Stretch, percentiles

TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64")


def sorted_percentiles(values, percents):
    """The definition: the smallest value that at least so many percent do not exceed."""
    ordered = np.sort(values, axis=1)
    ranks = [max(1, -(-values.shape[1] * percent // 100)) for percent in percents]
    return ordered[:, np.array(ranks) - 1].astype(np.float64)


@st.composite
def streams(draw):
    """Values (bands, n) in the type of a file, and where the stream is cut."""
    dtype = np.dtype(draw(st.sampled_from(TYPES)))
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, 60)))
    # What fits into float32 without rounding.
    if dtype.kind == "f":
        elements = st.floats(width=32, allow_nan=False, allow_infinity=False)
    else:
        limits = np.iinfo(dtype)
        elements = st.integers(max(limits.min, -(1 << 24)), min(limits.max, 1 << 24))
    values = draw(hnp.arrays(dtype, shape, elements=elements))
    return values, draw(st.lists(st.integers(0, shape[1]), max_size=3).map(sorted))


@settings(max_examples=60, deadline=None)
@given(streams(), st.lists(st.integers(0, 100), min_size=1, max_size=4))
def test_percentiles_are_those_of_the_sorted_values_however_they_are_cut(stream, percents):
    values, cuts = stream
    found = percentiles(lambda: np.split(values, cuts, axis=1), percents)
    np.testing.assert_array_equal(found, sorted_percentiles(values, percents))


def test_percentiles_are_numpys_inverted_cdf():
    values = np.random.default_rng(0).normal(size=(2, 1001)).astype(np.float32)
    found = percentiles(lambda: [values], (0, 2, 50, 98, 100))
    expected = np.percentile(values, (0, 2, 50, 98, 100), axis=1, method="inverted_cdf").T
    np.testing.assert_array_equal(found, expected)


def test_an_outlier_costs_no_precision():
    values = np.linspace(0, 0.3, 5000, dtype=np.float32)[None].copy()
    values[0, 0] = 3e38
    np.testing.assert_array_equal(percentiles(lambda: [values], (2, 98)), sorted_percentiles(values, (2, 98)))


@pytest.mark.parametrize("nothing", [[], [np.zeros((3, 0), np.uint16)]])
def test_nothing_has_no_percentiles(nothing):
    assert percentiles(lambda: nothing, (2, 98)) is None


def test_values_too_large_for_32_bits_do_not_become_infinite():
    values = np.array([[-1e300, 0.0, 1e300]])
    assert np.isfinite(percentiles(lambda: [values], (0, 100))).all()


@settings(max_examples=60, deadline=None)
@given(streams(), st.floats(-100, 100), st.floats(0.5, 1e4), st.sampled_from([1.0, 0.0001, -2.0]), st.floats(-10, 10))
def test_a_stretch_is_numpys_straight_line(stream, low, span, scale, offset):
    values = stream[0][:, None, :]
    bands = len(values)
    stretch = Stretch((low,) * bands, (low + span,) * bands, (scale,) * bands, (offset,) * bands)
    out = stretch.apply(values)
    line = (values.astype(np.float64) * scale + offset - low) * 255.0 / (low + span - low)
    assert out.dtype == np.uint8
    np.testing.assert_array_equal(out, np.floor(np.clip(line + 0.5, 0, 255)))


@settings(max_examples=40, deadline=None)
@given(st.integers(-30000, 30000), st.integers(1, 30000))
def test_limits_become_black_and_white_and_order_is_kept(low, span):
    stretch = Stretch((float(low),), (float(low + span),), (1.0,), (0.0,))
    values = np.sort(np.append(np.arange(low - 5, low + span + 5, max(1, span // 50)), [low, low + span]))
    levels = stretch.apply(values[None, None])[0, 0]
    assert (np.diff(levels.astype(int)) >= 0).all()
    assert levels[values <= low].max() == 0
    assert levels[values >= low + span].min() == 255


def test_each_band_has_its_own_line():
    stretch = Stretch((0.0, 10.0), (10.0, 20.0), (1.0, 1.0), (0.0, 0.0))
    np.testing.assert_array_equal(stretch.apply(np.full((2, 1, 1), 10, np.int16)).ravel(), [255, 0])


def test_halves_are_rounded_up():
    stretch = Stretch((0.0,), (510.0,), (1.0,), (0.0,))
    np.testing.assert_array_equal(stretch.apply(np.array([[[1, 2, 3, 509]]], np.uint16)).ravel(), [1, 1, 2, 255])
