from __future__ import annotations

import importlib

import numpy as np
import pytest

from helpers.keras_files import conv, image, tiny_config, tiny_layers, tiny_weights, write_keras_hdf5
from landslip.export.conversion.fitting import described
from landslip.export.conversion.weights import read_weights
from landslip.export.hdf5.model_file import open_saved_model
from landslip.export.specification.description import published_description
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
from landslip.runtime.errors import ModelError

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def rebuild():
    return importlib.import_module("landslip.export.conversion.rebuild").rebuild


@pytest.fixture
def rebuilt(rebuild):
    def build(path, **options):
        with open_saved_model(path) as saved:
            declared = screened_graph(saved.config, str(path))
            topology = served_topology(declared, str(path))
            fitted = described(topology, published_description("test", "test"), str(path))
            weights = read_weights(fitted, saved, declared)
        return rebuild(fitted, weights, **options)

    return build


def tiny_oracle(images):
    """The tiny network in plain numpy, for (n, row, col, band) float64."""
    weights = tiny_weights()
    x = np.pad(np.concatenate(images, axis=-1), ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
    x = np.einsum("nyxbij,ijbf->nyxf", windows, weights["first"]["kernel"]) + weights["first"]["bias"]
    norm = weights["norm"]
    x = (x - norm["moving_mean"]) / np.sqrt(norm["moving_variance"] + 1e-3) * norm["gamma"] + norm["beta"]
    relu = np.maximum(x, 0)
    n, rows, cols, bands = relu.shape
    pool = relu.reshape(n, rows // 2, 2, cols // 2, 2, bands).max(axis=(2, 4))
    x = pool.repeat(2, axis=1).repeat(2, axis=2) + relu
    last = weights["prediction"]
    return 1 / (1 + np.exp(-(x @ last["kernel"][0, 0] + last["bias"])))


@pytest.mark.parametrize(("reference", "dtype", "tolerance"), [(False, "float32", 1e-6), (True, "float64", 1e-7)])
def test_the_network_computes_what_its_file_says(rebuilt, tiny_file, reference, dtype, tolerance):
    rng = np.random.default_rng(0)
    images = [rng.uniform(-1, 1, (2, 8, 12, bands)) for bands in (3, 3, 2)]
    confidence = rebuilt(tiny_file, reference=reference)(
        [values.astype(dtype) for values in images], training=False
    ).numpy()
    assert confidence.dtype == dtype
    np.testing.assert_allclose(confidence, tiny_oracle(images), atol=tolerance)


def test_heads_and_dropout_never_come_to_life(rebuilt, tmp_path):
    layers = tiny_layers()
    head = layers[-1]["config"]
    head["constants"], head["node_def"]["attr"] = {"1": "nonsense"}, {"T": {"type": "DT_NONSENSE"}}
    model = rebuilt(write_keras_hdf5(tmp_path / "m.hdf5", tiny_config(layers)))
    assert {layer.name for layer in model.layers} == {
        entry["name"] for entry in layers if entry["name"] not in {"dropout", "conv_out_2", head["name"]}
    }


def test_a_lambda_is_refused_and_its_code_does_not_run(rebuilt, tmp_path):
    keras = importlib.import_module("landslip.models.keras.quiet_tensorflow").keras
    marker = tmp_path / "ran"
    payload = keras.layers.Lambda(
        lambda x, path=str(marker): [__import__("pathlib").Path(path).touch(), x][1], name="relu"
    )
    saved = {"class_name": "Lambda", "name": "relu", "config": payload.get_config()}
    # Keras itself runs the code: the payload is live.
    keras.layers.Lambda.from_config(saved["config"])(np.zeros(1, np.float32))
    assert marker.exists()
    marker.unlink()
    layers = [{**entry, **saved} if entry["name"] == "relu" else entry for entry in tiny_layers()]
    with pytest.raises(ModelError, match="layer 'relu' is of class 'Lambda'"):
        rebuilt(write_keras_hdf5(tmp_path / "m.hdf5", tiny_config(layers)))
    assert not marker.exists()


def replaced(replacement):
    return [replacement if entry["name"] == replacement["name"] else entry for entry in tiny_layers()]


@pytest.mark.parametrize(
    ("replacement", "message"),
    [
        (image("input_1", 4), "its input 'input_1' takes 4 bands, but the description gives it 3"),
        (conv("first", "pad", 5, padding="valid"), "'kernel' of layer 'first' has shape"),
        (conv("first", "pad", 4, 5, padding="valid"), "a map needs an answer for each pixel"),
        (conv("first", "pad", 4), r"layer 'add' \(Add\) does not fit what feeds it"),
    ],
)
def test_what_does_not_fit_the_weights_or_the_graph_is_refused(rebuilt, tmp_path, replacement, message):
    layers = replaced(replacement)
    if replacement["name"] == "first" and replacement["config"]["padding"] == "same":
        layers = [conv("up", "first", 5, 1) if entry["name"] == "up" else entry for entry in layers]
    weights = tiny_weights() | {"up": {"kernel": np.zeros((1, 1, 4, 5)), "bias": np.zeros(5)}}
    with pytest.raises(ModelError, match=message):
        rebuilt(write_keras_hdf5(tmp_path / "m.hdf5", tiny_config(layers), weights))


def test_a_prediction_of_several_bands_is_refused(rebuilt, tmp_path):
    weights = tiny_weights() | {"prediction": {"kernel": np.zeros((1, 1, 4, 2)), "bias": np.zeros(2)}}
    layers = replaced(conv("prediction", "add", 2, 1, activation="sigmoid"))
    with pytest.raises(ModelError, match="'prediction' has 2 bands"):
        rebuilt(write_keras_hdf5(tmp_path / "m.hdf5", tiny_config(layers), weights))


def test_layers_without_bias_or_scale_have_fewer_weights(rebuilt, tmp_path):
    layers = tiny_layers()
    options = {entry["name"]: entry["config"] for entry in layers}
    options["first"]["use_bias"] = False
    options["norm"]["scale"] = False
    weights = tiny_weights()
    del weights["first"]["bias"], weights["norm"]["gamma"]
    model = rebuilt(write_keras_hdf5(tmp_path / "m.hdf5", tiny_config(layers), weights))
    assert len(model.get_layer("first").get_weights()) == 1
    np.testing.assert_allclose(model.get_layer("norm").get_weights()[0], weights["norm"]["beta"], rtol=1e-6)
