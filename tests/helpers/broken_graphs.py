"""Hostile networks: small files whose layers ask for much time, memory or stack, or compute with whole numbers.

They join the table of :mod:`helpers.broken_files`.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from helpers.broken_files import broken
from helpers.keras_files import conv, layer, model_layer, tiny_config, tiny_layers, write_keras_hdf5


def small(name: str, bands: int = 1, size: int = 8, **options: Any) -> dict[str, Any]:
    """An input of few pixels."""
    return layer("InputLayer", name, batch_input_shape=[None, size, size, bands], **options)


def network(path: Path, layers: list[dict[str, Any]], output: str, weights: Any = None) -> None:
    """A network of all its input layers and one output."""
    inputs = [[entry["name"], 0, 0] for entry in layers if entry["class_name"] == "InputLayer"]
    body = {"layers": layers, "input_layers": inputs, "output_layers": [[output, 0, 0]]}
    write_keras_hdf5(path, {"class_name": "Model", "config": body}, weights or {})


def bytes_into(path: Path, *layers: dict[str, Any]) -> None:
    """Two inputs of bytes, then layers up to one called ``last``."""
    network(path, [small("a", dtype="uint8"), small("b", dtype="uint8"), *layers], "last")


# Whole numbers


@broken("bytes-subtract.h5", r"layer 'merged' \(Subtract\) computes with the whole numbers of an input")
def bytes_subtracted(path: Path) -> None:
    """Differences of bytes, which wrap around in Keras."""
    merged = layer("Subtract", "merged", ("a", "b"))
    bytes_into(path, merged, layer("Rescaling", "last", ("merged",), scale=1 / 255, offset=0.0))


@broken("bytes-average.h5", r"layer 'merged' \(Average\) computes with the whole numbers of an input")
def bytes_averaged(path: Path) -> None:
    """Means of bytes that were moved before."""
    padded = [layer("ZeroPadding2D", f"pad_{name}", (name,), padding=[[1, 1], [1, 1]]) for name in "ab"]
    merged = layer("Average", "merged", ("pad_a", "pad_b"))
    bytes_into(path, *padded, merged, layer("Rescaling", "last", ("merged",), scale=1 / 255, offset=0.0))


@broken("bytes-layer.h5", r"layer 'last' \(Add\) has a setting that landslip does not know: dtype 'uint8'")
def layer_of_bytes(path: Path) -> None:
    """A layer that computes with bytes by itself."""
    bytes_into(path, layer("Add", "last", ("a", "b"), dtype="uint8"))


@broken("truncating.h5", r"dtype \{'class_name': 'Policy', 'config': .*int32")
def rescaling_of_integers(path: Path) -> None:
    """A Rescaling that truncates what it takes."""
    policy = {"class_name": "Policy", "config": {"name": "int32"}}
    network(path, [small("a"), layer("Rescaling", "last", ("a",), scale=2.0, offset=0.0, dtype=policy)], "last")


@broken("texts.h5", r"layer 'a' \(InputLayer\) has a setting that landslip does not know: dtype 'string'")
def input_of_texts(path: Path) -> None:
    """An input of texts."""
    network(path, [small("a", dtype="string"), layer("ReLU", "last", ("a",))], "last")


@broken("truncating-model.h5", r"input 'inner/in' of a nested model has dtype 'uint8'")
def nested_model_of_bytes(path: Path) -> None:
    """A model inside that truncates what it is given."""
    inside = [small("in", dtype="uint8"), layer("Rescaling", "half", ("in",), scale=0.5, offset=0.0)]
    network(path, [small("a"), model_layer("inner", inside, ["half"], [[["a", 0, 0, {}]]], inputs=["in"])], "inner")


@broken(
    "endless-number.h5", r"layer 'norm' \(BatchNormalization\) has a setting that landslip does not know: epsilon 10+ "
)
def number_beyond_all_floats(path: Path) -> None:
    """A whole number that no floating-point one can hold."""
    layers = tiny_layers()
    next(entry for entry in layers if entry["name"] == "norm")["config"]["epsilon"] = 10**400
    write_keras_hdf5(path, tiny_config(layers))


@broken("counted-calls.h5", r"layer 'inner(:-1)?' cannot be followed: its calls are saved as 5")
def calls_as_a_number(path: Path) -> None:
    """A nested model whose calls are a number."""
    network(path, [small("a"), model_layer("inner", [small("in")], ["in"], 5, inputs=["in"])], "inner")


# Time, memory and stack


@broken("quadratic.h5", "layer 'b' cannot be followed: one of its calls takes more than 500 values")
def thousands_of_references(path: Path) -> None:
    """Layers that take the same value thousands of times."""
    adds = [layer("Add", name, (source,) * 4000) for name, source in (("a", "in"), ("b", "a"))]
    network(path, [small("in"), *adds], "b")


@broken("edges.h5", "its layers take more than 100000 values in all")
def hundred_thousand_references(path: Path) -> None:
    """Many layers that each take many values."""
    names = ["in", *(f"a{number}" for number in range(300))]
    adds = [layer("Add", name, (source,) * 400) for source, name in itertools.pairwise(names)]
    network(path, [small("in"), *adds], names[-1])


@broken("wide.h5", r"one tile takes 2664431616 values at once; at most 536870912 are believed")
def wide_network(path: Path) -> None:
    """Twenty branches, none of them too large by itself, that are all needed at once."""
    ups = [layer("UpSampling2D", f"up{number}", ("in",), size=[22, 22]) for number in range(20)]
    bent = [layer("Activation", f"bent{number}", (f"up{number}",), activation="tanh") for number in range(20)]
    total = layer("Add", "sum", tuple(entry["name"] for entry in bent))
    network(
        path, [small("in", size=512), *ups, *bent, total, layer("GlobalAveragePooling2D", "last", ("sum",))], "last"
    )


@broken("chain.h5", "1200 of its layers lie one behind the other; at most 900 can be built")
def endless_chain(path: Path) -> None:
    """A chain that Keras would follow until the stack ends."""
    names = ["in", *(f"r{number}" for number in range(1200))]
    relus = [layer("ReLU", name, (source,)) for source, name in itertools.pairwise(names)]
    network(path, [small("in"), *relus], names[-1])


# Names


@broken("output-name.h5", "names no good output layers: it takes 'x+")
def output_of_a_long_name(path: Path) -> None:
    """An output whose name has two million characters."""
    config = tiny_config()
    config["config"]["output_layers"] = [["x" * 2_000_000, 0, 0]]
    write_keras_hdf5(path, config)


@broken("source-name.h5", "layer 'prediction' cannot be followed: it takes 'y+")
def source_of_a_long_name(path: Path) -> None:
    """A layer fed by one whose name has two million characters."""
    fed = conv("prediction", "y" * 2_000_000, 1, 1, activation="sigmoid")
    write_keras_hdf5(path, tiny_config([fed if entry["name"] == "prediction" else entry for entry in tiny_layers()]))


@broken("output-control.h5", r"names no good output layers: it takes '\\x1b")
def output_of_control_characters(path: Path) -> None:
    """An output whose name would reach the terminal."""
    config = tiny_config()
    config["config"]["output_layers"] = [["\x1b[2J", 0, 0]]
    write_keras_hdf5(path, config)


@broken("argument-name.h5", r"it is called with \?\[2Jx+")
def argument_of_a_long_name(path: Path) -> None:
    """A call with an argument whose name is long and does not print."""
    entry = layer("Activation", "relu", activation="relu")
    entry["inbound_nodes"] = [[["norm", 0, 0, {"\x1b[2J" + "x" * 100_000: 1}]]]
    write_keras_hdf5(path, tiny_config([entry if each["name"] == "relu" else each for each in tiny_layers()]))
