"""Descriptions and files with anything changed in them: a network comes out, or a sentence."""

from __future__ import annotations

import copy
import io
import json
import zipfile

import h5py
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.keras_archives import archived_members, write_keras_archive
from helpers.keras_files import conv, image, layer, model_layer, tiny_config, tiny_weights, write_keras_hdf5
from helpers.limited import run_limited
from landslip.export.conversion.fitting import described, undescribed
from landslip.export.conversion.graph_interface import graph_interface
from landslip.export.hdf5.model_file import open_saved_model
from landslip.export.hdf5.unpacking import unpack
from landslip.export.specification.description import published_description
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
from landslip.export.topology.weight_order import weight_orders
from landslip.runtime.errors import ModelError

ASSUMED = published_description("fuzz", "a test")


def nested_config():
    inner = [image("inner_input", 3), conv("conv", "inner_input", 4), layer("Dropout", "drop", ("conv",), rate=0.5)]
    calls = [[["input_1", 0, 0, {}]], [["input_2", 0, 0, {"training": False}]]]
    sequence = [conv("head", "", 2, batch_input_shape=[None, 8, 8, 4]), layer("PReLU", "slope", shared_axes=[1, 2])]
    head = {"class_name": "Sequential", "name": "neck", "config": {"name": "neck", "layers": sequence}}
    layers = [
        image("input_1", 3),
        image("input_2", 3),
        model_layer("encoder", inner, ["drop"], calls),
        layer("Average", "mean") | {"inbound_nodes": [[["encoder", 1, 0, {}], ["encoder", 2, 0, {}]]]},
        head | {"inbound_nodes": [[["mean", 0, 0, {}]]]},
        layer("Reshape", "flat", target_shape=[-1, 2]) | {"inbound_nodes": [[["neck", 0, 0, {}]]]},
    ]
    body = {"layers": layers, "input_layers": [["input_1", 0, 0], ["input_2", 0, 0]], "output_layers": [["flat", 0, 0]]}
    return {"class_name": "Functional", "config": body}


def called(name, function, inbound, kind="TFOpLambda"):
    return layer(kind, name, function=function) | {"inbound_nodes": [inbound]}


def operation(kind, name, *args, **config):
    config = {"name": name, **config}
    return {"class_name": kind, "name": name, "config": config, "inbound_nodes": [{"args": [*args], "kwargs": {}}]}


def tensor(name):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def functions_config():
    """Functions as Keras 2 and Keras 3 save them, in one network."""
    key = [{"class_name": "__ellipsis__"}, {"start": 0, "stop": 2, "step": None}]
    layers = [
        image("input_1", 4),
        called("minus", "math.subtract", ["_CONSTANT_VALUE", -1, 1.0, {"y": ["input_1", 0, 0], "name": None}]),
        called("both", "concat", [["minus", 0, 0, {"axis": -1}], ["input_1", 0, 0, {"axis": -1}]]),
        called("part", "__operators__.getitem", ["both", 0, 0, {"slice_spec": key}], "SlicingOpLambda"),
        called("small", "image.resize", ["part", 0, 0, {"size": [8, 8], "method": "nearest"}]),
        operation("Multiply", "times", tensor("small"), {"class_name": "__numpy__", "config": {"value": [1.0, 2.0]}}),
        operation(
            "GetItem", "item", tensor("times"), [{"class_name": "__slice__", "config": {**key[1], "stop": None}}]
        ),
        layer("LayerNormalization", "across", ("item",), axis=[1, 2, 3], epsilon=0.001, center=True, scale=True),
        layer("GroupNormalization", "within", ("across",), groups=2, axis=-1, epsilon=0.001, center=True, scale=True),
        layer("Resizing", "large", ("within",), height=16, width=16, interpolation="bilinear"),
    ]
    body = {"layers": layers, "input_layers": [["input_1", 0, 0]], "output_layers": [["large", 0, 0]]}
    return {"class_name": "Functional", "config": body}


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, 3, 64, 1 << 20, 1 << 40, 10**400, 0.5, 1e300, float("nan"), float("inf")]),
    st.sampled_from(
        [
            "",
            "conv",
            "input_1",
            "_CONSTANT_VALUE",
            "concat",
            "relu",
            "softmax",
            "channels_first",
            "same",
            "Lambda",
            "Dense",
            "Functional",
        ]
    ),
    st.sampled_from(
        [[], {}, [[]], [None, 8], [1, 1], [["conv", 0, 0, {}]], [["drop", 5, 0]], {"args": [], "kwargs": {}}]
    ),
    st.sampled_from(
        [
            {"class_name": name, "config": {"keras_history": []}}
            for name in ("__keras_tensor__", "__numpy__", "__slice__")
        ]
    ),
)


def places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in items:
        yield from places(each, (*path, key))


def replaced(config, path, value):
    config = copy.deepcopy(config)
    holder = {"": config}
    inside, last = holder, ""
    for key in path:
        inside, last = inside[last], key
    inside[last] = value
    return holder[""]


CONFIGS = {"tiny": tiny_config(), "nested": nested_config(), "functions": functions_config()}
PLACES = {name: list(places(config)) for name, config in CONFIGS.items()}


@pytest.mark.parametrize("name", CONFIGS)
def test_unchanged_they_are_read(name):
    topology = served_topology(screened_graph(CONFIGS[name], "m.h5"), "m.h5")
    assert graph_interface(undescribed(topology, "m.h5"), ASSUMED).output.dims[0] == "batch"


@pytest.mark.parametrize("name", CONFIGS)
@given(data=st.data())
def test_whatever_is_changed_gives_a_network_or_a_sentence(name, data):
    config = CONFIGS[name]
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PLACES[name]))
        try:
            config = replaced(config, path, data.draw(VALUES))
        except (KeyError, IndexError, TypeError):
            continue  # what was changed before has taken this place away
    try:
        graph = screened_graph(config, "m.h5")
        topology = served_topology(graph, "m.h5")
        weight_orders(graph)
        graph_interface(undescribed(topology, "m.h5"), ASSUMED)
        graph_interface(described(topology, ASSUMED, "m.h5"), ASSUMED)
    except ModelError as error:
        message = str(error)
    else:
        message = "m.h5: "
    assert message.startswith("m.h5: ")
    assert len(message) < 1000


@settings(max_examples=30)  # each starts a process
@given(data=st.data())
@pytest.mark.slow
def test_a_file_with_damaged_bytes_is_read_or_refused(tmp_path_factory, data):
    path = write_keras_hdf5(tmp_path_factory.mktemp("damaged") / "m.h5")
    content = bytearray(path.read_bytes())
    # Names, types and sizes lie at the front and between the arrays; arrays are the smaller part of the tiny file.
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        with open_saved_model(path) as saved:
            json.dumps(saved.config)
            for name, arrays in tiny_weights().items():
                saved.weights((name,), {leaf: values.shape for leaf, values in arrays.items()})
    except ModelError as error:
        message = str(error)
    else:
        message = f"{path}: "
    assert message.startswith(f"{path}: ")


def damaged_members(data, members):
    """Files of an archive, some of them changed, exchanged, left out or cut off."""
    names = list(members)
    for _ in range(data.draw(st.integers(0, 3))):
        name = data.draw(st.sampled_from(names))
        change = data.draw(st.sampled_from(["flip", "cut", "swap", "drop", "rename", "value"]))
        content = bytearray(members.get(name, b""))
        if change == "flip" and content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
            members[name] = bytes(content)
        elif change == "cut":
            members[name] = bytes(content[: data.draw(st.integers(0, len(content)))])
        elif change == "swap":
            members[name] = members.get(data.draw(st.sampled_from(names)), b"")
        elif change == "drop":
            members.pop(name, None)
        elif change == "rename":
            members[data.draw(st.sampled_from(["../x", "assets/x", "x/config.json", "C:x", "\u202e"]))] = b"x"
        else:
            config = tiny_config()
            path = data.draw(st.sampled_from(PLACES["tiny"]))
            members["config.json"] = json.dumps(replaced(config, path, data.draw(VALUES))).encode()
    return members


@settings(max_examples=60)  # each starts a process
@given(data=st.data())
@pytest.mark.slow
def test_an_archive_with_anything_changed_is_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("damaged") / "m.keras"
    write_keras_archive(path, damaged_members(data, archived_members()))
    content = bytearray(path.read_bytes())
    # The list of files lies at the end, and their own headers between them.
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        with open_saved_model(path) as saved:
            graph = screened_graph(saved.config, str(path))
            read = saved.reader(graph)
            for name, arrays in tiny_weights().items():
                read((name,), {leaf: values.shape for leaf, values in arrays.items()})
    except ModelError as error:
        message = str(error)
    else:
        message = f"{path}: "
    assert message.startswith(f"{path}: ")
    assert len(message) < 1000


@given(data=st.data())
def test_an_archive_with_damaged_bytes_is_unpacked_or_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("damaged")
    content = io.BytesIO()
    with zipfile.ZipFile(
        content, "w", data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    ) as archive:
        for name, member in archived_members(weights=b"x" * 500, config=b"{}").items():
            archive.writestr(name, member)
    damaged = bytearray(content.getvalue())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path, unpacked = folder / "m.keras", folder / "unpacked"
    path.write_bytes(damaged)
    unpacked.mkdir()
    try:
        unpack(path, unpacked)
    except ModelError as error:
        message = str(error)
    else:
        message = f"{path}: "
    assert message.startswith(f"{path}: ")
    assert len(message) < 1000
    assert {each.name for each in folder.iterdir()} == {"m.keras", "unpacked"}
    assert {each.name for each in unpacked.iterdir()} <= {"config.json", "metadata.json", "model.weights.h5"}


@pytest.mark.slow
def test_a_text_that_claims_gigabytes_takes_no_memory(tmp_path):
    """The length of the description, a number in the file, is believed by the HDF5 library before it is read."""
    path = write_keras_hdf5(tmp_path / "m.h5")
    content = bytearray(path.read_bytes())
    length = len(json.dumps(tiny_config())).to_bytes(4, "little")
    at = content.index(length, content.index(b"model_config"))
    content[at : at + 4] = (0xFF000000).to_bytes(4, "little")
    path.write_bytes(content)
    (outcome,) = run_limited([["export", path, "-o", tmp_path / "out"]], 1 << 40)
    assert outcome.code == 3
    assert "memory allocation failed" in outcome.output
    assert outcome.peak < 1 << 29


@pytest.mark.slow
def test_texts_that_are_one_and_the_same_take_bounded_memory(tmp_path):
    """Of two thousand names, all point to the same two megabytes: four gigabytes, if HDF5 had its way."""
    path, count, length = tmp_path / "m.h5", 2000, 2 << 20
    write_keras_hdf5(path)
    with h5py.File(path, "r+") as file:
        file["model_weights/first"].attrs.create(
            "weight_names", ["x" * length, *("x" for _ in range(count - 1))], dtype=h5py.string_dtype()
        )
    content = bytearray(path.read_bytes())
    # A text is stored as its length and a place in a heap, 16 bytes in all; the next one says a length of 1.
    first = content.index(length.to_bytes(4, "little"))
    while content[first + 16 : first + 20] != (1).to_bytes(4, "little"):
        first = content.index(length.to_bytes(4, "little"), first + 1)
    content[first : first + 16 * count] = content[first : first + 16] * count
    path.write_bytes(content)
    (outcome,) = run_limited([["export", path, "-o", tmp_path / "out"]], 1 << 40)
    assert outcome.code == 3
    assert "cannot be read" in outcome.output
    assert outcome.peak < 5 << 28
