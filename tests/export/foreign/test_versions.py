from __future__ import annotations

import logging

import pytest

from helpers.keras_files import conv, layer, tiny_config, tiny_layers
from landslip.export.topology.keras_versions import check_version
from landslip.export.topology.layer_screen import screened_graph
from landslip.export.topology.topology import served_topology
from landslip.runtime.errors import ModelError


def topology(replacement):
    layers = [replacement if entry["name"] == replacement["name"] else entry for entry in tiny_layers()]
    return served_topology(screened_graph(tiny_config(layers), "m.h5"), "m.h5")


BILINEAR = topology(layer("UpSampling2D", "up", ("dropout",), size=[2, 2], interpolation="bilinear"))
HARD = topology(conv("prediction", "add", 1, 1, activation="hard_sigmoid"))


@pytest.mark.parametrize("version", ["2.1.6", "2.2.4", "2.2.4-tf"])
def test_bilinear_enlargement_of_old_files_is_said(version, caplog):
    check_version(BILINEAR, version, "m.h5")
    assert "Layer up enlarges bilinearly" in caplog.text


@pytest.mark.parametrize("version", ["2.3.0-tf", "2.15.0", "2.21.0", "3.0.1", "unknown"])
def test_later_versions_agree_about_it(version, caplog):
    with caplog.at_level(logging.DEBUG):
        check_version(BILINEAR, version, "m.h5")
    assert not caplog.text


def test_hard_sigmoid_of_keras_3_is_refused():
    check_version(HARD, "2.15.0", "m.h5")
    with pytest.raises(
        ModelError, match=r"m\.h5: layer 'prediction' has the activation 'hard_sigmoid', which Keras 3\.1"
    ):
        check_version(HARD, "3.1.0", "m.h5")
