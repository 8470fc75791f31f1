"""Attributes of the landslides of whole maps, against figures computed anew, and however their rows come."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import pytest
import rasterio
import shapely

from helpers.landslide_figures import figures, opened
from landslip.models.demo.embedded import DEMO_MODEL, run_demo
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.products.tracing import Strip, trace
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.shards.map_anywhere import map_scene

pytest.importorskip("onnxruntime")

IBURI = Path(__file__).parents[4] / "shared" / "data" / "iburi"
BANDS = ("B4", "B3", "B2")
MOST = 60
"""Landslides of a map that are looked at: the figures of each are computed over the whole map."""


@dataclass(frozen=True)
class Made:
    """A map, and what it was made of."""

    out: Path
    files: SceneFiles
    dem: Path

    def landslides(self) -> list[dict]:
        meta, _, shapes, columns = pyogrio.raw.read(self.out / "landslides.gpkg", layer="landslides")
        rows = zip(*columns, strict=True)
        named = [dict(zip(meta["fields"], row, strict=True)) for row in rows]
        return [{"outline": shape, **row} for shape, row in zip(shapely.from_wkb(shapes), named, strict=True)]


def demo(folder: Path) -> Made:
    result = run_demo(folder, seed=9002, size_km=2.4)
    event = result.event
    return Made(
        result.map_folder, SceneFiles(pre=event.pre, post=event.post, dem=event.dem, masks=(event.clouds,)), event.dem
    )


def iburi(folder: Path) -> Made:
    if not IBURI.is_dir():
        pytest.skip("the files of the event are not here")
    pre, post = (tuple(IBURI / f"{date}-event" / f"download.{band}.tif" for band in BANDS) for date in ("pre", "post"))
    reading = ReadOptions(pre_date="2018-08-27", post_date="2018-09-11T01:20:21Z")
    dem = IBURI / "dem" / "download.DSM.tif"
    files = SceneFiles(pre=pre, post=post, dem=dem, aoi=IBURI / "aoi.tif", reading=reading)
    map_scene(files, model=DEMO_MODEL, out=folder / "out", preset="fast")
    return Made(folder / "out", files, dem)


@pytest.fixture(scope="module", params=[demo, pytest.param(iburi, marks=pytest.mark.slow)], ids=["demo", "iburi"])
def made(request, tmp_path_factory):
    return request.param(tmp_path_factory.mktemp("map"))


def test_attributes_are_those_computed_anew(made):
    files, landslides = opened(made.out / "confidence.tif", made.dem), made.landslides()
    assert len(landslides) > 3
    largest_first = sorted(landslides, key=lambda one: -one["area_m2"])
    looked_at = largest_first[:: max(1, len(landslides) // MOST)] + [one for one in landslides if one["edge"]][:MOST]
    for one in looked_at:
        expected = figures(one["outline"], files)
        known = {name: value for name, value in expected.items() if value == value}
        assert {name: one[name] for name in ("edge", "confidence_class")} == {
            name: expected[name] for name in ("edge", "confidence_class")
        }
        for name in ("area_m2", "area_ha", "perimeter_m", "confidence_mean", "confidence_max"):
            assert one[name] == pytest.approx(expected[name], rel=2e-4), name
        for name in ("length_m", "width_m"):
            assert one[name] == pytest.approx(expected[name], rel=2e-3), name
        for name in known.keys() & {"elev_min", "elev_max", "relief_m", "slope_mean"}:
            assert one[name] == pytest.approx(expected[name], abs=0.05), name
        if "slope_mean" in known and expected["slope_mean"] > 3:
            assert (one["aspect_mean"] - expected["aspect_mean"] + 180) % 360 - 180 == pytest.approx(0, abs=1)
        if "relief_m" in known and expected["relief_m"] > 1:
            assert one["reach_angle"] == pytest.approx(expected["reach_angle"], abs=0.2)


def test_the_place_of_a_landslide_lies_in_it(made):
    landslides = made.landslides()
    with rasterio.open(made.out / "confidence.tif") as dataset:
        to_map = pyproj.Transformer.from_crs(4326, dataset.crs.to_wkt(), always_xy=True)
    places = shapely.points(
        *to_map.transform(*(np.array([one[name] for one in landslides]) for name in ("lon", "lat")))
    )
    assert shapely.intersects([one["outline"] for one in landslides], places).all()


def test_the_record_sums_up_the_landslides(made):
    record, landslides = json.loads((made.out / "run.json").read_text()), made.landslides()
    classes = [one["confidence_class"] for one in landslides]
    assert record["landslides"] == len(landslides)
    assert record["landslide_km2"] == pytest.approx(sum(one["area_m2"] for one in landslides) / 1e6, rel=1e-12)
    assert record["landslides_by_class"] == {name: classes.count(name) for name in record["confidence_classes"]}
    assert record["landslides_at_edge"] == sum(one["edge"] for one in landslides)
    assert all(one["area_m2"] >= record["min_area_m2"] for one in landslides)


def test_dates_are_those_of_the_images(made):
    record = json.loads((made.out / "run.json").read_text())
    acquired = {entry["role"]: entry.get("acquired") for entry in record["inputs"]}
    for one in made.landslides():
        for name, role in (("date_from", "pre"), ("date_to", "post")):
            day = None if np.isnat(one[name]) else str(one[name])[:10]
            assert day == (acquired[role] and acquired[role][:10])


def test_what_was_not_observed_is_in_its_layer(made):
    with rasterio.open(made.out / "confidence.tif") as dataset:
        unseen, transform = dataset.read(1) == 255, dataset.transform
    _, _, shapes, (_, reasons, areas) = pyogrio.raw.read(made.out / "landslides.gpkg", layer="not_observed")
    drawn = rasterio.features.rasterize(shapely.from_wkb(shapes), unseen.shape, transform=transform) == 1
    assert not (drawn & ~unseen).any()
    assert (drawn & unseen).sum() > 0.97 * unseen.sum()  # but for groups smaller than the smallest landslide
    assert set(reasons) <= {"outside", "nodata", "mask", "void", "unmapped"}
    assert (areas >= 400).all()


def test_three_ways_to_cut_the_map_make_the_same_landslides(made):
    with rasterio.open(made.out / "confidence.tif") as dataset:
        confidence = dataset.read(1)
    threshold = json.loads((made.out / "run.json").read_text())["threshold"]
    found = []
    with open_scene(made.files, 6.0) as scene:
        assert (scene.grid.height, scene.grid.width) == confidence.shape
        for height in (len(confidence), 112, 33):
            strips = (Strip(row, confidence[row : row + height]) for row in range(0, len(confidence), height))
            found.append(
                list(trace(strips, scene.grid, level=round(100 * threshold), min_area=400, ground_of=scene.ground.read))
            )
    assert found[0] == found[1] == found[2]
    written = made.landslides()
    assert [one.geometry for one in found[0]] == [one["outline"] for one in written]
    for name in ("area_m2", "elev_min", "elev_max", "relief_m", "reach_angle", "slope_mean", "aspect_mean", "edge"):
        assert [getattr(one, name) for one in found[0]] == [
            None if one[name] != one[name] else one[name] for one in written
        ]
