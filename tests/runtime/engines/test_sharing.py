"""Engines that compute features apart, which overlapping tiles share."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from helpers.engines import SPEC, mixing_engine
from helpers.graphs import small_network
from helpers.models import batch_of, brightness_model
from helpers.sharing import NAME, BlurringEngine
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.engines.batch_checks import check_shares_on
from landslip.runtime.engines.protocol import shared_values, sharing
from landslip.runtime.engines.shrinking import ShrinkingEngine
from landslip.runtime.errors import EngineError, EngineMemoryError, UsageError


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("small") / "m.onnx"
    onnx.save(small_network(), path)
    return path


def opened(model, engine, *, shares=True, **options):
    return open_engine(
        model, EngineOptions(engine, "cpu", share_features=shares, **({"batch": 3, "tile": 64} | options))
    )


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_features_and_the_rest_are_the_whole(model, engine):
    pytest.importorskip(engine)
    batch = batch_of(3)
    with opened(model, engine, shares=False) as whole, opened(model, engine) as halves:
        assert sharing(whole) is None
        assert [(each.name, each.bands) for each in shared_values(halves)] == [("stem/relu", 8)]
        features = sharing(halves).features(batch)
        assert features["stem/relu"].shape == (3, 8, 64, 64)
        np.testing.assert_allclose(halves.infer(batch | features), whole.infer(batch), atol=1e-6)
        with pytest.raises(EngineError, match=f"{engine} failed: the batch holds"):
            halves.infer(batch)
        with pytest.raises(EngineError, match=f"{engine} failed: the batch holds"):
            sharing(halves).features(batch_of(2))


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_a_model_without_such_features_is_not_opened(tmp_path, engine):
    pytest.importorskip(engine)
    with pytest.raises(UsageError, match="no features that overlapping tiles could share"):
        opened(brightness_model(tmp_path / "m.onnx"), engine)


def test_tensorrt_does_not_share(model):
    with pytest.raises(EngineError, match="tensorrt does not share features") as caught:
        open_engine(model, EngineOptions("tensorrt", share_features=True))
    assert caught.value.option == "share_features"


@pytest.mark.parametrize("device", ["cuda", "gpu", "npu"])
def test_only_a_cpu_shares(device):
    check_shares_on("cpu")
    with pytest.raises(EngineError, match=f"on the CPU alone, and this engine runs on {device}"):
        check_shares_on(device)


def test_an_engine_that_shrinks_shares_as_the_one_inside():
    batch = batch_of(5)

    class Small(BlurringEngine):
        def features(self, batch):
            if len(batch["post"]) > 2:
                raise EngineMemoryError("no room.")
            return super().features(batch)

    with ShrinkingEngine(lambda _: Small(), 5) as engine:
        assert engine.shared == BlurringEngine().shared
        found = engine.features(batch)
        np.testing.assert_array_equal(found[NAME], BlurringEngine().features(batch)[NAME])
        np.testing.assert_array_equal(engine.infer(batch | found), found[NAME][:, :1])
    with ShrinkingEngine(lambda _: mixing_engine(SPEC), 5) as engine:
        assert sharing(engine) is None
