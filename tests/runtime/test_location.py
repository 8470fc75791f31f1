"""Paths, addresses and virtual names are told apart, and secrets in addresses are not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from landslip.runtime.location import gdal_name, is_remote, located, several, shown


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
        ((Path("a.tif"), "s3://bucket/b.tif"), "a.tif, s3://bucket/b.tif"),
        (None, ""),
    ],
)
def test_what_is_shown_holds_no_secrets(location, text):
    assert shown(location) == text
