"""Maps of networks that take other bands than pictures: from files to the map, against plain numpy on whole arrays."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import rasterio

from helpers.engines import FakeEngine
from helpers.measured import described, named, network, numbers, stack
from helpers.rasters import LEFT, TOP, elevation, write
from helpers.reference_map import load, on_map
from helpers.reference_terrain import terrain
from landslip.runtime.delivery.further_products import make_products
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import ModelError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping import assemble
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.scene.scene import open_scene

SIZES = {
    "B01": 60, "B02": 10, "B03": 10, "B04": 10, "B05": 20, "B06": 20, "B07": 20, "B08": 10, "B8A": 20, "B09": 60,
    "B11": 20, "B12": 20,
}  # fmt: skip
NAMES = (
    "coastal", "blue", "green", "red", "rededge071", "rededge075", "rededge078", "nir", "nir08", "nir09", "swir16",
    "swir22",
)  # fmt: skip
FOURTEEN = network(
    described("image", *(f"post.{name}" for name in NAMES), "slope", "dem"), resolution=10.0, tile=64, multiple=8
)
WEIGHTS = np.random.default_rng(1).normal(size=14).astype(np.float32) * np.float32([4] * 12 + [0.02, 0.001])


def by_pixel(values):
    """A network of one layer: sigmoid of a weighted sum of all bands (..., bands, rows, cols)."""
    total = np.tensordot(np.moveaxis(values, -3, -1), WEIGHTS[: values.shape[-3]], axes=1)
    return (1 / (1 + np.exp(1.5 - total))).astype(np.float32)


def engine_of(spec, **options):
    name = spec.inputs[0].name
    return FakeEngine(spec, lambda batch: by_pixel(batch[name])[:, None], **options)


def make(spec, files, out, *, batch=4, **options):
    request = MapRequest(out / "none", files, out, engine=EngineOptions(batch=batch), **options)
    record = map_scene(request, engine=engine_of(spec))
    with rasterio.open(out / "confidence.tif") as dataset:
        return record, dataset.read(1)


def scene_of_fourteen(folder):
    post = tuple(
        named(write(folder / f"x_{label}.tif", numbers(1, 1200 // size, 1500 // size, at), float(size)), ("",), 0.0001)
        for at, (label, size) in enumerate(SIZES.items())
    )
    return SceneFiles(post=post, dem=write(folder / "dem.tif", elevation(60, 70), 30.0, left=LEFT - 150, top=TOP + 150))


def test_fourteen_bands_of_sentinel_2_and_terrain(tmp_path, caplog):
    files = scene_of_fourteen(tmp_path)
    record, percent = make(FOURTEEN, files, tmp_path / "out")
    assert "pixels of 60 m" not in caplog.text, "bands of 60 m lie beside those of 10 m in every such image"
    with open_scene(files, 10.0, FOURTEEN) as scene:
        grid = scene.grid
    known, planes = np.ones(percent.shape, bool), []
    for path in files.post:
        source = load(path)
        values, sure = on_map(replace(source, values=source.values * 0.0001), grid)
        planes.append(values[0])
        known &= sure
    dem = load(files.dem)
    _, slope, steep = terrain(dem.values[0], dem.valid, dem.crs, dem.transform)
    for layer, valid in ((slope, steep), (dem.values[0], dem.valid)):
        values, sure = on_map(replace(dem, values=layer[None], valid=valid), grid)
        planes.append(values[0])
        known &= sure
    np.testing.assert_array_equal(percent != 255, known)
    # Weights of tiles sum to 1, so that what depends on the pixel alone is blended into itself.
    expected = 100 * by_pixel(np.stack(planes).astype(np.float32)).astype(np.float64)
    assert np.abs(percent[known] - np.floor(expected[known])).max() <= 1
    assert (np.abs(percent[known] - np.floor(expected[known])) > 0).mean() < 1e-3
    assert np.ptp(percent[known].astype(int)) > 25
    channels = record["reading"]["images"]["post"]["channels"]
    assert [each["band"] for each in channels] == list(NAMES)
    assert json.loads((tmp_path / "out" / "run.json").read_text())["reading"]["images"]["post"]["channels"] == channels


def test_the_same_bytes_for_any_window_and_batch(tmp_path, monkeypatch):
    files = scene_of_fourteen(tmp_path)
    found = []
    for rows, batch in ((64, 4), (17, 1)):
        monkeypatch.setattr(assemble, "BLOCK_ROWS", rows)
        out = tmp_path / f"out{rows}"
        make(FOURTEEN, files, out, batch=batch)
        found.append([(out / name).read_bytes() for name in ("confidence.tif", "quicklook.png")])
    assert found[0] == found[1]


FOUR = ("blue", "green", "red", "nir")


def four_bands(folder):
    return SceneFiles(post=stack(folder / "post.tif", numbers(4, 120, 140), FOUR))


PLANET = network(described("image", *(f"post.{name}" for name in FOUR)), resolution=10.0, tile=64, multiple=8)


def test_a_report_made_afterwards_shows_what_the_map_was_made_of(tmp_path):
    make(PLANET, four_bands(tmp_path), tmp_path / "out", products=ProductOptions(report=True))
    report = tmp_path / "out" / "report.html"
    made = report.read_bytes()
    report.unlink()
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["opened"]["takes"] == [
        {"name": "image", "unit": "reflectance", "channels": [f"post.{name}" for name in FOUR]}
    ]
    del record["products"]["report.html"]
    (tmp_path / "out" / "run.json").write_text(json.dumps(record))
    make_products(tmp_path / "out", report=True)
    assert report.read_bytes() == made


def test_a_dry_run_tells_what_a_run_would_take(tmp_path):
    request = MapRequest(tmp_path / "none", four_bands(tmp_path), tmp_path / "out", engine=EngineOptions(batch=2))
    forecast = dry_run(request, engine=engine_of(PLANET))
    assert not (tmp_path / "out").exists()
    record, _ = make(PLANET, request.files, tmp_path / "out")
    assert forecast["tiles"]["total"] == record["tiles"]["total"]


def test_maps_of_files_that_are_damaged_in_one_band(tmp_path):
    files = four_bands(tmp_path)
    apart = tuple(
        named(
            write(tmp_path / f"{name}.tif", numbers(4, 120, 140)[index], 10.0, blockysize=8, compress="lzw"),
            ("",),
            0.0001,
        )
        for index, name in enumerate(FOUR)
    )
    data = bytearray(apart[3].read_bytes())
    middle = len(data) // 2
    data[middle : middle + 300] = b"\xff" * 300
    apart[3].write_bytes(data)
    files = replace(files, post=apart, reading=ReadOptions(on_error="skip"))
    record, percent = make(PLANET, files, tmp_path / "out")
    (role,) = {each["role"] for each in record["damaged"]}
    assert role == "post-event image"
    assert 0 < (percent == 255).mean() < 0.5
    assert record["not_observed_km2"]["damaged"] > 0


def test_a_network_that_cannot_be_fed_is_refused_before_its_files_are_opened(tmp_path):
    odd = network(replace(described("image", "post.ndvi"), unit="8-bit"))
    with pytest.raises(ModelError, match="describe them in reflectance or dn"):
        make(odd, SceneFiles(post=tmp_path / "none.tif"), tmp_path / "out")
