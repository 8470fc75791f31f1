"""Files that hold several rasters: each is read by its name, and the file alone is asked about."""

from __future__ import annotations

import tarfile
import zipfile
from dataclasses import replace

import h5py
import numpy as np
import pytest
import rasterio
import rasterio.shutil

from helpers.images import read_all
from helpers.rasters import elevation, rgb, scene_mixed, write
from landslip.runtime.access.location import located
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.scene.scene import open_scene


@pytest.fixture
def files(tmp_path):
    return scene_mixed(tmp_path, 600.0, 700.0)


def net_cdf(folder, first, *rest, **where):
    """Each raster a variable: Band1, Band2 …"""
    bands = np.concatenate([each if each.ndim == 3 else each[None] for each in (first, *rest)])
    rasterio.shutil.copy(write(folder / "bands.tif", bands, **where), folder / "file.nc", driver="netCDF")
    return folder / "file.nc"


def geopackage(folder, tables):
    for name, values in tables.items():
        path = folder / "file.gpkg"
        options = {"RASTER_TABLE": name, "APPEND_SUBDATASET": path.exists()}
        rasterio.shutil.copy(write(folder / f"{name}.tif", values, 10.0), path, driver="GPKG", **options)
    return folder / "file.gpkg"


def test_a_variable_of_a_netcdf_is_the_elevation(tmp_path, files):
    with rasterio.open(files.dem) as dataset:
        heights = dataset.read()
        left, top = dataset.transform.c, dataset.transform.f
    holder = net_cdf(tmp_path, np.ones_like(heights), heights, resolution=30.0, left=left, top=top)
    _, expected = read_all(files)
    for name in (f'NETCDF:"{holder}":Band2', f"netcdf:{holder}:Band2"):
        opened, patch = read_all(replace(files, dem=located(name)))
        np.testing.assert_array_equal(patch.arrays["slope"], expected.arrays["slope"])
        assert holder in opened.parts


def test_a_table_of_a_geopackage_is_an_image(tmp_path, files):
    with rasterio.open(files.pre) as dataset:
        before = dataset.read()
    holder = geopackage(tmp_path, {"BEFORE": before, "AFTER": 255 - before})
    _, expected = read_all(files)
    _, patch = read_all(replace(files, pre=f"GPKG:{holder}:BEFORE"))
    inside = patch.valid & expected.valid
    assert inside.mean() > 0.5
    # Tiles in a GeoPackage are JPEG or PNG.
    assert np.abs(patch.arrays["pre"].astype(int) - expected.arrays["pre"])[:, inside].mean() < 10


@pytest.mark.parametrize("role", ["pre", "dem", "masks", "aoi"])
@pytest.mark.parametrize("kind", ["nc", "h5", "gpkg"])
def test_several_rasters_in_a_file_are_listed(tmp_path, files, role, kind):
    if kind == "nc":
        holder = net_cdf(tmp_path, elevation(30, 30), elevation(30, 30), resolution=10.0)
    elif kind == "gpkg":
        holder = geopackage(tmp_path, {"Band1": rgb(30, 30), "Band2": rgb(30, 30)})
    else:
        holder = tmp_path / "file.h5"
        with h5py.File(holder, "w") as file:
            file["Band1"], file["Band2"] = elevation(30, 30), elevation(30, 30)
    given = (holder,) if role == "masks" else holder
    with (
        pytest.raises(
            InputError, match=rf"(?i)file\.{kind} holds 2 rasters\. Give the one .*Band1, .*:.*Band2"
        ) as caught,
        open_scene(replace(files, **{role: given}), 6.0),
    ):
        pass
    name = str(caught.value).split("by its name: ")[1].split(", ")[0]
    assert located(name) == name


def test_a_container_that_is_not_there(tmp_path, files):
    name = f'NETCDF:"{tmp_path / "none.nc"}":slope'
    with (
        pytest.raises(InputMissingError, match=r"elevation model: .*none\.nc does not exist"),
        open_scene(replace(files, dem=name), 6.0),
    ):
        pass
    holder = net_cdf(tmp_path, elevation(30, 30), elevation(30, 30), resolution=10.0)
    with (
        pytest.raises(InputError, match="cannot be read as a raster"),
        open_scene(replace(files, dem=f'NETCDF:"{holder}":slope'), 6.0),
    ):
        pass


def test_of_a_tiff_of_several_pages_the_first_is_read_and_that_is_said(tmp_path, files, caplog):
    with rasterio.open(files.pre) as dataset:
        before = dataset.read()
    pages = write(tmp_path / "pages.tif", before, 10.0)
    write(pages, 255 - before, 10.0, APPEND_SUBDATASET="YES")
    _, expected = read_all(files)
    _, patch = read_all(replace(files, pre=pages))
    np.testing.assert_array_equal(patch.arrays["pre"], expected.arrays["pre"])
    assert "holds 2 rasters, of which the first is read. Name another one as GDAL does: GTIFF_DIR:2:" in caplog.text


def test_rasters_in_a_zip_are_named_as_gdal_names_them(tmp_path, files):
    """ASTER's elevation comes with a raster of counts in the same archive."""
    archive, names = tmp_path / "ASTGTMV003_N46E010.zip", ("N46E010_dem.tif", "N46E010_num.tif")
    with zipfile.ZipFile(archive, "w") as opened:
        for name in (*names, "readme.pdf"):
            opened.write(files.dem, name)
    found = ", ".join(f"/vsizip/{archive}/{name}" for name in names)
    with (
        pytest.raises(InputError, match=rf"elevation model: .* It is an archive\. Unpack it, or .* does: {found}\."),
        open_scene(replace(files, dem=archive), 6.0),
    ):
        pass
    _, expected = read_all(files)
    _, patch = read_all(replace(files, dem=located(f"/vsizip/{archive}/{names[0]}")))
    np.testing.assert_array_equal(patch.arrays["slope"], expected.arrays["slope"])


def test_an_archive_of_another_kind_is_to_be_unpacked(tmp_path, files):
    archive = tmp_path / "LC09.tar"
    with tarfile.open(archive, "w") as opened:
        opened.add(files.pre, "B4.tif")
    with (
        pytest.raises(InputError, match=r"It is an archive\. Unpack it, or name the raster in it as GDAL does\."),
        open_scene(replace(files, pre=archive), 6.0),
    ):
        pass


def test_a_folder_that_is_no_product_is_said_to_be_one(tmp_path, files):
    folder = tmp_path / "order"
    folder.mkdir()
    (folder / "before.tif").write_bytes(files.pre.read_bytes())
    words = r"pre-event image: .*order cannot be read as a raster .*It is a folder, and no product of .* in it\. Give"
    with pytest.raises(InputError, match=words), open_scene(replace(files, pre=folder), 6.0):
        pass
    with (
        pytest.raises(InputError, match=r"It is a folder\. Give the files that are meant, such as .*order/\*\.tif\."),
        open_scene(replace(files, dem=folder), 6.0),
    ):
        pass
