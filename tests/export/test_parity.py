from __future__ import annotations

import numpy as np
import pytest

from helpers.models import brightness_model
from landslip.export.parity import artifact_confidence, check
from landslip.export.tiles import noise_batch
from landslip.runtime.errors import ParityError
from landslip.runtime.parity import Gate, compare
from landslip.runtime.reference import TileSet
from landslip.runtime.spec import published_spec

SPEC = published_spec("test", "test")
TILES = TileSet("noise", noise_batch(SPEC, np.random.default_rng(0), 2, 32))


def test_an_artifact_that_strays_is_refused_with_its_name_and_figure():
    reference = np.full((2, 1, 32, 32), 0.5)
    figure = compare(TILES, reference, (reference + 0.25).astype(np.float32), 0.5)
    check([figure], Gate(0.3), "m.onnx")
    with pytest.raises(ParityError, match=r"m\.onnx: strays .* differs by up to 0\.25 on 2 noise tiles of 32 pixels"):
        check([figure], Gate(0.1), "m.onnx")


def test_an_artifact_is_asked_through_the_engine(tmp_path):
    confidence = artifact_confidence(brightness_model(tmp_path / "m.onnx"), TILES)
    np.testing.assert_allclose(confidence, TILES.batch["post"].max(1, keepdims=True) / 255, rtol=1e-6)


def test_an_artifact_that_does_not_run_fails(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(ParityError, match="does not run"):
        artifact_confidence(path, TILES)
