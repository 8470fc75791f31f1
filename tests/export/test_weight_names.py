from __future__ import annotations

import pytest

from landslip.export.weight_names import WeightNames, leaf

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
    assert WeightNames(NAMES).of(layer) == found


def test_names_that_start_at_the_root_are_left_out():
    assert WeightNames(NAMES).all == [*NAMES[:3], "bare:0"]


def test_a_name_of_a_hundred_thousand_folders_is_sorted_at_once():
    assert WeightNames(["a/" * 100_000 + "kernel:0"]).of("a") == []


def test_the_leaf_is_the_name_of_the_weight():
    assert [leaf(name) for name in ("a/b/kernel:0", "kernel", "gamma:0")] == ["kernel", "kernel", "gamma"]
