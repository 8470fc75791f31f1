"""The real event: what the published network saw at Iburi as an inventory in degrees, against a map in metres."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.features
import shapely
from rasterio.warp import Resampling, calculate_default_transform, reproject, transform_geom

from helpers.inventories import write_map, write_truth
from landslip.runtime.scoring.confusion import confusion
from landslip.runtime.scoring.score_run import score

PUBLISHED = Path(__file__).parents[4] / "shared" / "data" / "iburi" / "published_map.tif"
UTM = "EPSG:32654"

pytestmark = pytest.mark.skipif(not PUBLISHED.is_file(), reason="the real event is not at hand (../shared/data/iburi)")


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    """A map on a grid of 10 m, smoothed by resampling, and the outlines of the original."""
    folder = tmp_path_factory.mktemp("iburi")
    with rasterio.open(PUBLISHED) as dataset:
        values, place = dataset.read(1), dataset.transform
        grid, width, height = calculate_default_transform(
            dataset.crs, UTM, dataset.width, dataset.height, *dataset.bounds, resolution=10
        )
        warped = np.full((height, width), 255, np.uint8)
        reproject(
            values, warped, src_transform=place, src_crs=dataset.crs, dst_transform=grid, dst_crs=UTM,
            init_dest_nodata=False, resampling=Resampling.bilinear, src_nodata=255, dst_nodata=255,
        )  # fmt: skip
    mask = values >= 50
    shapes = [
        shapely.geometry.shape(each) for each, _ in rasterio.features.shapes(mask.astype(np.uint8), mask, 4, place)
    ]
    truth = write_truth(folder / "seen.gpkg", shapes, crs="EPSG:4326")
    return write_map(folder / "map.tif", warped, crs=UTM, transform=grid), truth, warped, grid, shapes


def test_it_agrees_with_itself_and_with_numpy(event):
    path, truth, values, grid, shapes = event
    found = score(path, truth)
    assert found.inventory.polygons == len(shapes) > 1000
    assert found.f1 > 0.95
    assert found.landslides.precision == found.landslides.precision_half == 1.0
    assert [each.landslides.missed for each in found.by_size[1:]] == [0, 0, 0], "only what is below 400 m2 is missed"
    moved = [transform_geom("EPSG:4326", UTM, shapely.geometry.mapping(shape)) for shape in shapes]
    burnt = rasterio.features.rasterize(moved, values.shape, transform=grid).astype(bool)
    alone = confusion((values >= 50) & (values != 255), burnt, values != 255)
    assert found.pixels == alone.pixels
    # Sides are straight in the CRS of the file, and there corner by corner in the map's: some centres change sides.
    assert found.matrix.true_positive == pytest.approx(alone.true_positive, rel=1e-4)
    assert found.mcc == pytest.approx(alone.mcc, abs=1e-4)


def test_within_a_box_less_counts(event):
    path, truth, *_ = event
    part = score(path, truth, within="141.85,42.75,141.95,42.85")
    whole = score(path, truth)
    assert 0 < part.pixels < whole.pixels / 2
    assert 0 < part.landslides.known < whole.landslides.known
    assert part.inventory.polygons == whole.inventory.polygons
