"""Networks that amplify rounding are exported by default, and what is wrong in them is still refused."""

from __future__ import annotations

import importlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from onnx import numpy_helper

from helpers.foreign import save
from landslip.runtime.artifacts.reference_tiles import read_reference, write_reference
from landslip.runtime.cli.main import run
from landslip.runtime.errors import ParityError

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


@pytest.fixture(scope="module")
def amplifying(pipeline, tmp_path_factory):
    """A stand-in at a quarter of the width, undamped, and its artifact."""
    folder = tmp_path_factory.mktemp("amplifying")
    importlib.import_module("landslip.models.keras.standin").write_standin(
        folder / "s.hdf5", 1 / 4, optimizer_slots=False
    )
    (artifact,) = pipeline.export_model(folder / "s.hdf5", folder / "out")
    return folder / "s.hdf5", artifact


RAW = """
tile = 64
resolution = 10.0
[[inputs]]
role = "post"
feeds = 0
divisor = 1
[[inputs]]
role = "hillshade"
feeds = 0
divisor = 1
"""
"""Pixels as they are, 0 to 255: what is summed gets large, and rounding with it."""


def unet(keras, seed):
    """A plain U-Net with fresh weights."""
    keras.utils.set_random_seed(seed)
    kl = keras.layers

    def block(x, filters):
        for _ in range(2):
            x = kl.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal")(x)
        return x

    x = source = keras.Input((64, 64, 4))
    skips = []
    for filters in (8, 16, 32):
        x = block(x, filters)
        skips.append(x)
        x = kl.MaxPooling2D()(x)
    x = block(x, 64)
    for filters, skip in zip((32, 16, 8), reversed(skips), strict=True):
        x = block(kl.Concatenate()([skip, kl.UpSampling2D()(x)]), filters)
    return keras.Model(source, kl.Conv2D(1, 1, activation="sigmoid")(x))


def srresnet(keras, seed):
    """The generator of Ledig et al. 2017 at half its width and depth, enlarging by nearest neighbours."""
    keras.utils.set_random_seed(seed)
    kl = keras.layers

    def conv(x, filters=32, size=3, **options):
        return kl.Conv2D(filters, size, padding="same", kernel_initializer="he_normal", **options)(x)

    def prelu(x):
        return kl.PReLU(shared_axes=[1, 2])(x)

    source = keras.Input((16, 16, 3))
    x = first = prelu(conv(source, size=9))
    for _ in range(8):
        inner = prelu(kl.BatchNormalization()(conv(x)))
        x = kl.Add()([x, kl.BatchNormalization()(conv(inner))])
    x = kl.Add()([first, kl.BatchNormalization()(conv(x))])
    for _ in range(2):
        x = prelu(kl.UpSampling2D()(conv(x)))
    return keras.Model(source, conv(x, 3, 9, activation="tanh"))


def test_a_network_that_amplifies_rounding_passes_and_both_figures_are_recorded(amplifying):
    _, artifact = amplifying
    record = json.loads(artifact.record.read_text())
    figures = record["parity"]["figures"]
    assert max(figure["max_abs"] for figure in figures) > 1e-5
    for figure in figures:
        keras = figure["keras_float32"]
        assert figure["max_abs"] <= max(1e-5, 2 * keras["max_abs"])
        assert figure["mean_abs"] <= 2 * keras["mean_abs"]
    sets = read_reference(artifact.path.with_name("s.reference.npz")).sets
    assert all(0 < each.mean_abs <= each.max_abs < 1e-2 for tiles, _ in sets for each in tiles.roundings)


@pytest.mark.slow
def test_so_does_one_of_half_the_published_width(pipeline, tmp_path):
    standin = importlib.import_module("landslip.models.keras.standin")
    standin.write_standin(tmp_path / "s.hdf5", 1 / 2, optimizer_slots=False)
    (artifact,) = pipeline.export_model(tmp_path / "s.hdf5", tmp_path / "out")
    assert max(figure.max_abs for figure in artifact.parity) > 1e-5
    for figure in artifact.parity:
        assert figure.max_abs <= 2 * figure.keras_float32.max_abs
        assert figure.mean_abs <= 2 * figure.keras_float32.mean_abs


def test_verify_judges_alike_without_the_network(amplifying, tmp_path, capsys):
    _, artifact = amplifying
    shutil.copytree(artifact.path.parent, tmp_path / "out")
    command = ["-q", "verify", str(tmp_path / "out"), "--engine", "onnxruntime"]
    assert run(command) == 0
    out = capsys.readouterr().out
    assert "s.fp32.onnx the network itself in float32 is off by" in out
    assert "max_abs <= 1e-05 or 2 times what the network in float32 does" in out
    assert run([*command, "--limit", "fp32:max=1e-5"]) == 1
    assert "--limit PRECISION:FIGURE=VALUE allows more" in capsys.readouterr().out


def test_a_reference_that_does_not_tell_is_read_as_before(amplifying, tmp_path, capsys):
    _, artifact = amplifying
    shutil.copy(artifact.path, tmp_path)
    path = artifact.path.with_name("s.reference.npz")
    reference = read_reference(path)
    old = tuple((replace(tiles, roundings=()), values) for tiles, values in reference.sets)
    write_reference(tmp_path / path.name, replace(reference, sets=old))
    command = ["-q", "verify", str(tmp_path), "--engine", "onnxruntime"]
    assert run(command) == 1
    assert "and 1e-05 is allowed" in capsys.readouterr().out
    assert run([*command, "--limit", "fp32:max=1e-2"]) == 0


def test_a_wrong_weight_in_such_a_network_is_refused_and_the_option_is_named(
    pipeline, amplifying, tmp_path, monkeypatch
):
    network = importlib.import_module("landslip.export.conversion.network")
    honest = network.deployable

    def deployable(model, interface):
        graph = honest(model, interface)
        tensors = [tensor for tensor in graph.graph.initializer if numpy_helper.to_array(tensor).ndim == 4]
        middle = tensors[len(tensors) // 2]
        middle.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(middle) * np.float32(1.001), middle.name))
        return graph

    monkeypatch.setattr(network, "deployable", deployable)
    with pytest.raises(ParityError, match=r"times what the network itself .* allow it: `limits` fp32:max_abs=\S+\.$"):
        pipeline.export_model(amplifying[0], tmp_path / "out")


@pytest.mark.parametrize(("build", "seed"), [(unet, 0), (unet, 1), (unet, 2), (srresnet, 0)])
def test_networks_with_fresh_weights_pass(pipeline, keras, tmp_path, build, seed):
    spec = None if build is srresnet else tmp_path / "SPEC.toml"
    if spec is not None:
        spec.write_text(RAW)
    source = save(build(keras, seed), tmp_path / "m.h5")
    (artifact,) = pipeline.export_model(source, tmp_path / "out", spec=spec)
    assert max(figure.max_abs for figure in artifact.parity) > 1e-5
    for figure in artifact.parity:
        assert figure.max_abs <= max(1e-5, 2 * figure.keras_float32.max_abs)
