"""Networks of many descriptions, exported, and compared with Keras on whole arrays."""

from __future__ import annotations

import importlib

import numpy as np
import onnxruntime as ort
import pytest

from helpers.descriptions import DESCRIPTIONS, expected, small_network
from helpers.foreign import randomise, save
from landslip.export.conversion.network import read_network

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


def raw_tiles(spec, size=36, seed=3):
    """Values over the whole range of each band, with some that are missing."""
    rng = np.random.default_rng(seed)
    batch = {}
    for entry in spec.inputs:
        low, high = np.array(entry.limits).T.reshape(2, -1, 1, 1)
        values = rng.uniform(low, high, (2, entry.bands, size, size))
        if entry.dtype == "float32":
            values[rng.random(values.shape) < 0.01] = np.nan
        batch[entry.name] = values.astype(entry.dtype)
    return batch


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_the_graph_gives_what_the_network_gives(keras, tmp_path, name):
    described = DESCRIPTIONS[name]
    model = randomise(small_network(keras, described))
    network = read_network(save(model, tmp_path / "m.h5"), described)
    batch = raw_tiles(described.spec)
    wanted = expected(model, described, batch)
    assert wanted.shape == (2, described.spec.output_bands, 36, 36)
    assert np.ptp(wanted) > 0.05
    session = ort.InferenceSession(network.graph.SerializeToString(), providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, batch)
    np.testing.assert_allclose(answer, wanted, rtol=0, atol=1e-4)
    np.testing.assert_allclose(network.confidence(batch), wanted, rtol=0, atol=1e-4)
    assert [value.name for value in network.graph.graph.input] == [entry.name for entry in described.spec.inputs]
