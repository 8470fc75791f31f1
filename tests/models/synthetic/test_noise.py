"""Noise: uniform where it should be, smooth where it should be, the same wherever it is asked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.models.synthetic.noise import fractal_noise, gradient_noise, hash_unit, nearest_seed, smoothstep

places = st.floats(-1e5, 1e5)
seeds = st.integers(0, 10**6)


def test_hashes_are_uniform_and_unrelated():
    values = np.array([[hash_unit(col, row, 3) for col in range(-150, 150)] for row in range(-150, 150)])
    assert values.min() >= 0.0
    assert values.max() < 1.0
    assert np.histogram(values, bins=10, range=(0, 1))[0] == pytest.approx(9000, rel=0.05)
    for a, b in ((values[:, 1:], values[:, :-1]), (values[1:], values[:-1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.01


def test_hashes_change_with_every_argument():
    assert len({hash_unit(*numbers) for numbers in ((1, 2, 3), (2, 1, 3), (1, 3, 2), (-1, 2, 3), (1, 2, 4))}) == 5


@given(places, places, seeds)
def test_gradient_noise_is_bounded_and_smooth(x, y, seed):
    here = gradient_noise(x, y, seed)
    assert abs(here) < 1.5
    # The gradient of Perlin noise is below 4 per wavelength, also across lattice lines.
    assert abs(gradient_noise(x + 1e-3, y, seed) - here) < 8e-3
    assert abs(gradient_noise(x, y + 1e-3, seed) - here) < 8e-3


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), seeds)
def test_gradient_noise_is_zero_on_its_lattice(col, row, seed):
    assert gradient_noise(float(col), float(row), seed) == pytest.approx(0.0, abs=1e-12)


def test_one_octave_of_fractal_noise_is_gradient_noise():
    assert fractal_noise(3.3, 4.4, 1, 9) == gradient_noise(3.3, 4.4, 9)


def test_fractal_noise_is_centred():
    rng = np.random.default_rng(1)
    values = np.array([fractal_noise(x, y, 4, 5) for x, y in rng.uniform(0, 2000, (20_000, 2))])
    assert abs(values.mean()) < 0.01
    assert 0.15 < values.std() < 0.25


@pytest.mark.parametrize(("value", "expected"), [(-5.0, 0.0), (2.0, 0.0), (3.0, 0.5), (4.0, 1.0), (9.0, 1.0)])
def test_smoothstep(value, expected):
    assert smoothstep(2.0, 4.0, value) == pytest.approx(expected)


@given(places, places, seeds)
def test_cells_keep_their_name_up_to_their_border(x, y, seed):
    name, border = nearest_seed(x, y, seed)
    assert 0.0 <= name < 1.0
    assert border >= 0.0
    for angle in np.linspace(0.0, 2.0 * math.pi, 7):
        step = 0.99 * border
        assert nearest_seed(x + step * math.cos(angle), y + step * math.sin(angle), seed)[0] == name
