from __future__ import annotations

import importlib
import itertools

import numpy as np
import pytest

from helpers.broken_graphs import network, small
from helpers.keras_files import conv, layer
from landslip.export.conversion.fitting import undescribed
from landslip.export.conversion.network import read_network
from landslip.export.specification.description import published_description
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
from landslip.runtime.errors import ModelError, ParityError

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def told():
    return importlib.import_module("landslip.export.conversion.tensorflow_errors").told


@pytest.fixture(scope="module")
def tf():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").tf


def bottomless():
    return bottomless()


def test_memory_that_does_not_suffice_is_said(told, tf):
    with pytest.raises(ModelError, match=r"^Running it takes more memory than there is\.$"), told("Running it"):
        tf.zeros([1 << 24, 1 << 24])


def test_a_stack_that_does_not_suffice_is_said(told):
    with pytest.raises(ModelError, match=r"^Building it nests too deeply"), told("Building it"):
        bottomless()


def test_what_tensorflow_refuses_is_said_on_one_line(told, tf):
    with pytest.raises(ModelError, match=r"^Adding fails: ") as caught, told("Adding"):
        tf.add(tf.zeros([2]), tf.zeros([3]))
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_what_is_said_already_is_not_said_again(told):
    with pytest.raises(ParityError, match=r"^strays$"), told("Running it"):
        raise ParityError("strays")


def test_tf2onnx_keeps_what_it_can_do_without_to_itself(tmp_path, caplog):
    """Its optimiser fails at the scalars of hard_sigmoid, logs tracebacks and goes on."""
    path = tmp_path / "m.h5"
    weights = {"bent": {"kernel": np.full((1, 1, 1, 1), 3.0), "bias": np.zeros(1)}}
    network(path, [small("in"), conv("bent", "in", 1, 1, activation="hard_sigmoid")], "bent", weights)
    found = read_network(path, published_description("m", "a test"), insist=False)
    assert len(found.graph.graph.node) > 1
    assert [record.name for record in caplog.records if record.name.startswith("tf2onnx")] == []


def test_the_longest_chain_that_is_let_through_is_built():
    names = ["in", *(f"r{number}" for number in range(900))]
    relus = [layer("ReLU", name, (source,)) for source, name in itertools.pairwise(names)]
    body = {"layers": [small("in"), *relus], "input_layers": [["in", 0, 0]], "output_layers": [[names[-1], 0, 0]]}
    topology = served_topology(screened_graph({"class_name": "Model", "config": body}, "m.h5"), "m.h5")
    rebuild = importlib.import_module("landslip.export.conversion.rebuild").rebuild
    model = rebuild(undescribed(topology, "m.h5"), {(name,): {} for name in names})
    assert len(model.layers) == 901
