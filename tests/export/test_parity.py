from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.models import brightness_model
from landslip.export.choices import PRECISIONS
from landslip.export.parity import GATES, Gate, artifact_confidence, check, compare
from landslip.export.tiles import TileSet, noise_batch
from landslip.runtime.errors import ParityError
from landslip.runtime.spec import published_spec

SPEC = published_spec("test", "test")
TILES = TileSet("noise", noise_batch(SPEC, np.random.default_rng(0), 2, 32))


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


@given(shift=st.floats(-0.4, 0.4))
def test_the_gate_opens_up_to_its_limit(shift):
    parity = figures(0.5, 0.5 + shift)
    if parity.max_abs <= 0.1:
        check([parity], Gate(0.1), "m.onnx")
    else:
        with pytest.raises(ParityError, match=r"m\.onnx: differs from the Keras network by up to 0\..* on noise tiles"):
            check([parity], Gate(0.1), "m.onnx")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_fails(wrong):
    with pytest.raises(ParityError):
        check([figures(0.5, wrong)], Gate(1.0), "m.onnx")


def test_every_set_of_tiles_counts():
    with pytest.raises(ParityError):
        check([figures(0.5, 0.5), figures(0.5, 0.7)], Gate(0.1), "m.onnx")


def test_every_precision_has_a_gate():
    assert set(GATES) == set(PRECISIONS)
    assert GATES["fp32"].max_abs == 1e-5


def test_an_artifact_is_asked_through_the_engine(tmp_path):
    confidence = artifact_confidence(brightness_model(tmp_path / "m.onnx"), TILES)
    np.testing.assert_allclose(confidence, TILES.batch["post"].max(1, keepdims=True) / 255, rtol=1e-6)


def test_an_artifact_that_does_not_run_fails(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(ParityError, match="does not run"):
        artifact_confidence(path, TILES)
