from __future__ import annotations

from dataclasses import replace

import pytest

from helpers.broken_graphs import small
from helpers.descriptions import KINDS, PLANET, description, image
from helpers.keras_files import conv
from landslip.export.conversion.fitting import described
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
from landslip.runtime.artifacts.spec import InputSpec
from landslip.runtime.errors import ModelError

FOUR = image("image", PLANET)
SLOPE = InputSpec("slope", 1, "float32", "degree", 45.0, -1.0)


def fitted(found, bands=5, outputs=1):
    """A description brought together with a network of one convolution."""
    layers = [small("in", bands, None), conv("out", "in", outputs)]
    body = {"layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [["out", 0, 0]]}
    graph = screened_graph({"class_name": "Model", "config": body}, "m.h5")
    return described(served_topology(graph, "m.h5"), found, "m.h5")


def test_inputs_are_joined_in_the_order_of_the_description():
    assert fitted(description(SLOPE, FOUR, feeds=("in", 0))).joined == (("slope", "image"),)
    assert fitted(description(FOUR, SLOPE, feeds=(0, 0))).joined == (("image", "slope"),)


def test_classes_are_kept_each_with_its_band():
    kept = fitted(description(FOUR, classes=KINDS), bands=4, outputs=4).kept
    assert (kept.bands, kept.classes) == ((0, 1, 2, 3), True)


@pytest.mark.parametrize(
    ("found", "options", "message"),
    [
        (
            description(FOUR),
            {},
            r"takes 5 bands, but the description gives it 4 \(image: 4\)\. Name its 5 bands in its order \(bands\)",
        ),
        (description(FOUR, SLOPE, feeds=(0, 0)), {"bands": 4}, r"gives it 5 \(image: 4, slope: 1\)\. Name its 4 bands"),
        (description(FOUR, feeds=("other",)), {"bands": 4}, "has no input 'other' for image to feed"),
        (
            description(replace(FOUR, name="confidence")),
            {"bands": 4},
            r"an input of the description is named 'confidence', as the output is\. Give it another name",
        ),
        (
            description(FOUR, classes=KINDS),
            {"bands": 4, "outputs": 3},
            "has 3 bands, and the description names 4 classes",
        ),
    ],
)
def test_a_description_that_does_not_fit_says_how_many_bands_there_are(found, options, message):
    with pytest.raises(ModelError, match=message):
        fitted(found, **options)
