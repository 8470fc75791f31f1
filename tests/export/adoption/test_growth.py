from __future__ import annotations

import numpy as np
import onnx
import pytest

from helpers.foreign_onnx import DESCRIPTION, TORCH_NETWORKS, Net, torch_network
from landslip.export.adoption.adopted_network import read_adopted
from landslip.export.adoption.growth import check_growth
from landslip.runtime.errors import ModelError


def enlarged(factor):
    net = Net().conv(3, 1)
    return net.add("Resize", np.zeros(0, np.float32), np.array([1, 1, factor, factor], np.float32)).add("Sigmoid")


@pytest.mark.parametrize("factor", [1e4, 1e8])
def test_a_layer_that_gives_too_much_is_not_run(tmp_path, factor):
    onnx.save(enlarged(factor).model(), tmp_path / "bomb.onnx")
    with pytest.raises(ModelError, match="numbers for one tile of 16 pixels"):
        read_adopted(tmp_path / "bomb.onnx", DESCRIPTION)


def test_margins_without_bounds_are_not_made(tmp_path):
    net = Net().conv(3, 1).add("Pad", np.array([0, 0, 0, 0, 0, 0, 1 << 20, 1 << 20])).add("Sigmoid")
    onnx.save(net.model(), tmp_path / "bomb.onnx")
    with pytest.raises(ModelError, match="numbers for one tile of 16 pixels"):
        read_adopted(tmp_path / "bomb.onnx", DESCRIPTION)


@pytest.mark.parametrize("name", TORCH_NETWORKS)
def test_usual_networks_are_within_the_bounds(name):
    known = torch_network(name)
    check_growth(onnx.load(known.onnx), 2048, known.onnx)
