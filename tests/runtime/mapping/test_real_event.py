"""A real event: the Hokkaido Eastern Iburi earthquake of 2018, as its files were published.

The image before covers 60 % of the ground. The demo model is made for generated scenes, so how well it maps is not
asked here; where it may say something at all is.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from rasterio.features import rasterize
from rasterio.warp import Resampling, reproject

from landslip.models.demo.embedded import DEMO_MODEL
from landslip.models.registry.scenes import IBURI_2018
from landslip.runtime.cli.main import run
from landslip.runtime.inputs.scene_toml import read_scene_file

IBURI = Path(__file__).parents[4] / "shared" / "data" / "iburi"
COLOURS = ("B4", "B3", "B2")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not IBURI.is_dir(), reason="the files of the event are not here")]


def bands(date, kind=""):
    return [IBURI / f"{date}-event" / f"download.{band}{kind}.tif" for band in COLOURS]


def mapped(out, pre, post, *more):
    """A map by the command line, with larger tiles: what is asked does not depend on them."""
    images = [
        text for role, paths in (("--pre", pre), ("--post", post)) for path in paths for text in (role, str(path))
    ]
    terrain = ["--dem", str(IBURI / "dem" / "download.DSM.tif"), "--aoi", str(IBURI / "aoi.tif")]
    command = ["map", "-m", str(DEMO_MODEL), *images, *terrain, "--preset", "fast", "-o", str(out), *more]
    assert run(command) == 0
    return out


def confidence(out):
    with rasterio.open(out / "confidence.tif") as dataset:
        return dataset.read(1)


def record_of(out):
    return json.loads((out / "run.json").read_text())


def stretched(folder, date):
    """The picture as a user renders it: 8 bits from percentiles, nothing where there is nothing, and no nodata."""
    layers = []
    for path in bands(date):
        with rasterio.open(path) as dataset:
            profile, values = dataset.profile, dataset.read(1).astype(np.float64)
        known = values > 0
        low, high = np.percentile(values[known], (2, 98))
        picture = np.clip((values - low) / (high - low), 0, 1) * 254 + 1
        layers.append(np.where(known, picture, 0).astype(np.uint8))
    profile |= {"count": 3, "dtype": "uint8", "nodata": None, "photometric": "RGB"}
    with rasterio.open(folder / f"{date}.tif", "w", **profile) as dataset:
        dataset.write(np.stack(layers))
    return folder / f"{date}.tif"


@pytest.fixture(scope="module")
def sixteen(tmp_path_factory):
    """The map from the published 16-bit bands."""
    return mapped(tmp_path_factory.mktemp("sixteen") / "out", bands("pre"), bands("post"))


def unseen_before(out):
    """Where the image before shows nothing, on the grid of a map: (rows, cols)."""
    with rasterio.open(out / "confidence.tif") as grid, rasterio.open(bands("pre")[0]) as before:
        seen = (before.read(1) > 0).astype(np.uint8)
        on_grid = np.zeros(grid.shape, np.uint8)
        reproject(
            seen, on_grid, src_transform=before.transform, src_crs=before.crs, dst_transform=grid.transform,
            dst_crs=grid.crs, resampling=Resampling.nearest,
        )  # fmt: skip
    return on_grid == 0


def test_nothing_is_said_of_what_the_image_before_did_not_see(sixteen):
    values, unseen = confidence(sixteen), unseen_before(sixteen)
    assert 0.3 < unseen.mean() < 0.5
    assert (values[unseen] == 255).mean() > 0.995  # the edge itself lies within a pixel
    record = record_of(sixteen)
    assert 60 < record["observed_km2"] < 70
    assert 0 < record["landslide_km2"] < 5


def test_no_landslide_reaches_into_what_was_not_seen(sixteen):
    unseen = unseen_before(sixteen)
    _, _, shapes, _ = pyogrio.raw.read(sixteen / "landslides.gpkg", layer="landslides")
    with rasterio.open(sixteen / "confidence.tif") as grid:
        slides = rasterize([(shape, 1) for shape in shapely.from_wkb(shapes)], unseen.shape, transform=grid.transform)
    assert slides.sum() > 1000
    assert slides[unseen].sum() < 0.005 * slides.sum()  # the edge itself lies within a pixel


def test_the_shift_is_said(sixteen):
    found = record_of(sixteen)["registration"]
    assert found["windows"] >= 3
    assert 0 < np.hypot(*found["shift_pixels"]) < 2


def test_flags_and_a_scene_file_make_the_same_map(sixteen, tmp_path):
    for member in IBURI_2018.files:
        place = tmp_path / member.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(IBURI / member.path)
    (tmp_path / "scene.toml").write_text(IBURI_2018.scene)
    files = read_scene_file(tmp_path / "scene.toml")
    assert [path.resolve() for path in files.pre] == [path.resolve() for path in bands("pre")]
    command = ["map", "-m", str(DEMO_MODEL), "--scene", str(tmp_path / "scene.toml"), "--preset", "fast"]
    assert run([*command, "-o", str(tmp_path / "out")]) == 0
    for name in ("confidence.tif", "landslides.gpkg"):
        assert (tmp_path / "out" / name).read_bytes() == (sixteen / name).read_bytes()


def test_a_picture_in_8_bits_makes_nearly_the_same_map(sixteen, tmp_path, caplog):
    out = mapped(tmp_path / "out", [stretched(tmp_path, "pre")], [stretched(tmp_path, "post")])
    eight, wide = confidence(out), confidence(sixteen)
    assert (((eight == 255) == (wide == 255)).mean()) > 0.99
    both = (eight != 255) & (wide != 255)
    slides = [(values >= 50) & both for values in (eight, wide)]
    assert (slides[0] & slides[1]).sum() / (slides[0] | slides[1]).sum() > 0.9
    assert "pre.tif" in caplog.text  # its fill is said


def test_nearly_black_bands_are_observed_in_the_same_places(sixteen, tmp_path, caplog):
    out = mapped(tmp_path / "out", bands("pre", "_uint8"), bands("post", "_uint8"))
    eight, wide = confidence(out), confidence(sixteen)
    assert ((eight == 255) == (wide == 255)).mean() > 0.99
    assert (eight[unseen_before(out)] == 255).mean() > 0.99  # along the edge the bands end one after the other
    assert "nearly black" in caplog.text
