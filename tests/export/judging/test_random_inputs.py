from __future__ import annotations

import math

import numpy as np
import onnx
import pytest

from helpers.broken_graphs import network, small
from helpers.keras_files import conv, layer
from landslip.export.conversion.network import read_network
from landslip.export.judging.random_inputs import random_input_parity
from landslip.export.specification.description import published_description

pytestmark = pytest.mark.tensorflow


def test_values_beyond_all_numbers_fit_no_gate_and_raise_no_warning(tmp_path):
    layers = [small("in"), conv("large", "in", 1, 1), layer("Activation", "last", ("large",), activation="exponential")]
    weights = {"large": {"kernel": np.full((1, 1, 1, 1), 3e38), "bias": np.zeros(1)}}
    network(tmp_path / "m.h5", layers, "last", weights)
    found = read_network(tmp_path / "m.h5", published_description("m", "a test"), insist=False)
    onnx.save(found.graph, tmp_path / "m.onnx")
    assert all(math.isnan(figure.max_abs) for figure in random_input_parity(tmp_path / "m.onnx", found))
