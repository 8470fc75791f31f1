from __future__ import annotations

import h5py
import numpy as np
import pytest

from helpers.keras_files import tiny_config, tiny_weights, write_keras_hdf5
from landslip.export.hdf5.model_file import open_saved_model
from landslip.runtime.errors import InputMissingError, ModelError


@pytest.fixture
def file(tmp_path):
    return write_keras_hdf5(tmp_path / "model.hdf5")


def opened(path):
    with open_saved_model(path) as saved:
        return saved


def test_config_and_version_are_read(file):
    saved = opened(file)
    assert saved.config == tiny_config()
    assert saved.keras_version == "2.2.4-tf"


def test_weights_come_by_name_in_the_order_asked_for(file):
    with open_saved_model(file) as saved:
        bias, kernel = saved.weights(("first",), {"bias": (4,), "kernel": (3, 3, 8, 4)})
    stored = tiny_weights()["first"]
    assert (bias.dtype, kernel.dtype) == (np.float32, np.float32)
    np.testing.assert_array_equal(bias, stored["bias"].astype(np.float32))
    np.testing.assert_array_equal(kernel, stored["kernel"].astype(np.float32))


def test_a_split_list_of_weight_names_is_joined(file):
    with h5py.File(file, "r+") as h5:
        group = h5["model_weights/norm"]
        names = group.attrs["weight_names"]
        del group.attrs["weight_names"]
        group.attrs["weight_names0"], group.attrs["weight_names1"] = names[:1], names[1:]
    with open_saved_model(file) as saved:
        weights = saved.weights(("norm",), dict.fromkeys(("gamma", "moving_variance"), (4,)))
    np.testing.assert_array_equal(weights[1], tiny_weights()["norm"]["moving_variance"].astype(np.float32))


def test_the_optimizer_is_never_touched(file):
    with h5py.File(file, "r+") as h5:
        h5.create_dataset("optimizer_weights/slot", data=np.zeros(4, "S3"))
        h5["optimizer_weights/elsewhere"] = h5py.SoftLink("/nowhere")
    assert opened(file).config == tiny_config()


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        ("second", {"kernel": (1,)}, "no weights for layer 'second'"),
        ("first", {"gamma": (4,)}, "'first' has no weight 'gamma'"),
        (
            "first",
            {"kernel": (3, 3, 8, 5)},
            r"'kernel' of layer 'first' has shape \(3, 3, 8, 4\) .* needs \(3, 3, 8, 5\)",
        ),
    ],
)
def test_weights_that_do_not_fit_are_said(file, layer, shapes, message):
    with open_saved_model(file) as saved, pytest.raises(ModelError, match=message):
        saved.weights((layer,), shapes)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    weights = tiny_weights()
    weights["first"]["bias"][2] = np.nan
    path = write_keras_hdf5(tmp_path / "nan.hdf5", weights=weights)
    with open_saved_model(path) as saved, pytest.raises(ModelError, match="'bias' of layer 'first' is not finite"):
        saved.weights(("first",), {"bias": (4,)})


def test_weights_of_models_inside_lie_with_the_outermost_one(file):
    with h5py.File(file, "r+") as h5:
        group = h5.create_group("model_weights/outer")
        names = ["inner/first/kernel:0", "inner/first/bias:0", "inner/not_first/bias:0", "last/bias:0"]
        group.attrs["weight_names"] = [name.encode() for name in names]
        for number, name in enumerate(names):
            group.create_dataset(name, data=np.full(2, number, np.float32))
    with open_saved_model(file) as saved:
        bias, kernel = saved.weights(("outer", "inner", "first"), {"bias": (2,), "kernel": (2,)})
        (last,) = saved.weights(("outer", "last"), {"bias": (2,)})
        with pytest.raises(ModelError, match="'outer/inner/second' has no weight 'bias'"):
            saved.weights(("outer", "inner", "second"), {"bias": (2,)})
    assert (bias[0], kernel[0], last[0]) == (1, 0, 3)


def test_weights_that_could_be_those_of_two_layers_are_refused(file):
    with h5py.File(file, "r+") as h5:
        group = h5.create_group("model_weights/outer")
        group.attrs["weight_names"] = [b"a/first/bias:0", b"b/first/bias:0"]
        for name in ("a", "b"):
            group.create_dataset(f"{name}/first/bias:0", data=np.zeros(2, np.float32))
    with (
        open_saved_model(file) as saved,
        pytest.raises(ModelError, match=r"several weights of one name for .*'outer/first'"),
    ):
        saved.weights(("outer", "first"), {"bias": (2,)})


def test_weight_names_cannot_leave_their_layer(file):
    with h5py.File(file, "r+") as h5:
        h5.create_dataset("optimizer_weights/stolen/bias:0", data=np.zeros(4, np.float32))
        h5["model_weights/first"].attrs["weight_names"] = [b"/optimizer_weights/stolen/bias:0"]
    with open_saved_model(file) as saved, pytest.raises(ModelError, match="no weight 'bias'"):
        saved.weights(("first",), {"bias": (4,)})


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(InputMissingError, match=r"gone\.hdf5: there is no such file"):
        opened(tmp_path / "gone.hdf5")


def test_what_is_no_hdf5_is_said(tmp_path):
    path = tmp_path / "model.hdf5"
    path.write_bytes(b"GIF89a")
    with pytest.raises(ModelError, match=r"model\.hdf5: is not an HDF5 file"):
        opened(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_said(file, share):
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"model\.hdf5: has \d+ of \d+ bytes: the download broke off"):
        opened(file)


def test_a_file_damaged_inside_is_said(file):
    content = bytearray(file.read_bytes())
    content[1000:3000] = b"\xa5" * 2000
    file.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.hdf5: the HDF5 file cannot be read"):
        opened(file)


def test_weights_alone_are_no_model(file):
    with h5py.File(file, "r+") as h5:
        del h5.attrs["model_config"]
    with pytest.raises(ModelError, match="no 'model_config', so it is not a whole Keras model"):
        opened(file)


def test_a_model_without_weights_is_said(file):
    with h5py.File(file, "r+") as h5:
        del h5["model_weights"]
    with pytest.raises(ModelError, match="no group 'model_weights'"):
        opened(file)


@pytest.mark.parametrize("text", ["{", '{"class_name": ' + "[" * 100_000])
def test_a_config_that_is_no_json_is_said(tmp_path, text):
    with pytest.raises(ModelError, match="'model_config' is not valid JSON"):
        opened(write_keras_hdf5(tmp_path / "model.hdf5", text))


def test_a_huge_config_is_not_parsed(tmp_path):
    with pytest.raises(ModelError, match="'model_config' has 9000002 bytes"):
        opened(write_keras_hdf5(tmp_path / "model.hdf5", '"' + "x" * 9_000_000 + '"'))


@pytest.mark.parametrize(
    "link", [h5py.SoftLink("/model_weights/norm"), h5py.ExternalLink("other.hdf5", "/secret")], ids=["soft", "external"]
)
@pytest.mark.parametrize("place", ["stranger", "model_weights/stranger", "model_weights/first/first/kernel:0"])
def test_links_to_somewhere_else_are_refused(file, link, place):
    with h5py.File(file, "r+") as h5:
        if place in h5:
            del h5[place]
        h5[place] = link
    with pytest.raises(ModelError, match=f"/{place} is a link to somewhere else"):
        opened(file)


def test_a_cycle_is_refused(file):
    with h5py.File(file, "r+") as h5:
        h5["model_weights/first/again"] = h5["model_weights/first"]
    with pytest.raises(ModelError, match="occurs twice"):
        opened(file)


def test_data_in_another_file_is_refused(file, tmp_path):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(16))
    with h5py.File(file, "r+") as h5:
        del h5["model_weights/first/first/bias:0"]
        h5["model_weights/first"].create_dataset("first/bias:0", (4,), "f4", external=[(str(secret), 0, 16)])
    with pytest.raises(ModelError, match="bias:0 takes its data from other files"):
        opened(file)


def test_a_virtual_dataset_is_refused(file, tmp_path):
    with h5py.File(tmp_path / "source.hdf5", "w") as h5:
        h5["secret"] = np.zeros(4, np.float32)
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "source.hdf5"), "secret", (4,))
    with h5py.File(file, "r+") as h5:
        del h5["model_weights/first/first/bias:0"]
        h5["model_weights/first"].create_virtual_dataset("first/bias:0", layout)
    with pytest.raises(ModelError, match="bias:0 takes its data from other files"):
        opened(file)


def test_claims_beyond_what_is_stored_are_refused(file):
    with h5py.File(file, "r+") as h5:
        h5.create_dataset("model_weights/first/huge:0", (1 << 40,), "f4")
    with pytest.raises(ModelError, match=r"huge:0 claims \d+ bytes and holds 0"):
        opened(file)


@pytest.mark.parametrize("options", [{"chunks": (64,)}, {"compression": "gzip"}, {"shuffle": True, "chunks": (64,)}])
def test_arrays_in_pieces_or_behind_filters_are_refused(file, options):
    with h5py.File(file, "r+") as h5:
        h5.create_dataset("model_weights/first/packed:0", data=np.ones(64, np.float32), **options)
    with pytest.raises(ModelError, match=r"packed:0 is stored in pieces or compressed, .*h5repack"):
        opened(file)


def test_other_than_numbers_is_refused(file):
    with h5py.File(file, "r+") as h5:
        h5["model_weights/first/text"] = "import os"
    with pytest.raises(ModelError, match="first/text is not an array of numbers"):
        opened(file)


def test_deep_nesting_is_refused(file):
    with h5py.File(file, "r+") as h5:
        h5.create_group("model_weights/" + "/".join("abcdefghijklmnopq"))
    with pytest.raises(ModelError, match="nests or holds more objects"):
        opened(file)


@pytest.mark.parametrize("dtype", [None, h5py.string_dtype()], ids=["fixed", "variable"])
def test_a_huge_list_of_names_is_refused(file, dtype):
    with h5py.File(file, "r+", libver="latest") as h5:
        names = np.asarray([b"a" * 300_000] * 5)
        h5.create_group("model_weights/extra").attrs.create("weight_names", names.astype(dtype or names.dtype))
    with pytest.raises(ModelError, match="'weight_names' has 1500000 bytes; at most 1048576 are read"):
        opened(file)


@pytest.mark.parametrize("dtype", [None, h5py.string_dtype()], ids=["fixed", "variable"])
def test_names_are_read_as_any_version_of_h5py_stores_them(file, dtype):
    with h5py.File(file, "r+") as h5:
        attributes = h5["model_weights/first"].attrs
        names = attributes["weight_names"]
        del attributes["weight_names"]
        attributes.create("weight_names", names, dtype=dtype)
    with open_saved_model(file) as saved:
        (bias,) = saved.weights(("first",), {"bias": (4,)})
    np.testing.assert_array_equal(bias, tiny_weights()["first"]["bias"].astype(np.float32))


@pytest.mark.parametrize("key", ["model_config", "keras_version"])
@pytest.mark.parametrize("count", [0, 2])
def test_what_is_one_text_is_not_several(file, key, count):
    with h5py.File(file, "r+") as h5:
        del h5.attrs[key]
        h5.attrs.create(key, ["{}"] * count, dtype=h5py.string_dtype(), shape=(count,))
    with pytest.raises(ModelError, match=f"'{key}' is no single text"):
        opened(file)


def test_texts_of_fixed_length_are_read_too(file):
    with h5py.File(file, "r+") as h5:
        for key in ("model_config", "keras_version"):
            text = str(h5.attrs[key]).encode()
            del h5.attrs[key]
            h5.attrs.create(key, np.bytes_(text))
    saved = opened(file)
    assert saved.config == tiny_config()
    assert saved.keras_version == "2.2.4-tf"


def test_a_long_version_is_refused(file):
    with h5py.File(file, "r+") as h5:
        h5.attrs["keras_version"] = "2" * 101
    with pytest.raises(ModelError, match="'keras_version' has 101 bytes; at most 100 are read"):
        opened(file)


def test_what_a_version_holds_prints(file):
    with h5py.File(file, "r+") as h5:
        h5.attrs["keras_version"] = "2.15\x1b[2J"
    assert opened(file).keras_version == "2.15?[2J"


def test_a_list_in_too_many_parts_is_refused(file):
    with h5py.File(file, "r+") as h5:
        names = h5["model_weights/first"].attrs
        del names["weight_names"]
        for number in range(101):
            names[f"weight_names{number}"] = np.asarray([b"a"])
    with pytest.raises(ModelError, match="'weight_names' has 101 parts; at most 100"):
        opened(file)


def test_the_place_of_a_strange_link_is_shown_in_part_and_prints(file):
    with h5py.File(file, "r+") as h5:
        h5["model_weights/\x1b]0;pwned\x07" + "x" * 60_000] = h5py.SoftLink("/a")
    with pytest.raises(ModelError, match=r"/model_weights/\?\]0;pwned\?x+ … is a link") as caught:
        opened(file)
    assert len(str(caught.value)) < 500
