"""Where a map lies, and what lies nowhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from helpers.rasters import rgb, scene_on_grid, write
from landslip.runtime.errors import InputError
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.map_extent import check_on_globe
from landslip.runtime.scene.scene import open_scene


def checked(path, **place):
    with Raster(write(path, rgb(60, 60), **place), "mask") as raster:
        check_on_globe(raster)


@pytest.mark.parametrize("top", [5_000_000.0, -5_000_000.0, 120.0, -95.0, 1e300])
def test_latitudes_beyond_the_poles_are_no_place(tmp_path, top):
    with pytest.raises(
        InputError, match=r"^mask: .*swapped\.tif lies outside the globe, at latitudes from .* exchange"
    ):
        checked(tmp_path / "swapped.tif", resolution=6 / 111_000, left=9.0, top=top, crs="EPSG:4326")


PLACES = {
    "centred on both poles": {"resolution": (0.5, 180 / 59), "left": 0.0, "top": 90 + 90 / 59, "crs": "EPSG:4326"},
    "at the north pole": {"resolution": 1e-4, "left": 0.0, "top": 90.00005, "crs": "EPSG:4326"},
    "at the south pole": {"resolution": 1e-4, "left": 540.0, "top": -89.995, "crs": "EPSG:4326"},
    "in grads": {"resolution": 1e-4, "left": 5.0, "top": 99.0, "crs": "EPSG:4807"},
    "in metres": {"resolution": 6.0, "left": 5e5, "top": 5e6, "crs": "EPSG:32632"},
}


@pytest.mark.parametrize("name", PLACES)
def test_places_on_the_globe(tmp_path, name):
    checked(tmp_path / "mask.tif", **PLACES[name])


def test_grads_end_at_a_hundred(tmp_path):
    with pytest.raises(InputError, match="outside the globe"):
        checked(tmp_path / "mask.tif", resolution=1e-4, left=5.0, top=101.0, crs="EPSG:4807")


def test_rows_from_south_to_north(tmp_path):
    path = write(
        tmp_path / "mask.tif", np.zeros((60, 60), np.uint8), (1e-4, -1e-4), left=9.0, top=46.0, crs="EPSG:4326"
    )
    with Raster(path, "mask") as raster:
        check_on_globe(raster)


def test_a_place_beyond_its_crs_is_named_however_often_it_is_asked_for(tmp_path):
    """GDAL says so with an error twenty times between two CRS in a process, and with infinite places from then on."""
    far = write(tmp_path / "far.tif", rgb(60, 60), 6.0, left=5e8, top=5e9)
    files = replace(scene_on_grid(tmp_path, 60, 60), pre=far, post=far)
    for _ in range(25):
        with pytest.raises(InputError, match="on the globe is unknown") as caught, open_scene(files, 6.0):
            pass
        assert caught.value.where == str(far)
