"""Engines of networks that tell several classes apart."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import replace

import numpy as np
import pytest

from helpers.engines import CLASS_SPEC, SPEC, class_mixture
from helpers.models import batch_of, brightness_model, class_model
from landslip.runtime.engines import EngineOptions, FakeEngine, open_engine
from landslip.runtime.engines.shrinking import ShrinkingEngine
from landslip.runtime.errors import EngineMemoryError, ModelError


def engines():
    found = {"onnxruntime": "onnxruntime", "openvino": "openvino_telemetry"}  # not openvino: see without_telemetry.py
    return [engine for engine, package in found.items() if importlib.util.find_spec(package)]


@pytest.mark.parametrize("name", engines())
def test_every_class_comes_out(tmp_path, name):
    options = EngineOptions(engine=name, device="cpu", batch=3, tile=64)
    with open_engine(class_model(tmp_path / "m.onnx"), options) as engine:
        assert engine.spec == CLASS_SPEC
        batch = batch_of(3)
        confidence = engine.infer(batch)
    assert confidence.shape == (3, 4, 64, 64)
    assert confidence.dtype == np.float32
    np.testing.assert_allclose(confidence, class_mixture(batch), atol=2e-5)


@pytest.mark.parametrize("name", engines())
def test_a_graph_with_fewer_bands_than_classes_is_refused(tmp_path, name):
    model = brightness_model(tmp_path / "m.onnx", CLASS_SPEC)
    with pytest.raises(ModelError, match="'confidence' in float32 with 4 bands"):
        open_engine(model, EngineOptions(engine=name, device="cpu", batch=1, tile=64))


@pytest.mark.parametrize("name", engines())
def test_a_graph_of_several_classes_is_no_single_confidence(tmp_path, name):
    model = class_model(tmp_path / "m.onnx", SPEC)
    with pytest.raises(ModelError, match=r"'confidence' in float32 with 1 band\."):
        open_engine(model, EngineOptions(engine=name, device="cpu", batch=1, tile=64))


def test_batches_of_classes_shrink_where_memory_is_short(caplog):
    def small(batch):
        if len(batch["slope"]) > 2:
            raise EngineMemoryError("too many")
        return class_mixture(batch)

    caplog.set_level(logging.WARNING)
    with ShrinkingEngine(lambda _: FakeEngine(CLASS_SPEC, small), 3) as engine:
        np.testing.assert_array_equal(engine.infer(batch_of(3)), class_mixture(batch_of(3)))
    assert "Going on with batches of 1" in caplog.text


@pytest.mark.parametrize("count", [2, 3, 5])
def test_the_fake_engine_gives_classes_that_add_up(count):
    classes = (replace(CLASS_SPEC.classes[1], name=f"class {number}") for number in range(count))
    spec, batch = replace(SPEC, classes=tuple(classes)), batch_of(2)
    confidence = FakeEngine(spec).infer(batch)
    assert confidence.shape == (2, count, 64, 64)
    assert confidence.dtype == np.float32
    np.testing.assert_allclose(confidence.sum(1), 1, atol=1e-6)
    surest = confidence.argmax(1)
    assert set(surest.ravel()) == set(range(count))
