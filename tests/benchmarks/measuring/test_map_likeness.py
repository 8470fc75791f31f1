"""Agreement of maps, and seams in them, on maps that are made up."""

from __future__ import annotations

import math

import numpy as np
import pytest

from landslip.benchmarks.measuring.map_likeness import agreement, seams


def test_maps_agree_where_both_say_something():
    ours = np.array([[60, 60, 10, 255]], np.uint8)
    theirs = np.array([[50, 49, 0, 90]], np.uint8)
    found = agreement(ours, theirs, ours != 255)
    assert found.iou == 0.5
    assert found.difference == pytest.approx((10 + 11 + 10) / 3 / 100)
    assert found.pixels == 3


def test_differences_do_not_wrap_around():
    assert agreement(np.uint8([[0]]), np.uint8([[100]]), np.array([[True]])).difference == 1


def test_maps_without_landslides_have_no_intersection():
    calm, everywhere = np.zeros((2, 2), np.uint8), np.ones((2, 2), np.bool_)
    assert agreement(calm, calm, everywhere).iou is None
    with pytest.raises(ValueError, match="no pixel"):
        agreement(calm, calm, ~everywhere)


def test_noise_and_slopes_have_no_seams():
    noise = np.random.default_rng(1).integers(0, 101, (600, 500)).astype(np.uint8)
    assert seams(noise, range(50, 600, 50), range(50, 500, 50)) == pytest.approx(1, abs=0.05)
    rows, cols = np.mgrid[:60, :60]
    assert seams(rows + cols, [20, 40], [20, 40]) == 1
    assert seams(np.zeros((9, 9)), [3], [3]) == 1


def test_steps_between_tiles_show():
    rows, cols = np.mgrid[:60, :60]
    stepped = rows + cols + 9 * (rows // 20) + 9 * (cols // 20)  # 1 inside, 10 across
    assert seams(stepped, [20, 40], [20, 40]) == pytest.approx(10)
    assert seams(stepped.astype(np.uint8), [20, 40], [20, 40]) == pytest.approx(10)
    # Elsewhere than at the borders it is what is there, too.
    assert seams(stepped, [10, 30], [10, 30]) < 1
    assert seams(np.repeat([0, 7], 5)[:, None] * np.ones(4), [5], []) == math.inf


def test_a_step_in_one_direction_is_seen():
    rows, cols = np.mgrid[:40, :40]
    assert seams(rows + cols + 5 * (cols // 20), [20], [20]) == pytest.approx((6 + 1) / 2)


def test_without_borders_there_is_nothing_to_tell():
    with pytest.raises(ValueError, match="no border"):
        seams(np.zeros((4, 4)), [], [])
    with pytest.raises(ValueError, match="nothing beside"):
        seams(np.zeros((2, 2)), [1], [1])
