from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.range_server import serving_folder, status
from helpers.rasters import scene_mixed
from landslip.runtime.errors import ConnectionLostError, InputError, InputMissingError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_toml import KEYS, read_scene_fields, read_scene_file, scene_of
from landslip.runtime.scene.scene import open_scene


@pytest.fixture
def folder(tmp_path):
    for name in ("a.tif", "b.tif", "dem.tif", "hill.tif", "slope.tif", "clouds.tif", "snow.tif", "area.gpkg"):
        (tmp_path / name).touch()
    return tmp_path


def written(folder, text):
    path = folder / "SCENE.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_key_becomes_a_file_beside_it(folder):
    text = 'pre = "a.tif"\npost = "b.tif"\ndem = "dem.tif"\nmasks = ["clouds.tif", "snow.tif"]\naoi = "area.gpkg"\n'
    files = read_scene_file(written(folder, text))
    assert (files.pre, files.post, files.dem) == (folder / "a.tif", folder / "b.tif", folder / "dem.tif")
    assert files.masks == (folder / "clouds.tif", folder / "snow.tif")
    assert files.aoi == folder / "area.gpkg"


def test_ready_terrain_and_other_folders(folder):
    (folder / "sub").mkdir()
    absolute = (folder / "slope.tif").as_posix()
    text = f'pre = "../a.tif"\npost = "../b.tif"\nhillshade = "../hill.tif"\nslope = "{absolute}"\n'
    files = read_scene_file(written(folder / "sub", text))
    assert files.hillshade is not None
    assert files.hillshade.samefile(folder / "hill.tif")
    assert files.slope == folder / "slope.tif"
    assert files.masks == ()


def test_lists_addresses_and_how_to_read(folder):
    text = 'pre = ["a.tif", "https://host/b.tif?x=1"]\npost = ["b.tif"]\ndem = "s3://bucket/dem.tif"\n'
    text += 'masks = ["/vsizip/m.zip/m.tif"]\ncrs = "EPSG:32632"\nresolution = 10\n'
    files = read_scene_file(written(folder, text))
    assert files.pre == (folder / "a.tif", "https://host/b.tif?x=1")
    assert files.post == folder / "b.tif"
    assert files.dem == "s3://bucket/dem.tif"
    assert files.masks == ("/vsizip/m.zip/m.tif",)
    assert files.reading == ReadOptions(crs="EPSG:32632", resolution=10.0)


def test_dates_as_texts_and_as_dates_of_toml(folder):
    text = 'pre = "a.tif"\npost = "b.tif"\nmasks = "clouds.tif"\n'
    text += 'pre_date = "2018-08-24"\npost_date = 2018-09-11T01:27:01Z\n'
    named = read_scene_fields(written(folder, text))
    files = scene_of(named)
    assert (files.reading.pre_date, files.reading.post_date) == ("2018-08-24", "2018-09-11T01:27:01+00:00")
    assert files.masks == (folder / "clouds.tif",)
    # The date of a file that is replaced goes with it.
    reading = scene_of(named, {"post": Path("c.tif")}).reading
    assert (reading.pre_date, reading.post_date) == ("2018-08-24", None)
    reading = scene_of(named, {"post": Path("c.tif"), "reading": {"post_date": "2019-01-01"}}).reading
    assert reading.post_date == "2019-01-01"


def test_what_is_given_besides_replaces_and_masks_are_added(folder):
    text = 'pre = "a.tif"\nhillshade = "hill.tif"\nslope = "slope.tif"\nmasks = ["clouds.tif"]\nresolution = 10\n'
    named = read_scene_fields(written(folder, text))
    given = {"post": Path("p.tif"), "dem": Path("d.tif"), "masks": (Path("m.tif"),), "reading": {"crs": "EPSG:32632"}}
    files = scene_of(named, given)
    assert (files.pre, files.post, files.dem) == (folder / "a.tif", Path("p.tif"), Path("d.tif"))
    assert (files.hillshade, files.slope) == (None, None)
    assert files.masks == (folder / "clouds.tif", Path("m.tif"))
    assert files.reading == ReadOptions(crs="EPSG:32632", resolution=10.0)
    assert scene_of({"pre": Path("a"), "dem": Path("d")}, {"slope": Path("s")}).dem is None


def test_a_scene_file_on_a_server(folder):
    written(folder, 'pre = "a.tif"\npost = "sub/b.tif"\nmasks = ["https://other/m.tif"]')
    with serving_folder(folder) as server:
        files = read_scene_file(server.url("SCENE.toml?sig=secret"))
        assert (files.pre, files.post) == (server.url("a.tif"), server.url("sub/b.tif"))
        assert files.masks == ("https://other/m.tif",)
        with pytest.raises(InputMissingError, match=r"http://.*/gone\.toml does not exist \(404\)") as caught:
            read_scene_file(server.url("gone.toml?sig=secret"))
        assert "secret" not in str(caught.value)
        server.fail(then=status(500))
        with pytest.raises(InputError, match="the server answers with status 500"):
            read_scene_file(server.url("SCENE.toml"))
    with pytest.raises(ConnectionLostError, match=r"SCENE\.toml cannot be reached"):
        read_scene_file(server.url("SCENE.toml"))
    with pytest.raises(InputError, match="no address of a web server"):
        read_scene_file("s3://bucket/SCENE.toml")


@pytest.mark.skipif(os.name == "nt", reason="named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "SCENE.toml")
    with pytest.raises(InputError, match="no regular file"):
        read_scene_file(tmp_path / "SCENE.toml")


def test_what_it_names_can_be_opened(tmp_path):
    made = scene_mixed(tmp_path)
    text = 'pre = "pre.tif"\npost = "post.tif"\ndem = "dem.tif"\nmasks = ["mask.tif"]\n'
    files = read_scene_file(written(tmp_path, text))
    assert files == made
    with open_scene(files, 6.0) as scene:
        assert set(scene.read(scene.grid.rows(0, 1)).arrays) == {"pre", "post", "hillshade", "slope"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pre = before.tif", r"SCENE\.toml is not in TOML: .*line 1"),
        ('pre = "a.tif"\npre = "b.tif"', "is not in TOML"),
        ('before = "a.tif"', r"SCENE\.toml: the key 'before' is unknown\. It may hold: pre, post, dem"),
        ('mask = ["clouds.tif"]', "the key 'mask' is unknown. Did you mean 'masks'?"),
        ("pre = 3", 'SCENE.toml: pre is 3, not a file name such as "pre.tif"'),
        ("pre = []", r"pre is \[\], not a file name"),
        ('pre = ["a.tif", 2]', "pre is 2, not a file name"),
        ('aoi = ["a.tif"]', "aoi is .*, not a file name"),
        ('pre = "file://[a.tif"', "pre is .*, which is no address"),
        ('pre = "a.tif"\nresolution = "6"', "resolution is '6'; give a number"),
        ('pre = "a.tif"\nresolution = true', "resolution is True; give a number"),
        ('pre = "a.tif"\nresolution = inf', "resolution is inf; give a number"),
        ('pre = "a.tif"\nresolution = 5000', r"SCENE\.toml: A resolution of 5000 m is out of range"),
        ('pre = "a.tif"\ncrs = "http://127.0.0.1:9/x"', "CRS 'http.*' is unknown"),
        ('pre = "a.tif"\ncrs = 4326', "crs is 4326; give a text"),
        ('pre = "a.tif"\ncrs = "EPSG:nothing"', r"SCENE\.toml: The CRS 'EPSG:nothing' is unknown"),
        ('pre = ""', "pre is '', not a file name"),
        ('pre = "a.tif"\npre_date = "summer"', "'summer' is no date"),
        ("masks = [1]", "masks is 1, not a file name"),
        ('[pre]\nfile = "a.tif"', "pre is .*, not a file name"),
        (f"pre = 0x{'f' * 1900}", "pre is an integer of 7600 bits, not a file name"),
        (f"pre{'.a' * 900} = 1", "pre is .*, not a file name"),
        (f"pre = [{'1,' * 900}]", "pre is .*, not a file name"),
        (f"{'k' * 1900} = 1", "the key 'kk.* is unknown"),
        (f'pre = "{"x" * 300}"', "pre is .*, which does not exist"),
        ('pre = "a\\u001b[2J.tif"', r"pre is .*a\?\[2J\.tif, which does not exist"),
        (f"pre{'.a' * 16_000} = 1", "is too large"),
        ("", r"SCENE\.toml: An image is missing"),
        (
            'post = "b.tif"\ndem = "dem.tif"\nslope = "slope.tif"',
            r"SCENE\.toml: Give either an elevation model \(dem\)",
        ),
    ],
)
def test_what_is_wrong_is_said_with_file_and_key(folder, text, message):
    with pytest.raises(InputError, match=message) as caught:
        read_scene_file(written(folder, text))
    assert "--" not in str(caught.value)
    assert len(str(caught.value)) < 900
    assert str(caught.value).isprintable()


def test_a_file_that_is_not_there_is_named_with_its_key(folder):
    with pytest.raises(InputMissingError, match=r"SCENE\.toml: dem is .*gone\.tif, which does not exist"):
        read_scene_file(written(folder, 'pre = "a.tif"\ndem = "gone.tif"'))
    with pytest.raises(InputMissingError, match=r"OTHER\.toml does not exist"):
        read_scene_file(folder / "OTHER.toml")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"pre = '" + b"x" * (2 << 20) + b"'", b"II*\0" * 9])
def test_what_is_no_text_is_refused(tmp_path, content):
    path = tmp_path / "SCENE.toml"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"SCENE\.toml"):
        read_scene_file(path)


def test_a_folder_without_a_catalog_is_refused(tmp_path):
    with pytest.raises(InputMissingError, match=r"catalog\.json does not exist"):
        read_scene_file(tmp_path)


names = st.text(st.characters(exclude_characters="./\\"), max_size=5)  # nothing that is there
values = st.one_of(names, st.integers(), st.booleans(), st.lists(names, max_size=2))


@given(st.dictionaries(st.one_of(st.sampled_from(KEYS), st.text("abc-", min_size=1, max_size=4)), values, max_size=4))
def test_anything_else_is_an_input_error(tmp_path_factory, table):
    def toml(value):
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, list):
            return f"[{', '.join(map(toml, value))}]"
        return str(value) if isinstance(value, int) else f"'{value}'"

    lines = [f"'{key}' = {toml(value)}" for key, value in table.items()]
    path = written(tmp_path_factory.mktemp("scene"), "\n".join(lines).encode("utf-8", "replace").decode())
    with pytest.raises(InputError):
        read_scene_file(path)


pieces = st.sampled_from(
    ['"a.tif"', "pre", "post", " = ", "\n", "[", "]", ",", "crs", '"EPSG:', "{", "1e9", "nan", "{ "]
)


@given(st.one_of(st.binary(max_size=40), st.lists(pieces, max_size=12).map(lambda parts: "".join(parts).encode())))
def test_any_content_makes_a_scene_or_an_input_error(tmp_path_factory, content):
    folder = tmp_path_factory.getbasetemp() / "bytes"
    folder.mkdir(exist_ok=True)
    (folder / "a.tif").touch()
    for name in ("SCENE.toml", "SCENE"):
        (folder / name).write_bytes(content)
        try:
            read_scene_file(folder / name)
        except InputError as error:
            assert str(error).isprintable()  # noqa: PT017 - an error is not expected


@pytest.mark.parametrize("aoi", ['"-70.5,-20.25,-70.0,-20.0"', "[-70.5, -20.25, -70.0, -20.0]"])
def test_a_box_in_degrees_is_an_area_of_interest(folder, aoi):
    text = f'post = "a.tif"\naoi = {aoi}\n'
    assert read_scene_file(written(folder, text)).aoi == "-70.5,-20.25,-70.0,-20.0"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('post = "a.tif"\ndem_nodata = 0\n', r"SCENE\.toml: dem_nodata.* fill_voids .* give one with dem\."),
        (
            'post = "a.tif"\nmask_values = "3"\n',
            r"SCENE\.toml: mask_values says what masks mean: give one with masks\.",
        ),
        ('post = "a.tif"\naoi = "1,3,2,2"\n', r"SCENE\.toml: The area of interest 1,3,2,2 is no box in degrees"),
        ('post = "a.tif"\nrgb_range = [2, 1]\n', r"SCENE\.toml: .*: rgb_range 0 3000\."),
    ],
)
def test_what_is_wrong_is_said_in_the_keys_of_the_file(folder, text, words):
    with pytest.raises(InputError, match=words):
        read_scene_file(written(folder, text))
