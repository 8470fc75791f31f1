"""Foreign networks on rasters: described by a SPEC.toml, exported, and mapped with ``landslip map``."""

from __future__ import annotations

import importlib
import json

import numpy as np
import pytest
import rasterio

from helpers.foreign import randomise, save
from helpers.rasters import scene_on_grid
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, FakeEngine, open_engine
from landslip.runtime.errors import ModelError, UsageError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

pytestmark = pytest.mark.tensorflow

MEAN, DEVIATION = np.float32([120, 110, 100]), np.float32([60, 50, 40])

CHANGE_NET = """
name = "change-net"
meaning = "probability of a landslide"
tile = 64
multiple = 4
resolution = 10.0
threshold = 0.4
output_band = 2

[[inputs]]
role = "post"
feeds = "pictures"
divisor = [60, 50, 40]
offset = [-2, -2.2, -2.5]

[[inputs]]
role = "pre"
feeds = "pictures"
divisor = [60, 50, 40]
offset = [-2, -2.2, -2.5]

[[inputs]]
role = "slope"
feeds = 0
divisor = 90
"""


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


def change_net(keras):
    """Slope, and both pictures in one input, the later one first; three classes. Its file has a fixed size."""
    kl = keras.layers
    terrain, pictures = keras.Input((96, 96, 1), name="terrain"), keras.Input((96, 96, 6), name="pictures")
    fine = kl.Conv2D(8, 3, padding="same", activation="relu")(kl.Concatenate()([pictures, terrain]))
    deep = kl.Conv2D(8, 3, padding="same", activation="elu")(kl.MaxPooling2D(4)(fine))
    wide = kl.UpSampling2D(4, interpolation="bilinear")(deep)
    classes = kl.Conv2D(3, 1, activation="softmax")(kl.Concatenate()([fine, wide]))
    return keras.Model([terrain, pictures], [kl.GlobalAveragePooling2D(name="mean")(deep), classes])


def patch_net(keras, size=32):
    """A network for one size alone: every pixel sees every other through a dense layer."""
    kl = keras.layers
    source = keras.Input((size, size, 3))
    coarse = kl.Dense(size * size // 16, activation="sigmoid")(kl.Flatten()(kl.AveragePooling2D(8)(source)))
    return keras.Model(source, kl.UpSampling2D(4)(kl.Reshape((size // 4, size // 4, 1))(coarse)))


@pytest.fixture(scope="module")
def exported(keras, tmp_path_factory):
    folder = tmp_path_factory.mktemp("change-net")
    model = randomise(change_net(keras))
    source, spec = save(model, folder / "m.h5"), folder / "SPEC.toml"
    spec.write_text(CHANGE_NET)
    export_model = importlib.import_module("landslip.export.making.export_model").export_model
    return model, export_model(source, folder / "out", spec=spec, output="1")[0]


def by_keras(model):
    """The network on raw tiles, scaled here by the plain formula for mean and deviation."""

    def confidence(batch):
        pictures = [(np.moveaxis(batch[name].astype(np.float32), 1, -1) - MEAN) / DEVIATION for name in ("post", "pre")]
        slope = np.moveaxis(np.nan_to_num(batch["slope"]) / np.float32(90), 1, -1)
        _, classes = model([slope, np.concatenate(pictures, axis=-1)], training=False)
        return np.moveaxis(classes.numpy()[..., 2:], -1, 1)

    return confidence


def test_a_map_is_the_one_keras_would_have_made(exported, tmp_path):
    model, artifact = exported
    files = scene_on_grid(tmp_path, 230, 260, resolution=10.0)
    options = EngineOptions(engine="onnxruntime", device="cpu", tile=96, batch=2)
    with open_engine(artifact.path, options) as engine:
        spec = engine.spec
    record = map_scene(MapRequest(artifact.path, files, tmp_path / "ours", engine=options))
    map_scene(
        MapRequest(artifact.path, files, tmp_path / "keras", engine=options), engine=FakeEngine(spec, by_keras(model))
    )
    percents = []
    for name in ("ours", "keras"):
        with rasterio.open(tmp_path / name / "confidence.tif") as dataset:
            percents.append(dataset.read(1).astype(int))
    assert np.unique(percents[0]).size > 20
    assert np.abs(percents[0] - percents[1]).max() <= 1
    assert np.mean(percents[0] != percents[1]) < 1e-3
    assert record["threshold"] == 0.4
    assert record["grid"]["width"] == 260


def test_the_artifact_says_what_the_file_said(exported):
    _, artifact = exported
    assert artifact.path.name == "change-net.fp32.onnx"
    record = json.loads(artifact.record.read_text())
    assert record["spec"]["inputs"][0]["offset"] == [-2.0, -2.2, -2.5]
    assert (record["spec"]["tile"], record["spec"]["multiple"], record["spec"]["fixed"]) == (64, 4, False)
    assert max(figure.max_abs for figure in artifact.parity) <= 1e-5


@pytest.fixture
def export(keras, tmp_path):
    def export_it(model, text, **options):
        source, spec = save(randomise(model), tmp_path / "m.h5"), tmp_path / "SPEC.toml"
        spec.write_text(text)
        export_model = importlib.import_module("landslip.export.making.export_model").export_model
        return export_model(source, tmp_path / "out", spec=spec, **options)[0]

    return export_it


PATCH_NET = 'tile = 32\nresolution = 6\n[[inputs]]\nrole = "post"\ndivisor = 255\n'


def test_a_network_for_one_size_maps_with_tiles_of_that_size(keras, export, tmp_path):
    artifact = export(patch_net(keras), PATCH_NET)
    files = scene_on_grid(tmp_path, 70, 90)
    assert map_scene(MapRequest(artifact.path, files, tmp_path / "map"))["tile"] == 32
    with pytest.raises(UsageError, match="was made for 32 pixels alone"):
        map_scene(MapRequest(artifact.path, files, tmp_path / "other", engine=EngineOptions(tile=64)))


def test_without_a_description_nothing_is_mapped_and_the_reason_said(keras, tmp_path, capsys, caplog):
    source = save(randomise(patch_net(keras)), tmp_path / "m.h5")
    assert run(["export", str(source), "-o", str(tmp_path / "out")]) == 0
    artifact = tmp_path / "out" / "m.fp32.onnx"
    record = json.loads((tmp_path / "out" / "m.fp32.onnx.json").read_text())
    assert record["spec"] is None
    assert {figure["kind"] for figure in record["parity"]["figures"]} == {"normal", "uniform"}
    assert all(figure["max_abs"] <= 1e-5 for figure in record["parity"]["figures"])
    assert "m.h5 has inputs or an output of its own, which are kept, as no `spec` describes them" in caplog.text
    assert not [entry for entry in caplog.records if entry.levelname == "WARNING"]
    files = scene_on_grid(tmp_path, 70, 90)
    arguments = ["map", "-m", artifact, "--pre", files.pre, "--post", files.post, "-o", tmp_path / "map"]
    assert run([str(argument) for argument in arguments]) == 3
    assert "was exported without a description" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("feeds = 0", "feeds = 2", r"has no input 2 for slope to feed\. Its inputs are: 0 terrain, 1 pictures"),
        ('feeds = "pictures"', 'feeds = "images"', "has no input 'images' for post to feed"),
        ("feeds = 0", "feeds = 1", r"its input 'terrain' takes 1 bands, but the description gives it 0 \(nothing\)"),
        ("output_band = 2", "output_band = 3", "has 3 bands, so there is no band 3"),
        ("output_band = 2\n", "", r"has 3 bands; one is expected\. Say which one is the confidence \(output_band\)"),
        ("multiple = 4", "multiple = 2", "That is with tiles of 2 pixels; the description allows all multiples of 2"),
        ('role = "pre"', 'role = "pre"\nbands = 4\ndtype = "uint8"', "divisor is .*; give a number, or a list of 4"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(keras, export, old, new, message):
    assert old in CHANGE_NET
    with pytest.raises(ValueError, match=message):
        export(change_net(keras), CHANGE_NET.replace(old, new), output=1)


@pytest.mark.parametrize(
    ("output", "message"),
    [(0, "output 'mean' is 8 for tiles of 64 x 64; a map needs an answer for each pixel"), (2, "has no output 2")],
)
def test_an_output_that_is_no_map_is_refused(keras, export, output, message):
    with pytest.raises(ModelError, match=message):
        export(change_net(keras), CHANGE_NET, output=output)


def test_a_tile_of_another_size_than_the_network_needs_is_refused(keras, export):
    with pytest.raises(
        ModelError, match=r"32 x 32 pixels, layer 'flatten\w*' \(Flatten\) is made for that size, .* says tiles of 64"
    ):
        export(patch_net(keras), PATCH_NET.replace("32", "64"))


def test_an_output_that_is_no_confidence_is_refused(keras, export):
    kl = keras.layers
    source = keras.Input((None, None, 3))
    with pytest.raises(ModelError, match=r"is no confidence from 0 to 1: it gives values from -\S+ to \S+\. .*sigmoid"):
        export(keras.Model(source, kl.Conv2D(1, 3, padding="same")(source)), PATCH_NET)


def test_a_network_like_the_published_one_is_taken_for_it(tiny_file, tmp_path, caplog):
    assert run(["export", str(tiny_file), "-o", str(tmp_path / "out")]) == 0
    assert "like those of the published network, and it is taken to be like it" in caplog.text
    with open_engine(tmp_path / "out" / "tiny.fp32.onnx", EngineOptions(device="cpu")) as engine:
        assert [entry.name for entry in engine.spec.inputs] == ["pre", "post", "hillshade", "slope"]
