from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landslip.runtime.artifacts.parity import GATES, Gate, Parity, compare, loosened, violations
from landslip.runtime.artifacts.reference_tiles import Rounding, TileSet

TILES = TileSet("noise", {"slope": np.zeros((2, 1, 32, 32), np.float32)})


def figures(reference, confidence, threshold=0.5):
    shape = (2, 1, 32, 32)
    return compare(
        TILES,
        np.broadcast_to(np.asarray(reference, np.float64), shape),
        np.broadcast_to(np.asarray(confidence, np.float32), shape),
        threshold,
    )


def test_an_artifact_that_agrees_is_perfect():
    parity = figures(0.75, 0.75)
    assert (parity.max_abs, parity.mean_abs, parity.p99_9, parity.iou) == (0, 0, 0, 1)
    assert parity.area == parity.area_reference == 2 * 32 * 32
    assert (parity.kind, parity.tiles, parity.tile) == ("noise", 2, 32)


def test_figures_are_what_they_say():
    reference = np.zeros((2, 1, 32, 32))
    reference[0, 0, :2] = 0.6  # 64 pixels
    confidence = np.zeros_like(reference)
    confidence[0, 0, 1:4] = 0.5  # 96 pixels, 32 of them the same
    parity = figures(reference, confidence)
    assert parity.max_abs == pytest.approx(0.6)
    assert parity.mean_abs == pytest.approx((32 * 0.6 + 32 * 0.1 + 64 * 0.5) / 2048)
    assert parity.p99_9 == pytest.approx(0.6)
    assert parity.iou == pytest.approx(32 / 128)
    assert (parity.area, parity.area_reference) == (96, 64)


def test_where_neither_finds_anything_they_agree():
    assert figures(0.2, 0.1).iou == 1


def test_of_classes_the_mask_counts_by_the_confidence_of_all_that_mean_landslide():
    reference, confidence = np.zeros((2, 2, 3, 32, 32))
    reference[:, 0], confidence[:, 0] = 0.4, 0.4
    reference[:, 1], reference[:, 2] = 0.35, 0.25
    confidence[:, 1], confidence[:, 2] = 0.25, 0.35
    parity = compare(TILES, reference, confidence.astype(np.float32), 0.5, (1, 2))
    assert (parity.iou, parity.area, parity.area_reference) == (1, 2048, 2048)
    assert (parity.max_abs, parity.mean_abs) == (pytest.approx(0.1), pytest.approx(0.2 / 3))
    assert compare(TILES, reference, confidence.astype(np.float32), 0.3, (1,)).area == 0


@given(shift=st.floats(-0.4, 0.4))
def test_the_gate_opens_up_to_its_limit(shift):
    parity = figures(0.5, 0.5 + shift)
    assert bool(violations([parity], Gate(max_abs=0.1))) is (parity.max_abs > 0.1)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
@pytest.mark.parametrize("gate", [Gate(max_abs=1.0), Gate(mean_abs=1.0), Gate(p99_9=1.0)])
def test_what_is_no_number_fails(wrong, gate):
    assert violations([figures(0.5, wrong)], gate)


def test_every_set_of_tiles_counts():
    assert violations([figures(0.5, 0.5), figures(0.5, 0.7)], Gate(max_abs=0.1))


@pytest.mark.parametrize(
    ("gate", "phrase"),
    [
        (Gate(mean_abs=0.1), "differs in the mean by 0.2 on 2 noise tiles of 32 pixels, and 0.1 is allowed"),
        (Gate(p99_9=0.1), "differs in the 99.9th percentile by 0.2"),
        (Gate(iou=0.5), "with an IoU of 0.0000"),
        (Gate(area=0.01), "an area that is off by a share of 1"),
    ],
)
def test_each_limit_has_its_phrase(gate, phrase):
    (said,) = violations([figures(0.6, 0.4)], gate)
    assert phrase in said


def test_only_tiles_of_the_kinds_of_the_gate_decide_and_there_has_to_be_one():
    far = figures(0.6, 0.4)
    near = replace(figures(0.6, 0.6), kind="scene")
    gate = Gate(mean_abs=0.1, kinds=("scene",))
    assert not violations([far, near], gate)
    assert violations([far], gate) == ["there are no tiles of the kind scene to judge by"]


def strayed(most, mean, keras=None):
    rounding = None if keras is None else Rounding(*keras)
    return Parity("noise", 2, 32, most, mean, most, 1.0, 100, 100, rounding)


@pytest.mark.parametrize(
    ("figure", "passes"),
    [
        (strayed(9e-6, 5e-6), True),
        (strayed(1.1e-5, 1e-7), False),  # an older reference does not tell what Keras itself does
        (strayed(9e-6, 5e-6, (1e-7, 1e-8)), True),  # 1e-5 is enough by itself
        (strayed(1.3e-5, 1e-6, (1.7e-5, 1e-6)), True),
        (strayed(3.4e-5, 2e-6, (1.7e-5, 1e-6)), True),
        (strayed(3.5e-5, 2e-6, (1.7e-5, 1e-6)), False),
        (strayed(2e-5, 1e-5, (1.7e-5, 1e-6)), False),  # off everywhere, which the largest difference hides
        (strayed(2e-5, 1e-6, (4e-6, 1e-6)), False),
        (strayed(float("nan"), float("nan"), (1.7e-5, 1e-6)), False),
    ],
)
def test_fp32_is_right_when_it_is_about_as_near_as_keras_in_float32(figure, passes):
    assert (violations([figure], GATES["fp32"]) == []) is passes


def test_it_is_said_what_keras_itself_does():
    (said,) = violations([strayed(4e-5, 2e-6, (1.7e-5, 1e-6))], GATES["fp32"])
    assert said.endswith("and 3.4e-05 is allowed, 2 times what the network itself in float32 does")
    (said,) = violations([strayed(4e-5, 2e-6, (1.7e-6, 1e-6))], GATES["fp32"])
    assert said.endswith("and 1e-05 is allowed")


@pytest.mark.parametrize(
    ("figure", "gate", "limits"),
    [
        (strayed(3.141e-5, 1e-6), GATES["fp32"], ["max_abs=3.2e-05"]),
        (strayed(1.95e-5, 1e-5, (1.7e-5, 1e-6)), GATES["fp32"], ["max_abs=2.0e-05"]),
        (strayed(0.3, 0.0213), Gate(mean_abs=1e-2, iou=0.98), ["mean_abs=2.2e-02"]),
        (replace(strayed(0.3, 0.0213), iou=0.97128), Gate(mean_abs=1e-2, iou=0.98), ["mean_abs=2.2e-02", "iou=0.9712"]),
        (strayed(float("nan"), 0.1), GATES["fp32"], []),
        (strayed(1e-6, 1e-6), GATES["fp32"], []),
    ],
)
def test_limits_that_would_let_it_pass_are_told_and_do(figure, gate, limits):
    assert loosened([figure], gate) == limits
    if limits:
        given = {name: float(value) for name, value in (each.split("=") for each in limits)}
        assert not violations([figure], replace(gate, **given, keras_float32=None))


def test_an_area_where_the_reference_has_none_is_infinitely_off():
    assert figures(0.4, 0.6).area_error == float("inf")
    assert figures(0.4, 0.4).area_error == 0


def test_the_gates_are_the_published_ones():
    assert GATES["fp32"] == Gate(max_abs=1e-5, keras_float32=2.0)
    assert {name: (gate.mean_abs, gate.iou) for name, gate in GATES.items() if name != "fp32"} == {
        "fp16": (1e-3, 0.995),
        "bf16": (1e-2, 0.98),
        "int8": (1e-2, 0.98),
        "int8+bf16": (1e-2, 0.98),
    }
