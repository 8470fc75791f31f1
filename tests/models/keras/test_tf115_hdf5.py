from __future__ import annotations

import importlib
import json

import h5py
import numpy as np
import pytest

from landslip.runtime.errors import OutputError, UsageError

pytestmark = pytest.mark.tensorflow

PUBLISHED_BYTES = 250_991_304


@pytest.fixture(scope="module")
def writer():
    return importlib.import_module("landslip.models.keras.tf115_hdf5")


@pytest.fixture(scope="module")
def unet():
    return importlib.import_module("landslip.models.keras.unet")


@pytest.fixture(scope="module")
def quiet():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow")


@pytest.fixture(scope="module")
def narrow(unet):
    return unet.build_unet(1 / 32)


@pytest.fixture
def written(writer, narrow, tmp_path):
    def write(**options):
        path = tmp_path / "model.hdf5"
        writer.write_tf115_hdf5(narrow, path, **options)
        return path

    return write


def layers_of(path):
    with h5py.File(path) as file:
        return json.loads(file.attrs["model_config"])["config"]["layers"]


def objects(value):
    """Every dict inside a JSON value."""
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(item)


def test_root_attributes_are_those_of_tensorflow_1_15(written):
    with h5py.File(written()) as file:
        config = json.loads(file.attrs["model_config"])
        assert set(file) == {"model_weights"}
        assert set(file.attrs) == {"keras_version", "backend", "model_config"}
        assert (file.attrs["keras_version"], file.attrs["backend"]) == ("2.2.4-tf", "tensorflow")
    assert config["class_name"] == "Model"
    assert set(config["config"]) == {"name", "layers", "input_layers", "output_layers"}
    assert config["config"]["output_layers"][0] == ["prediction", 0, 0]


def test_every_initialiser_carries_a_dtype(written):
    initialisers = [
        value
        for layer in layers_of(written())
        for key, value in layer["config"].items()
        if key.endswith("_initializer")
    ]
    assert len(initialisers) > 300
    assert all(value["config"]["dtype"] == "float32" for value in initialisers)
    assert all(set(value) == {"class_name", "config"} for value in initialisers)


def test_keys_of_later_versions_are_missing(written):
    later = {"groups", "ragged", "optional", "module", "registered_name", "build_config"}
    assert not any(later & set(found) for layer in layers_of(written()) for found in objects(layer))


@pytest.mark.parametrize("node_def", ["json", "protobuf"])
def test_heads_are_raw_op_layers_with_a_readable_node(quiet, written, node_def):
    heads = [layer for layer in layers_of(written(node_def=node_def)) if layer["class_name"] == "TensorFlowOpLayer"]
    assert [head["name"] for head in heads] == [f"tf_op_layer_out_{n}/ResizeBilinear" for n in (5, 4, 3, 2)]
    for head in heads:
        config = head["config"]
        assert config["name"] == head["name"].removeprefix("tf_op_layer_")
        assert config["constants"] == {"1": [224, 224]}
        if node_def == "json":
            assert config["node_def"]["op"] == "ResizeBilinear"
        else:
            node = quiet.tf.compat.v1.NodeDef.FromString(config["node_def"].encode())
            assert (node.name, node.op) == (config["name"], "ResizeBilinear")
            assert node.attr["T"].type == quiet.tf.float32.as_datatype_enum
            assert not node.attr["half_pixel_centers"].b


def test_weights_lie_where_keras_puts_them(written, narrow):
    with h5py.File(written()) as file:
        group = file["model_weights"]
        assert [name.decode() for name in group.attrs["layer_names"]] == [layer.name for layer in narrow.layers]
        names = [name.decode() for name in group["res2a_branch1"].attrs["weight_names"]]
        assert names == ["res2a_branch1/kernel:0", "res2a_branch1/bias:0"]
        kernel = group["res2a_branch1"][names[0]][()]
        norm = [name.decode().split("/")[1] for name in group["bn2a_branch1"].attrs["weight_names"]]
    np.testing.assert_array_equal(kernel, narrow.get_layer("res2a_branch1").kernel.numpy())
    assert norm == ["gamma:0", "beta:0", "moving_mean:0", "moving_variance:0"]


def test_adam_keeps_two_moments_of_every_trainable_weight(written, narrow):
    with h5py.File(written(optimizer_slots=True)) as file:
        group = file["optimizer_weights"]
        names = [name.decode() for name in group.attrs["weight_names"]]
        assert names[0] == "training/Adam/iter:0"
        assert len(names) == 1 + 2 * len(narrow.trainable_weights)
        assert group["training/Adam/res2a_branch1/kernel/v:0"].shape == narrow.get_layer("res2a_branch1").kernel.shape
        optimizer = json.loads(file.attrs["training_config"])["optimizer_config"]
    assert optimizer["class_name"] == "Adam"


def test_the_published_size_is_met_within_one_percent(writer, unet, tmp_path):
    path = tmp_path / "full.hdf5"
    writer.write_tf115_hdf5(unet.build_unet(), path, optimizer_slots=True)
    assert path.stat().st_size == pytest.approx(PUBLISHED_BYTES, rel=0.01)


def test_name_lists_above_64_kilobytes_are_split(writer, quiet, tmp_path):
    names = [f"layer_{number:04d}_" + "x" * 190 for number in range(400)]
    x = inputs = quiet.keras.Input((4,), name="input_1")
    for name in names:
        x = quiet.keras.layers.Activation("relu", name=name)(x)
    writer.write_tf115_hdf5(quiet.keras.Model(inputs, x), tmp_path / "long.hdf5")
    with h5py.File(tmp_path / "long.hdf5") as file:
        attributes = file["model_weights"].attrs
        parts = [attributes[f"layer_names{number}"] for number in range(2)]
        assert "layer_names" not in attributes
        assert "layer_names2" not in attributes
    assert [name.decode() for part in parts for name in part] == ["input_1", *names]
    assert all(part.nbytes <= 64512 for part in parts)


def test_what_1_15_could_not_write_is_refused_and_leaves_nothing(writer, unet, tmp_path):
    with pytest.raises(UsageError, match=r"size of .*out_5.* is open"):
        writer.write_tf115_hdf5(unet.build_unet(1 / 32, None), tmp_path / "open.hdf5")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_said(writer, narrow, tmp_path):
    with pytest.raises(OutputError, match=r"model\.hdf5 cannot be written"):
        writer.write_tf115_hdf5(narrow, tmp_path / "missing" / "model.hdf5")
