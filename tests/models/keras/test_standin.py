from __future__ import annotations

import importlib

import h5py
import numpy as np
import pytest
from click.testing import CliRunner

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def standin():
    return importlib.import_module("landslip.models.keras.standin")


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "damped"])
def model(standin, request):
    return standin.standin_model(1 / 8, damped=request.param)


@pytest.mark.parametrize("cell", [1, 16])
def test_confidence_spreads_over_its_range(model, cell):
    rng = np.random.default_rng(1)
    inputs = [
        np.kron(rng.uniform(-1, 1, (1, 224 // cell, 224 // cell, bands)), np.ones((1, cell, cell, 1)))
        for bands in (3, 3, 2)
    ]
    confidence = model(inputs)[0].numpy()
    low, high = np.percentile(confidence, [5, 95])
    assert low < 0.35
    assert high > 0.65
    assert 0.15 < (confidence >= 0.5).mean() < 0.85
    assert ((confidence < 0.001) | (confidence > 0.999)).mean() < 0.01


def test_the_command_writes_what_the_seed_decides(standin, tmp_path):
    kernels = []
    for number, options in enumerate((["--seed", "3"], ["--seed", "3", "--adam"], ["--seed", "4"])):
        out = tmp_path / f"{number}.hdf5"
        result = CliRunner().invoke(standin.main, [str(out), "--width", "0.03", *options], catch_exceptions=False)
        assert result.stdout.strip() == str(out)
        with h5py.File(out) as file:
            assert ("optimizer_weights" in file) == ("--adam" in options)
            kernels.append(file["model_weights/res5b_branch2a/res5b_branch2a/kernel:0"][()])
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
