from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from landslip.export.precisions.integer_scales import diffused, filter_scales, symmetric_scale, unsigned_scale

numbers = st.floats(-1e4, 1e4, width=32)
spans = st.tuples(numbers, numbers).map(sorted).map(tuple)
filters = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 5), st.integers(1, 5)),
    elements=st.floats(-8, 8, width=32),
)


def on_grid(scale, value):
    limits = np.iinfo(scale.zero_point.dtype)
    integer = np.clip(np.rint(value / scale.scale) + scale.zero_point, limits.min, limits.max)
    return float(scale.scale * (integer - scale.zero_point.astype(np.int32)))


@pytest.mark.parametrize(("make", "dtype"), [(unsigned_scale, np.uint8), (symmetric_scale, np.int8)])
@given(spans, st.floats(0, 1))
def test_every_value_of_the_range_is_met_within_a_step(make, dtype, span, where):
    scale = make(span)
    value = span[0] + where * (span[1] - span[0])
    assert scale.zero_point.dtype == dtype
    assert on_grid(scale, 0.0) == 0.0
    # Half a step from rounding, and half a step at the ends from moving 0 onto it.
    assert abs(on_grid(scale, value) - value) <= float(scale.scale) * 1.01 + 1e-3


@given(st.floats(0, 1e4, width=32))
def test_after_a_relu_zero_is_the_lowest_integer_of_an_unsigned_grid(high):
    # Then a ReLU in front of it changes nothing, and ONNX Runtime leaves it out.
    scale = unsigned_scale((0.0, high))
    assert scale.zero_point == 0
    assert on_grid(scale, high) == pytest.approx(high, rel=1e-5, abs=1e-25)


@given(spans)
def test_symmetric_grids_have_zero_in_their_middle(span):
    assert symmetric_scale(span).zero_point == 0


@pytest.mark.parametrize("make", [unsigned_scale, symmetric_scale])
def test_what_is_always_zero_gets_a_scale_all_the_same(make):
    scale = make((0.0, 0.0)).scale
    assert scale >= np.finfo(np.float32).tiny
    assert scale * scale >= 0


@given(filters, st.sampled_from([63, 127]))
def test_errors_of_a_kernel_cancel_out(weights, largest):
    scales = filter_scales(weights, largest)
    integers = diffused(weights, scales, largest)
    assert integers.dtype == np.int8
    assert np.abs(integers.astype(int)).max() <= largest
    errors = integers - weights.astype(np.float64) / scales[:, None, None, None]
    assert np.abs(errors).max() <= 1 + 1e-4
    # Half a step, but where a weight at the end of the range could not take over what others left.
    at_end = (np.abs(integers) == largest).any(axis=(2, 3))
    assert (np.abs(errors.sum(axis=(2, 3))) <= 0.5 + 1e-4)[~at_end].all()


def test_diffusion_keeps_what_smooth_images_see():
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(64, 16, 3, 3)).astype(np.float32)
    scales = filter_scales(weights, 127)
    exact = weights / scales[:, None, None, None]
    diffusion, rounding = diffused(weights, scales, 127) - exact, np.rint(exact) - exact

    def lost(errors):
        return np.square(errors.sum(axis=(2, 3))).mean()

    # A sum of nine independent errors has nine times the variance of one; here a single one is left.
    assert lost(diffusion) < lost(rounding) / 6


@given(filters, st.floats(1e-6, 10), st.floats(-1e6, 1e6))
def test_biases_fit_into_32_bits(weights, input_scale, bias):
    biases = np.full(len(weights), bias, np.float32)
    scales = filter_scales(weights, 127, biases, input_scale)
    assert (scales > 0).all()
    assert np.abs(biases / (scales.astype(np.float64) * input_scale)).max() < 2**31 - 2**29


def test_sums_of_reduced_weights_fit_into_16_bits():
    from landslip.export.precisions.quantise import FULL, REDUCED

    # Without VNNI a CPU adds two products of unsigned and signed 8-bit numbers in 16 bits.
    assert 2 * 255 * REDUCED <= np.iinfo(np.int16).max < 2 * 255 * FULL
