"""Paths, addresses and virtual names are told apart, and secrets in addresses are not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from landslip.runtime.access.location import (
    container,
    gdal_name,
    is_networked,
    is_remote,
    located,
    several,
    shown,
    web_address,
    without_secrets,
)


@pytest.mark.parametrize(
    ("text", "remote", "name"),
    [
        ("a/b.tif", False, "a/b.tif"),
        ("/data/b.tif", False, "/data/b.tif"),
        ("C://data/b.tif", False, str(Path("C://data/b.tif"))),
        ("https://host/b.tif", True, "/vsicurl/https://host/b.tif"),
        ("HTTP://host/b.tif?x=1", True, "/vsicurl/HTTP://host/b.tif?x=1"),
        ("s3://bucket/b.tif", True, "s3://bucket/b.tif"),
        ("/vsizip/a.zip/b.tif", True, "/vsizip/a.zip/b.tif"),
    ],
)
def test_what_a_user_writes(text, remote, name):
    location = located(text)
    assert is_remote(location) == remote
    assert isinstance(location, str if remote else Path)
    assert gdal_name(location) == name


def test_relative_paths_are_relative_to_a_folder(tmp_path):
    assert located("b.tif", tmp_path) == tmp_path / "b.tif"
    assert located(str(tmp_path / "c.tif"), Path("elsewhere")) == tmp_path / "c.tif"
    assert located("s3://bucket/b.tif", tmp_path) == "s3://bucket/b.tif"


HELD = {
    'NETCDF:"/data/f.nc":slope': (Path("/data/f.nc"), False),
    "NETCDF:/data/f.nc:slope": (Path("/data/f.nc"), False),
    "netcdf:f.nc:slope": (Path("f.nc"), False),
    "HDF5:/data/f.h5://grid/slope": (Path("/data/f.h5"), False),
    "HDF5:f.h5://slope": (Path("f.h5"), False),
    "GPKG:f.gpkg:before": (Path("f.gpkg"), False),
    "GTIFF_DIR:2:f.tif": (Path("f.tif"), False),
    "SENTINEL2_L2A:MTD_MSIL2A.xml:10m:EPSG_32654": (Path("MTD_MSIL2A.xml"), False),
    'ZARR:"/data/f.zarr":/slope': (Path("/data/f.zarr"), False),
    'NETCDF:"/vsicurl/https://host/f.nc":slope': ('"/vsicurl/https://host/f.nc":slope', True),
}


@pytest.mark.parametrize("text", HELD)
def test_a_raster_in_a_container(text):
    location, (holder, networked) = located(text), HELD[text]
    assert (location, is_remote(location)) == (text, True)
    assert container(location) == holder
    assert is_networked(location) == networked
    assert container(Path("f.nc")) == Path("f.nc")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('NETCDF:"f.nc":slope', 'NETCDF:"/folder/f.nc":slope'),
        ("NETCDF:f.nc:slope", "NETCDF:/folder/f.nc:slope"),
        ("HDF5:f.h5://slope", "HDF5:/folder/f.h5://slope"),
        ("GTIFF_DIR:1:f.tif", "GTIFF_DIR:1:/folder/f.tif"),
        ("NETCDF:/data/f.nc:slope", "NETCDF:/data/f.nc:slope"),
        ('NETCDF:"/vsicurl/https://host/f.nc":slope', 'NETCDF:"/vsicurl/https://host/f.nc":slope'),
    ],
)
def test_a_path_in_the_name_of_a_raster_is_relative_to_a_folder(text, name):
    assert located(text, Path("/folder")) == name


def test_none_one_or_several():
    assert several(None) == ()
    assert several(Path("a")) == (Path("a"),)
    assert several("https://host/a") == ("https://host/a",)
    assert several((Path("a"), "s3://b")) == (Path("a"), "s3://b")


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ("https://user:secret@host:80/a/b.tif?sig=secret#x", "https://host:80/a/b.tif"),
        ("/vsicurl/https://user:secret@host/b.tif?sig=secret", "/vsicurl/https://host/b.tif"),
        ("/vsizip/a.zip/b.tif", "/vsizip/a.zip/b.tif"),
        (Path("a?b@c.tif"), "a?b@c.tif"),
        ("/vsicurl?header.Authorization=secret&url=https%3A%2F%2Fhost%2Fb.tif%3Fsig%3Dsecret", "https://host/b.tif"),
        ("/vsicurl?header.Authorization=secret", "/vsicurl?..."),
        ("zip+https://user:secret@host/a.zip!b.tif", "zip+https://host/a.zip!b.tif"),
        ("https://[not-an-address/b.tif?sig=secret", "https://[not-an-address/b.tif"),
        ((Path("a.tif"), "s3://bucket/b.tif"), "a.tif, s3://bucket/b.tif"),
        (None, ""),
    ],
)
def test_what_is_shown_holds_no_secrets(location, text):
    assert shown(location) == text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("on https://u:secret@h/a.tif?sig=secret: 503", "on https://h/a.tif 503"),
        ("a.tif?sig=secret, band 1: failed", "a.tif, band 1: failed"),
        ("a.tif?sig=sec,ret&x=y.", "a.tif."),
        ("`/vsicurl/https://h/a.tif?sig=secret' does not exist", "`/vsicurl/https://h/a.tif' does not exist"),
        ("open /vsicurl?header.x=secret&url=https%3A%2F%2Fh%2Fa.tif now", "open https://h/a.tif now"),
        ("rows 1 to 2? No.", "rows 1 to 2? No."),
    ],
)
def test_what_a_library_says_holds_no_secrets(said, text):
    assert without_secrets(said) == text


@pytest.mark.parametrize(
    ("location", "networked", "address"),
    [
        ("https://host/b.tif", True, "https://host/b.tif"),
        ("/vsicurl/http://host/b.tif", True, "http://host/b.tif"),
        ("/vsicurl?max_retry=1&url=https%3A%2F%2Fhost%2Fb.tif", True, "https://host/b.tif"),
        ("/vsizip//vsicurl/https://host/a.zip/b.tif", True, None),
        ("/vsizip/a.zip/b.tif", False, None),
        ("/vsis3/bucket/b.tif", True, None),
        ("s3://bucket/b.tif", True, None),
        (Path("https/b.tif"), False, None),
    ],
)
def test_what_lies_behind_a_connection(location, networked, address):
    assert is_networked(location) == networked
    assert web_address(location) == address


def test_what_is_relative_to_an_address_or_is_a_file_address(tmp_path):
    assert located("../b.tif", "https://host/a/SCENE.toml") == "https://host/b.tif"
    assert located("https://other/b.tif", "https://host/a/SCENE.toml") == "https://other/b.tif"
    assert located((tmp_path / "b c.tif").as_uri()) == tmp_path / "b c.tif"
