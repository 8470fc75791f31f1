from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.rasters import scene_mixed
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.scene import open_scene
from landslip.runtime.scene_file import KEYS, read_scene_file


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


def test_what_it_names_can_be_opened(tmp_path):
    made = scene_mixed(tmp_path)
    text = 'pre = "pre.tif"\npost = "post.tif"\ndem = "dem.tif"\nmasks = ["mask.tif"]\n'
    files = read_scene_file(written(tmp_path, text))
    assert files == made
    with open_scene(files, 6.0) as scene:
        assert set(scene.bands) == {"pre", "post", "hillshade", "slope"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pre = before.tif", r"SCENE\.toml is not in TOML: .*line 1"),
        ('pre = "a.tif"\npre = "b.tif"', "is not in TOML"),
        ('before = "a.tif"', r"SCENE\.toml: the key 'before' is unknown\. It may hold: pre, post, dem"),
        ('mask = ["clouds.tif"]', "the key 'mask' is unknown. Did you mean 'masks'?"),
        ("pre = 3", 'SCENE.toml: pre is 3, not a file name such as "pre.tif"'),
        ('pre = ["a.tif"]', "pre is .*, not a file name"),
        ('pre = ""', "pre is '', not a file name"),
        ('masks = "clouds.tif"', "masks is 'clouds.tif', not a list of file names"),
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


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
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
