"""The worked examples of the documentation, from files to maps, each compared with Keras on the whole scene."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
import rasterio

from helpers.descriptions import EXAMPLES, changed_example, decided, expected, small_network
from helpers.foreign import randomise, save
from helpers.measured import numbers, read_whole, stack
from helpers.rasters import LEFT, TOP, elevation, rgb, write
from landslip.export.specification.spec_toml import read_description
from landslip.runtime.artifacts.channels import ImageBand, Relief
from landslip.runtime.engines import EngineOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

ROWS, COLS = 150, 170


@pytest.fixture(scope="module")
def keras():
    return importlib.import_module("landslip.models.keras.quiet_tensorflow").keras


def scene_for(spec, folder):
    """Files that give what a network takes, each on the same ground."""
    files = {}
    for seed, date in enumerate(("pre", "post")):
        of_date = [leaf for leaf in spec.leaves if isinstance(leaf, ImageBand) and leaf.date == date]
        bands = sorted({leaf.band for leaf in of_date}, key=str)
        if not bands:
            continue
        path = folder / f"{date}.tif"
        if all(entry.unit == "8-bit" for entry in spec.inputs):
            files[date] = write(path, rgb(ROWS, COLS, seed), spec.resolution)
        else:
            names = [band if isinstance(band, str) else "" for band in bands]
            files[date] = stack(path, numbers(len(bands), ROWS, COLS, seed), names, spec.resolution)
    if any(isinstance(leaf, Relief) for leaf in spec.leaves):
        wide = 3 * spec.resolution
        dem = elevation(ROWS // 3 + 20, COLS // 3 + 20)
        files["dem"] = write(folder / "dem.tif", dem, wide, left=LEFT - 10 * wide, top=TOP + 10 * wide)
    return SceneFiles(**files)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_map_of_an_example_says_what_keras_says(keras, pipeline, tmp_path, example):
    source = tmp_path / "net.h5"
    spec_file = changed_example(example, tmp_path / "SPEC.toml", tile=64, multiple=32)
    described = read_description(spec_file, source)
    spec = described.spec
    files = scene_for(spec, tmp_path)
    _, block = read_whole(files, spec, spec.resolution)
    whole = {name: values[None] for name, values in block.arrays.items()}
    model = randomise(small_network(keras, described, by_pixel=True))
    save(decided(keras, model, described, whole, spread=1.5), source)
    (artifact,) = pipeline.export_model(source, tmp_path / "model", spec=spec_file)
    map_scene(MapRequest(artifact.path, files, tmp_path / "map", engine=EngineOptions("onnxruntime", "cpu")))
    with rasterio.open(tmp_path / "map" / "confidence.tif") as dataset:
        percent = dataset.read(1)
    confidence = expected(model, described, whole)[0, list(spec.landslide_bands)].sum(axis=0)
    known = percent != 255
    assert known.mean() > 0.5
    assert (known <= block.valid).all()
    assert np.ptp(confidence[known]) > 0.2
    # Each pixel depends on itself alone, and weights of tiles add up to 1.
    below, above = percent[known] / 100 - 1e-4, (percent[known] + 1.0) / 100 + 1e-4
    assert ((below <= confidence[known]) & (confidence[known] <= above)).all()
