"""Images without a grid: what places them, and the command that helps."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.rpc import RPC

from landslip.runtime.errors import InputError
from landslip.runtime.rasters.raster import Raster


def bare(path, **options):
    profile = {"driver": "GTiff", "count": 1, "height": 40, "width": 50, "dtype": "uint8"}
    with rasterio.open(path, "w", **profile, **options) as dataset:
        dataset.write(np.ones((1, 40, 50), np.uint8))
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.parametrize(("place", "zone"), [((8.5, -46.2), 32732), ((-179.8, 12.0), 32601), ((179.9, 12.0), 32660)])
def test_control_points_are_named_with_gdalwarp_and_the_zone(tmp_path, place, zone):
    x, y = place
    corners = ((0, 0), (0, 50), (40, 50), (40, 0), (20, 25))
    points = [GroundControlPoint(row, col, x + col / 1e4, y - row / 1e4) for row, col in corners]
    path = bare(tmp_path / "a.tif", gcps=points, crs=CRS.from_epsg(4326))
    with pytest.raises(
        InputError, match=f"placed by 5 ground control points .* gdalwarp -tps .* -t_srs EPSG:{zone} FILE"
    ):
        Raster(path, "image")


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_model_of_the_sensor_is_named_with_gdalwarp_and_the_elevation(tmp_path):
    ones = [0.0] * 20
    rpcs = RPC(0, 1, 45.0, 1, ones, ones, 0, 1, 9.0, 1, ones, ones, 0, 1, None, None)
    path = bare(tmp_path / "a.tif", rpcs=rpcs)
    with pytest.raises(
        InputError, match=r"\(RPC\) alone.* gdalwarp -rpc -to RPC_DEM=DEM\.tif .* -t_srs EPSG:32632 FILE"
    ):
        Raster(path, "image")


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_without_any_place_the_remedy_is_the_usual_one(tmp_path):
    with pytest.raises(InputError, match="has no coordinate reference system, so its place is unknown"):
        Raster(bare(tmp_path / "a.tif"), "image")
