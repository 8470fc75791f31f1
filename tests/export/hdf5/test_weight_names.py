from __future__ import annotations

import pytest

from landslip.export.hdf5.weight_names import WeightNames, leaf

NAMES = ["inner/first/kernel:0", "inner/not_first/kernel:0", "last/bias:0", "/elsewhere/first/kernel:0", "bare:0"]


@pytest.mark.parametrize(
    ("layer", "found"),
    [
        ("first", ["inner/first/kernel:0"]),
        ("inner/first", ["inner/first/kernel:0"]),
        ("not_first", ["inner/not_first/kernel:0"]),
        ("last", ["last/bias:0"]),
        ("inner", []),
        ("elsewhere", []),
    ],
)
def test_a_layer_inside_has_the_names_whose_folders_end_with_its_own(layer, found):
    assert WeightNames(NAMES).of((layer,)) == found


def test_names_that_start_at_the_root_are_left_out():
    assert WeightNames(NAMES).all == [*NAMES[:3], "bare:0"]


def test_a_name_of_a_hundred_thousand_folders_is_sorted_at_once():
    assert WeightNames(["a/" * 100_000 + "kernel:0"]).of(("a",)) == []


def test_the_leaf_is_the_name_of_the_weight():
    assert [leaf(name) for name in ("a/b/kernel:0", "kernel", "gamma:0")] == ["kernel", "kernel", "gamma"]


def stored(*folders):
    trained = [f"{folder}/{name}:0" for folder in folders for name in ("kernel", "bias")]
    return WeightNames([*trained, *(f"{folder}/moving_mean:0" for folder in folders)])


ORDER = (("conv",), ("inside", "conv_1"), ("norm",))


@pytest.mark.parametrize(
    "folders",
    [
        ("conv_3", "conv_1_3", "norm_3"),
        ("conv_1", "conv_1_1", "norm_1"),  # the first is called like the second layer
        ("conv", "conv_1_1", "norm"),
        ("scope/conv_3", "scope/conv_1_3", "scope/norm_3"),
        ("encode", "decode", "scale"),  # renamed after the weights were made
    ],
)
def test_names_that_do_not_fit_go_by_order_as_in_keras(folders):
    names = stored(*folders)
    for path, folder in zip(ORDER, folders, strict=True):
        assert names.of(path, ORDER) == [f"{folder}/{name}:0" for name in ("kernel", "bias", "moving_mean")]


def test_names_that_fit_come_before_the_order():
    names = stored("norm", "conv_1", "conv")
    assert [leaf(name) for name in names.of(("conv",), ORDER)] == ["kernel", "bias", "moving_mean"]
    assert all(name.startswith("conv/") for name in names.of(("conv",), ORDER))


def test_two_layers_of_one_name_go_by_order():
    order = (("a", "conv"), ("b", "conv"))
    assert stored("a/conv", "b/conv").of(("b", "conv"), order)[0] == "b/conv/kernel:0"


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("conv_3", "norm_3"), "weights of 2 layers where the model has 3 with weights"),
        (("norm", "conv_1_3", "conv_3"), "weights of 'norm' where those of 'conv' belong"),
        (("conv_1_3", "conv_3", "norm_3"), "weights of 'conv_1_3' where those of 'conv' belong"),
        (("conv_3", "norm_3", "conv_1_3"), "weights of 'norm_3' where those of 'conv_1' belong"),
    ],
)
def test_an_order_that_is_not_that_of_keras_is_refused(folders, message):
    with pytest.raises(ValueError, match=message):
        stored(*folders).of(("conv",), ORDER)
