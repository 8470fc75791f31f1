from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.broken_graphs import small
from helpers.keras_files import layer
from landslip.export.conversion.fitting import described
from landslip.export.specification.description import Description
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
from landslip.export.topology.whole_numbers import check_integers
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.errors import ModelError


def topology(*layers):
    body = {"layers": list(layers), "input_layers": [["in", 0, 0]], "output_layers": [[layers[-1]["name"], 0, 0]]}
    return served_topology(screened_graph({"class_name": "Model", "config": body}, "m.h5"), "m.h5")


SCALED = layer("Rescaling", "scaled", ("moved",), scale=1 / 255, offset=0.0)


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_whole_numbers_may_be_moved_before_a_layer_casts_them(dtype):
    moved = layer("Permute", "moved", ("in",), dims=[2, 1, 3])
    relu = layer("ReLU", "relu", ("scaled",))
    check_integers(topology(small("in", dtype=dtype), moved, SCALED, relu), "m.h5")


def test_whole_numbers_are_not_computed_with():
    moved = layer("ReLU", "moved", ("in",))
    with pytest.raises(ModelError, match=r"m\.h5: layer 'moved' \(ReLU\) computes with the whole numbers of an input"):
        check_integers(topology(small("in", dtype="uint8"), moved, SCALED), "m.h5")


@pytest.mark.parametrize(
    "dtype",
    [
        None,
        "float16",
        "mixed_float16",
        {"class_name": "PolicyV1", "config": {"name": "float32"}},
        {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "mixed_bfloat16"}, "registered_name": None},
    ],
    ids=str,
)
def test_types_of_floating_point_are_read_however_they_are_saved(dtype):
    nodes = topology(small("in", dtype=dtype), layer("ReLU", "relu", ("in",), dtype=dtype)).nodes
    assert [node.options.get("integers") for node in nodes] == [False, None]


def image_spec(**changes):
    entry = replace(published_spec("n", "s").inputs[0], **changes)
    return replace(published_spec("n", "s"), inputs=(entry,))


def mapped(spec):
    scaled = layer("Rescaling", "scaled", ("in",), scale=1 / 255, offset=0.0)
    pooled = layer("Softmax", "out", ("scaled",), axis=-1)
    cut = topology(small("in", 3, 224, dtype="uint8"), scaled, pooled)
    return described(cut, Description(spec, (0,), 0), "m.h5")


def test_an_input_of_whole_numbers_is_fed_as_it_is():
    assert mapped(image_spec(dtype="uint8", divisor=1.0, offset=0.0)).kept.bands == (0,)


@pytest.mark.parametrize("changes", [{"divisor": 255.0}, {"offset": 0.5}, {"dtype": "float32"}], ids=str)
def test_an_input_of_whole_numbers_is_not_fed_fractions(changes):
    with pytest.raises(ModelError, match=r"'in' takes whole numbers, but the description gives it \w+ as fractions"):
        mapped(image_spec(**({"dtype": "uint8", "divisor": 1.0, "offset": 0.0} | changes)))
