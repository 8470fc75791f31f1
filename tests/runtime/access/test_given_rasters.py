"""Open datasets and arrays as locations: names where there are some, copies within bounds where not."""

from __future__ import annotations

import pickle
import threading
import zipfile
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

import landslip
from helpers.range_server import serving_folder
from helpers.rasters import rgb, write
from landslip.runtime.access import memory_rasters
from landslip.runtime.access.given_rasters import given_location, given_locations
from landslip.runtime.rasters.raster import Raster

PROFILE = {
    "driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8", "crs": "EPSG:32632",
    "transform": rasterio.Affine(10, 0, 0, 0, -10, 0),
}  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "pre.tif", rgb(40, 50), 10.0)


def test_a_dataset_of_a_file_is_the_file(path):
    with rasterio.open(path) as dataset:
        location = given_location(dataset, "pre")
    assert location == path
    assert isinstance(location, Path)
    with rasterio.open(path, num_threads=2) as dataset:
        assert given_location(dataset, "pre") == path


def test_a_dataset_in_an_archive_is_its_name(path, tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(path, "pre.tif")
    name = f"/vsizip/{tmp_path}/all.zip/pre.tif"
    with rasterio.open(name) as dataset:
        assert given_location(dataset, "pre") == name


def test_a_dataset_that_its_name_does_not_open_is_copied(path):
    with rasterio.open(path) as dataset:
        values = dataset.read()
        path.unlink()
        gone = given_location(dataset, "pre")
        write(path, values[:, :30], 10.0)
        other = given_location(dataset, "pre")
    for location in (gone, other):
        with Raster(location, "pre-event image") as raster:
            assert (raster.read(rasterio.windows.Window(0, 0, 50, 40), (1, 2, 3)).values == values).all()


def test_overviews_and_what_is_warped_are_copied_as_they_are(path):
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2])
    with rasterio.open(path, overview_level=0) as dataset:
        assert given_location(dataset, "pre").shape == (3, 20, 25)
    with rasterio.open(path) as source, WarpedVRT(source, crs="EPSG:3857", add_alpha=True) as warped:
        location = given_location(warped, "pre")
        expected = warped.read()
    with Raster(location, "pre-event image") as raster:
        assert raster.alpha
        assert raster.crs == rasterio.CRS.from_epsg(3857)
        window = rasterio.windows.Window(0, 0, raster.width, raster.height)
        assert (raster.read(window, (1, 2, 3, 4)).values == expected).all()


def test_a_warped_dataset_with_a_whole_number_as_nodata_is_copied(path):
    with rasterio.open(path) as source, WarpedVRT(source, crs="EPSG:3857", nodata=0) as warped:
        location = given_location(warped, "pre")
        expected = warped.read()
    with Raster(location, "pre-event image") as raster:
        assert raster.nodata == 0
        window = rasterio.windows.Window(0, 0, raster.width, raster.height)
        assert (raster.read(window, (1, 2, 3)).values == expected).all()


def test_a_dataset_that_cannot_be_read_is_told(path, tmp_path):
    with rasterio.open(path) as closed:
        pass
    with pytest.raises(landslip.UsageError, match="`dem` is a dataset that is closed") as error:
        given_location(closed, "dem")
    assert error.value.option == "dem"
    with (
        rasterio.open(tmp_path / "new.tif", "w", **PROFILE) as writing,
        pytest.raises(landslip.UsageError, match="open for writing alone") as error,
    ):
        given_locations([path, writing], "dem")
    assert error.value.option == "dem"


def test_what_is_no_raster_is_told():
    with pytest.raises(landslip.UsageError, match=r"Give landslip\.RasterArray") as error:
        given_locations(np.zeros((3, 4, 4)), "pre")
    assert error.value.option == "pre"
    with pytest.raises(landslip.UsageError, match="no raster"):
        given_locations(5, "masks")
    with pytest.raises(landslip.UsageError, match="no file name"):
        landslip.SceneFiles(post=["a.tif", 5])


def test_a_copy_that_there_is_no_memory_for_is_not_begun(path, monkeypatch):
    monkeypatch.setattr(memory_rasters, "free_bytes", lambda: 6000)
    with (
        rasterio.open(path, "r+") as dataset,
        pytest.raises(landslip.ResourceError, match=r"a copy of the dataset takes 0 MB") as error,
    ):
        given_location(dataset, "pre")
    assert error.value.option == "pre"
    assert error.value.retryable


def test_a_damaged_dataset_is_told(tmp_path):
    path = write(tmp_path / "a.tif", rgb(200, 200), 10.0, compress="deflate")
    content = path.read_bytes()
    with MemoryFile(content[: len(content) // 2]) as memory, memory.open() as source, WarpedVRT(source) as warped:
        with pytest.raises(landslip.InputError, match="`post`: the dataset cannot be read") as error:
            given_location(warped, "post")
        assert error.value.option == "post"


def test_other_threads_read_what_one_thread_gave(path):
    with rasterio.open(path, "r+") as dataset:
        location = given_location(dataset, "pre")
    found = []

    def read():
        with Raster(location, "pre-event image") as raster:
            found.append(raster.read(rasterio.windows.Window(0, 0, 50, 40), (1,)).values)

    threads = [threading.Thread(target=read) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all((values == found[0]).all() for values in found)


def test_what_lies_in_memory_stays_in_its_process(path):
    with rasterio.open(path, "r+") as dataset:
        files = landslip.SceneFiles(pre=dataset)
    assert deepcopy(files.pre) is files.pre
    with pytest.raises(landslip.UsageError, match="cannot be sent to another"):
        pickle.dumps(files)


def test_a_dataset_of_an_address_is_the_address(path):
    with serving_folder(path.parent) as server:
        address = server.url("pre.tif")
        with rasterio.open(address) as dataset:
            assert given_location(dataset, "pre") == address
