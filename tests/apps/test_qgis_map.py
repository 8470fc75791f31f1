"""A map as landslip makes it, in real QGIS: the project beside it, and the image inside its folder."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.crs import CRS
from rasterio.warp import calculate_default_transform, reproject

from helpers import qgis
from helpers.engines import mixing_engine
from helpers.rasters import scene_on_grid
from landslip.runtime.engines import EngineOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.products.landslide import CONFIDENCE_CLASSES
from landslip.runtime.run.product_options import ProductOptions

pytestmark = [pytest.mark.apps, qgis.needs_qgis]

DEGREES = CRS.from_epsg(4326)
HIDDEN = {"Confidence (percent)", "Observed"}


def in_degrees(path):
    """Bring an image to longitude and latitude, where it lies."""
    with rasterio.open(path) as dataset:
        source, profile, transform, crs = dataset.read(), dataset.profile, dataset.transform, dataset.crs
        to, width, height = calculate_default_transform(
            crs, CRS.from_epsg(4326), dataset.width, dataset.height, *dataset.bounds
        )
    out = np.zeros((len(source), height, width), source.dtype)
    reproject(source, out, src_transform=transform, src_crs=crs, dst_transform=to, dst_crs=CRS.from_epsg(4326))
    profile |= {"crs": CRS.from_epsg(4326), "transform": to, "width": width, "height": height, "nodata": 0}
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.write(out)


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    """A scene whose image of after the event is in degrees, and its map in the folder above it; moved once."""
    folder = tmp_path_factory.mktemp("events") / "event"
    (folder / "scene").mkdir(parents=True)
    files = scene_on_grid(folder / "scene", 150, 200)
    in_degrees(files.post)
    request = MapRequest(
        folder / "no-model", files, folder, engine=EngineOptions(tile=32, batch=4), min_area=0, title="Iburi",
        products=ProductOptions(project=True),
    )  # fmt: skip
    map_scene(request, engine=mixing_engine())
    return shutil.move(folder, folder.with_name("moved"))


def test_every_layer_of_a_map_comes_with_its_style(event, tmp_path):
    landslides, unseen, confidence = qgis.steps(
        tmp_path,
        *(
            ("layer_facts", {"path": path})
            for path in (
                f"{event / 'landslides.gpkg'}|layername=landslides",
                f"{event / 'landslides.gpkg'}|layername=not_observed",
                event / "confidence.tif",
            )
        ),
    )
    assert landslides["features"]
    assert landslides["renderer"] == unseen["renderer"] == "categorizedSymbol"
    assert set(landslides["categories"]) == set(CONFIDENCE_CLASSES)
    assert all(alias for name, alias in landslides["aliases"].items() if name != "fid")
    assert confidence["renderer"] == "singlebandpseudocolor"


def test_the_project_shows_the_image_where_it_lies(event, tmp_path):
    before = sorted(path.name for path in event.rglob("*"))
    drawn = {"canvas": tmp_path / "c.png", "png": tmp_path / "l.png"}
    (found,) = qgis.steps(tmp_path, ("project", {"path": event / "landslides.qgs", **drawn}))
    assert found["said"] == []
    assert found["layers"]["Image after"]["crs"] == "EPSG:4326"
    assert {name for name, shown in found["visible"].items() if not shown} == HIDDEN
    with Image.open(tmp_path / "c.png") as picture:
        middle = np.asarray(picture.convert("RGB"))[250:350, 200:400].reshape(-1, 3)
    assert len(np.unique(middle, axis=0)) > 1000
    assert "Iburi" in found["texts"]
    assert sorted(path.name for path in event.rglob("*")) == before
