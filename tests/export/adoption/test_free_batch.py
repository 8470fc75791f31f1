from __future__ import annotations

import numpy as np
import pytest

from helpers.foreign_onnx import Net
from landslip.export.adoption.free_batch import mixes_tiles, with_open_batch
from landslip.export.precisions.graph_session import opened

DIMS = (1, 4, 8, 8)
TWO = {"image": np.random.default_rng(0).normal(size=(2, *DIMS[1:])).astype(np.float32)}


def flattened():
    """A network that flattens a tile and folds it up again."""
    return Net(DIMS).add("Reshape", np.array([1, -1])).add("Reshape", np.array(DIMS)).add("Sigmoid")


def windows():
    """A network that works on parts of the tile, as transformers with windows do."""
    net = Net(DIMS).add("Reshape", np.array([1, 4, 2, 4, 2, 4])).add("Transpose", perm=[0, 2, 4, 1, 3, 5])
    net.add("Reshape", np.array([4, 4, 4, 4])).add("Softmax", axis=1)
    net.add("Reshape", np.array([1, 2, 2, 4, 4, 4])).add("Transpose", perm=[0, 3, 1, 4, 2, 5])
    return net.add("Reshape", np.array(DIMS))


@pytest.mark.parametrize("make", [flattened, windows])
def test_a_batch_that_is_written_down_is_opened(make):
    model = make().model(dims=DIMS)
    found = with_open_batch(model)
    assert not mixes_tiles(found, TWO)
    each = [opened(model).run({"image": TWO["image"][k : k + 1]})[0] for k in range(2)]
    np.testing.assert_allclose(opened(found).run(TWO)[0], np.concatenate(each), atol=1e-6)
    assert mixes_tiles(model, TWO)  # as it was it takes one alone


def test_tiles_that_are_mixed_are_seen():
    net = Net(("n", 4, 8, 8))
    net.node("ReduceMean", ["image"], axes=[0], keepdims=1).node("Sub", ["image", net.last])
    assert mixes_tiles(net.model(dims=("n", 4, 8, 8)), TWO)


def test_no_number_is_no_agreement():
    net = Net(("n", 4, 8, 8)).add("Mul", np.float32(np.inf)).add("Sub", np.float32(np.inf))
    assert mixes_tiles(net.model(dims=("n", 4, 8, 8)), TWO)
