from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from helpers.keras_archives import GROUPS, archived_weights, write_keras_archive
from helpers.keras_files import tiny_config, tiny_weights
from landslip.export.hdf5.model_file import open_saved_model
from landslip.export.topology.layer_screen import screened_graph
from landslip.runtime.errors import ModelError

SHAPES = {name: {weight: values.shape for weight, values in arrays.items()} for name, arrays in tiny_weights().items()}


def read(path, folder=None):
    """All weights of the tiny network, by layer."""
    with open_saved_model(path, folder) as saved:
        reader = saved.reader(screened_graph(saved.config, str(path)))
        return {name: reader((name,), shapes) for name, shapes in SHAPES.items()}


def edited(change):
    """Weights of the tiny network, changed in the open file."""
    content = io.BytesIO(archived_weights())
    with h5py.File(content, "r+") as file:
        change(file)
    return content.getvalue()


def test_description_and_version_are_read(tmp_path):
    with open_saved_model(write_keras_archive(tmp_path / "m.keras")) as saved:
        assert saved.config == tiny_config()
        assert saved.keras_version == "3.3.3"


@pytest.mark.parametrize("named", [False, True], ids=["before 3.6", "since 3.6"])
def test_weights_come_as_they_were_stored(tmp_path, named):
    found = read(write_keras_archive(tmp_path / "m.keras", weights=archived_weights(named=named)))
    for name, arrays in tiny_weights().items():
        for values, stored in zip(found[name], arrays.values(), strict=True):
            np.testing.assert_array_equal(values, stored.astype(np.float32))


@pytest.mark.parametrize(
    ("version", "groups"),
    [
        ("2.14.0", {f"_layer_checkpoint_dependencies/{key[7:]}": name for key, name in GROUPS.items()}),
        (
            "2.13.1",
            {
                "_layer_checkpoint_dependencies/conv2d": "first",
                "_layer_checkpoint_dependencies/batch_normalization": "norm",
                "_layer_checkpoint_dependencies/conv2d_2": "prediction",
                "_layer_checkpoint_dependencies/conv2d_4": "conv_out_2",
            },
        ),
        ("2.15.0", {key.replace("/", "\\"): name for key, name in GROUPS.items()}),
    ],
    ids=["Keras 2.14", "Keras 2.13", "Keras on Windows"],
)
def test_older_names_of_groups_are_known(tmp_path, version, groups):
    path = write_keras_archive(
        tmp_path / "m.keras", metadata={"keras_version": version}, weights=archived_weights(groups)
    )
    found = read(path)
    np.testing.assert_array_equal(found["prediction"][0], tiny_weights()["prediction"]["kernel"].astype(np.float32))
    np.testing.assert_array_equal(found["norm"][3], tiny_weights()["norm"]["moving_variance"].astype(np.float32))


def test_a_private_copy_lies_in_the_folder_and_goes(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    with open_saved_model(write_keras_archive(tmp_path / "m.keras"), folder):
        (private,) = folder.iterdir()
        assert sorted(path.name for path in private.iterdir()) == ["config.json", "metadata.json", "model.weights.h5"]
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({**GROUPS, "layers/conv2d_3": "first"}, "holds weights in 'layers/conv2d_3', which belong to none of its"),
        ({**GROUPS, "layers/dense": "first"}, "holds weights in 'layers/dense', which belong to none of its layers"),
        (dict(list(GROUPS.items())[1:]), r"holds 0 weights for layer 'first', which has 2 \(kernel, bias\)"),
        ({**GROUPS, "layers/conv2d": "norm"}, "holds 4 weights for layer 'first', which has 2"),
        (
            {**GROUPS, "layers/conv2d": "prediction"},
            r"'kernel' of layer 'first' has shape \(1, 1, 4, 1\) where the layer needs \(3, 3, 8, 4\)",
        ),
        ({**GROUPS, "_layer_checkpoint_dependencies/conv2d": "first"}, "two groups of weights 'layers/conv2d'"),
    ],
)
def test_weights_of_another_model_are_refused(tmp_path, groups, message):
    path = write_keras_archive(tmp_path / "m.keras", weights=archived_weights(groups))
    with pytest.raises(ModelError, match=message):
        read(path)


def test_weights_of_equal_layers_that_changed_places_are_refused_by_their_names(tmp_path):
    groups = {**GROUPS, "layers/conv2d_1": "conv_out_2", "layers/conv2d_2": "prediction"}
    path = write_keras_archive(tmp_path / "m.keras", weights=archived_weights(groups, named=True))
    with pytest.raises(ModelError, match="weights of layer 'conv_out_2' where those of 'prediction' belong"):
        read(path)


def test_values_that_are_no_numbers_are_refused(tmp_path):
    def change(file):
        file["layers/conv2d/vars/1"][2] = np.inf

    path = write_keras_archive(tmp_path / "m.keras", weights=edited(change))
    with pytest.raises(ModelError, match="weight 'bias' of layer 'first' is not finite"):
        read(path)


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_other_floats_are_read(tmp_path, dtype):
    def change(file):
        values = file["layers/conv2d/vars/1"][()]
        del file["layers/conv2d/vars/1"]
        file["layers/conv2d/vars/1"] = values.astype(dtype)

    path = write_keras_archive(tmp_path / "m.keras", weights=edited(change))
    np.testing.assert_allclose(read(path)["first"][1], tiny_weights()["first"]["bias"], atol=1e-3)


def test_bfloat16_is_read(tmp_path):
    bias = np.asarray([1.0, -2.5, 0.15625, 3e38], np.float32)

    def change(file):
        del file["layers/conv2d/vars/1"]
        halves = (bias.view(np.uint32) >> 16).astype("<u2")
        stored = file["layers/conv2d/vars"].create_dataset("1", data=halves.view("V2"))
        stored.attrs["dtype"] = "bfloat16"

    found = read(write_keras_archive(tmp_path / "m.keras", weights=edited(change)))["first"][1]
    np.testing.assert_allclose(found, bias, rtol=1 / 128)
    np.testing.assert_array_equal(found[:3], bias[:3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file.update({"x": h5py.SoftLink("/layers")}), "/x is a link to somewhere else"),
        (
            lambda file: file["layers"].update({"x": h5py.ExternalLink("other.h5", "/y")}),
            "/layers/x is a link to somewhere else",
        ),
        (
            lambda file: file["layers"].create_dataset("huge", (1 << 40,), "f4"),
            r"/layers/huge claims \d+ bytes and holds 0",
        ),
        (
            lambda file: file["layers"].create_dataset("packed", data=np.ones(64), compression="gzip"),
            "is stored in pieces or compressed",
        ),
        (lambda file: file["layers"].update({"text": "import os"}), "/layers/text is not an array of numbers"),
        (lambda file: file["layers"].update({"again": file["layers/conv2d"]}), "occurs twice"),
        (
            lambda file: file["layers/conv2d/vars"].attrs.update({"name": "x" * 2000}),
            "its 'name' has 2000 bytes; at most 1000 are read",
        ),
        (lambda file: file["layers/conv2d/vars"].attrs.update({"name": 7}), "its 'name' is no text"),
    ],
)
def test_weights_are_screened_like_any_hdf5_file(tmp_path, change, message):
    path = write_keras_archive(tmp_path / "m.keras", weights=edited(change))
    with pytest.raises(ModelError, match=message), open_saved_model(path):
        pass


def test_the_optimizer_is_never_touched(tmp_path):
    def change(file):
        file["optimizer/vars/text"] = "import os"
        file["optimizer/elsewhere"] = h5py.SoftLink("/nowhere")

    path = write_keras_archive(tmp_path / "m.keras", weights=edited(change))
    assert set(read(path)) == set(SHAPES)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"config": b"{"}, r"its config\.json is not valid JSON"),
        ({"config": b"[" * 100_000}, r"its config\.json is not valid JSON"),
        ({"config": b"[" * 60 + b"]" * 60}, r"its config\.json is not valid JSON \(it is more than 50 levels deep\)"),
        ({"metadata": b"\xff"}, r"its metadata\.json is not valid JSON"),
        ({"weights": b"PK"}, "the HDF5 file cannot be read"),
        ({"weights": b""}, "the HDF5 file cannot be read"),
    ],
)
def test_damaged_parts_are_said(tmp_path, changed, message):
    path = write_keras_archive(tmp_path / "m.keras", **changed)
    with pytest.raises(ModelError, match=message), open_saved_model(path):
        pass


@pytest.mark.parametrize("metadata", [None, [], {}, {"keras_version": 3}, {"keras_version": ""}])
def test_a_version_need_not_be_told(tmp_path, metadata):
    path = write_keras_archive(tmp_path / "m.keras", metadata=metadata)
    with open_saved_model(path) as saved:
        assert saved.keras_version == "unknown"


def test_what_a_version_holds_prints(tmp_path):
    path = write_keras_archive(tmp_path / "m.keras", metadata={"keras_version": "3.1\x1b[2J"})
    with open_saved_model(path) as saved:
        assert saved.keras_version == "3.1?[2J"
