"""Scenes from STAC Items: what is taken for what, what is refused, and that nothing in a file surprises the reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import mixing_engine
from helpers.range_server import serving_folder
from helpers.rasters import scene_mixed
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs.scene_toml import read_scene_fields, read_scene_file
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

FILES = ("a.tif", "b.tif", "dem.tif", "dem2.tif", "hill.tif", "slope.tif", "clouds.tif", "snow.tif", "area.gpkg")
RGB = [{"eo:common_name": name} for name in ("red", "green", "blue")]


@pytest.fixture
def folder(tmp_path):
    for name in FILES:
        (tmp_path / name).touch()
    return tmp_path


def item(name, assets, time="2025-06-01T10:00:00Z", **more):
    made = {"type": "Feature", "stac_version": "1.1.0", "id": name, "geometry": None, "links": []}
    properties = {"datetime": time, **more.pop("properties", {})}
    return {**made, "properties": properties, "assets": assets, **more}


def asset(href, *roles, **more):
    return {"href": href, "roles": list(roles), **more}


def image(name, href, time="2025-06-01T10:00:00Z", **more):
    return item(name, {"visual": asset(href, "visual")}, time, **more)


def collection(*items):
    return {"type": "FeatureCollection", "features": list(items)}


def written(folder, content, name="item.json"):
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def fields(folder, content):
    """What is taken, with names instead of paths."""

    def name(value):
        return tuple(map(name, value)) if isinstance(value, tuple) else getattr(value, "name", value)

    found = read_scene_fields(written(folder, content))
    return {
        key: name(value) for key, value in found.items() if value and key not in ("reading", "sources", "item_granules")
    }


def test_times_of_items_are_those_of_the_images(folder):
    found = read_scene_fields(written(folder, collection(AFTER, BEFORE)))
    assert found["reading"] == {"pre_date": "2025-06-01T10:00:00+00:00", "post_date": "2025-06-11T10:00:00+00:00"}


BEFORE, AFTER = image("before", "a.tif", "2025-06-01T10:00:00Z"), image("after", "b.tif", "2025-06-11T10:00:00Z")
PAIR = {"pre": "a.tif", "post": "b.tif"}


def test_one_item_that_says_what_is_what(folder):
    own = {
        "x": asset("a.tif", **{"landslip:role": "pre"}),
        "landslip:post": asset("b.tif"),
        "z": asset("dem.tif", "data", "landslip:dem"),
        "m1": asset("clouds.tif", "landslip:mask"),
        "m2": asset("snow.tif", **{"landslip:role": "mask"}),
        "area": asset("area.gpkg", **{"landslip:role": "aoi"}),
        "other": asset("hill.tif", "data"),
    }
    files = read_scene_file(written(folder, item("event", own)))
    assert (files.pre, files.post, files.dem) == (folder / "a.tif", folder / "b.tif", folder / "dem.tif")
    assert files.masks == (folder / "clouds.tif", folder / "snow.tif")
    assert files.aoi == folder / "area.gpkg"


@pytest.mark.parametrize("wrap", [collection, lambda *items: list(items)])
@pytest.mark.parametrize("order", [(BEFORE, AFTER), (AFTER, BEFORE)])
def test_of_two_images_the_earlier_is_from_before(folder, wrap, order):
    assert fields(folder, wrap(*order)) == PAIR


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2025-06-01T10:00:00Z", "2025-06-01T10:00:00.5Z"),
        ("2025-06-01T10:00:00+02:00", "2025-06-01T09:00:00Z"),
        ("2025-06-01T23:59:60Z", "2025-06-02T00:00:00Z"),
        ("2025-06-01t10:00:00z", "2025-06-01T09:30:00.123456789-01:00"),
    ],
)
def test_times_are_compared_as_times(folder, first, second):
    assert fields(folder, [image("2", "b.tif", second), image("1", "a.tif", first)]) == PAIR


def test_a_span_of_time_counts_from_its_start(folder):
    span = {"start_datetime": "2025-06-20T00:00:00Z", "end_datetime": "2025-06-30T00:00:00Z"}
    after = image("after", "b.tif", None, properties=span)
    assert fields(folder, collection(after, BEFORE)) == PAIR


def test_items_that_say_which_they_are(folder):
    later, same = image("x", "a.tif", "2030-01-01T00:00:00Z"), image("y", "b.tif", "2030-01-01T00:00:00Z")
    later["properties"]["landslip:role"] = "pre"
    assert fields(folder, [same, later]) == PAIR
    same["properties"]["landslip:role"] = "post"
    assert fields(folder, [image("z", "dem.tif"), same, later]) == PAIR


def test_items_that_are_marked_as_the_same_image_are_its_tiles(folder):
    bands = [{"eo:common_name": name} for name in ("blue", "green", "red", "nir")]
    names = (("pre", "a.tif"), ("post", "b.tif"), ("pre", "dem.tif"), ("post", "dem2.tif"))
    items = [
        item(href, {"analytic": asset(href, bands=bands)}, properties={"landslip:role": role}) for role, href in names
    ]
    assert fields(folder, items) == {"pre": ("a.tif", "dem.tif"), "post": ("b.tif", "dem2.tif")}
    assert read_scene_fields(written(folder, items))["reading"]["bands"] == (3, 2, 1)
    apart = {f"B0{k}": asset(f"{name}.tif", bands=[RGB[k]]) for k, name in enumerate(("a", "b", "dem"))}
    for several in ([items[0], items[1]], [items[1], items[0]]):
        several.insert(1, item("apart", apart, properties={"landslip:role": "pre"}))
        with pytest.raises(InputError, match="marked as the image pre, and one of them has its colours in three files"):
            read_scene_file(written(folder, several))


@pytest.mark.parametrize(
    "assets",
    [
        {"visual": asset("a.tif", "data"), "visual-jp2": asset("b.tif", "visual")},
        {"v": asset("a.tif", "visual"), "thumbnail": asset("b.tif", "thumbnail", "visual")},
        {"analytic": asset("a.tif", "data", bands=[*RGB, {"eo:common_name": "nir"}]), "ndvi": asset("b.tif", "data")},
        {
            "analytic": asset(
                "a.tif", **{"eo:bands": [{"name": "1", "common_name": n} for n in ("red", "green", "blue")]}
            )
        },
    ],
)
def test_the_image_in_natural_colours_is_found(folder, assets):
    assert fields(folder, [item("before", assets), AFTER]) == PAIR


def test_three_bands_in_three_files(folder):
    single = {f"B0{k}": asset(f"{name}.tif", bands=[RGB[k]]) for k, name in enumerate(("a", "b", "dem"))}
    assert fields(folder, [item("before", single), AFTER])["pre"] == ("a.tif", "b.tif", "dem.tif")


@pytest.mark.parametrize(
    "terrain",
    [
        [item("cop", {"data": asset("dem.tif", "data")}, collection="cop-dem-glo-30")],
        [item("Copernicus_DEM_N45", {"data": asset("dem.tif"), "other": asset("a.tif")})],
        [item("any", {"elevation": asset("dem.tif")})],
        [item("any", {"x": asset("dem.tif", "dem"), "thumbnail": asset("a.tif", "dem", "thumbnail")})],
    ],
)
def test_the_elevation_model_is_found(folder, terrain):
    assert fields(folder, [BEFORE, AFTER, *terrain]) == {**PAIR, "dem": "dem.tif"}


def test_tiles_of_elevation_and_ready_terrain(folder):
    tiles = [item(f"t{k}", {"dem": asset(name)}) for k, name in enumerate(("dem.tif", "dem2.tif"))]
    assert fields(folder, [BEFORE, AFTER, *tiles])["dem"] == ("dem.tif", "dem2.tif")
    ready = item("terrain", {"hillshade": asset("hill.tif"), "s": asset("slope.tif", "slope")})
    assert fields(folder, [BEFORE, AFTER, ready]) == {**PAIR, "hillshade": "hill.tif", "slope": "slope.tif"}


def test_masks_of_clouds_and_snow_are_taken_and_others_not(folder, caplog):
    before = image("before", "a.tif", "2025-06-01T10:00:00Z")
    before["assets"] |= {"c": asset("clouds.tif", "cloud", "cloud-shadow"), "udm": asset("hill.tif", "data-mask")}
    after = image("after", "b.tif", "2025-06-11T10:00:00Z")
    after["assets"] |= {"s": asset("snow.tif", "snow-ice")}
    assert fields(folder, [before, after]) == {**PAIR, "masks": ("clouds.tif", "snow.tif")}
    assert "before/udm: a data-mask, whose values can mean either, is not used" in caplog.text


def test_where_relative_addresses_lie(folder):
    link = [{"rel": "root", "href": "../x.json"}, {"rel": "self", "href": "https://host/items/after.json"}]
    after = image("after", "../data/c.tif?v=1", "2025-06-11T10:00:00Z", links=link)
    before = image("before", "a.tif", "2025-06-01T10:00:00Z", links=link)  # there is a copy of it
    found = read_scene_fields(written(folder, collection(before, after)))
    assert (found["pre"], found["post"]) == (folder / "a.tif", "https://host/data/c.tif?v=1")
    assert fields(folder, [image("1", "s3://bucket/a.tif"), AFTER])["pre"] == "s3://bucket/a.tif"
    assert fields(folder, [image("1", (folder / "a.tif").as_uri()), AFTER])["pre"] == "a.tif"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"type": "Collection", "links": []}, r"item\.json links to no Items: it is a Collection"),
        ({"type": "FeatureCollection", "features": 3}, "not a STAC Item"),
        ([], "holds 0 Items"),
        ([3], "an Item should be an object of JSON, and is 3"),
        (item("one", None), "one: the assets should be an object of JSON, and is None"),
        (item("one", {}), "holds 0 Items with an image in natural colours, and two are needed.* It has no assets"),
        (item("one", {"B04": asset("a.tif")}), r"Its assets are one/B04\. Mark the right ones with \"landslip:role\""),
        (BEFORE, "holds 1 Item with an image"),
        ([BEFORE, AFTER, image("third", "dem.tif")], r"holds 3 Items .* before/visual, after/visual, third/visual"),
        ([BEFORE, image("same", "b.tif")], "before is of 2025-06-01 10:00:00.* and same is|same of 2025-06-01"),
        ([BEFORE, image("when", "b.tif", "in June")], "when of unknown time, so which is before"),
        ([BEFORE, image("when", "b.tif", "2025-13-01T10:00:00Z")], "when of unknown time"),
        (item("one", {"x": {"roles": []}}), "asset x of one has the href None, which is no address"),
        (item("one", {"x": asset("a\0.tif")}), "which is no address"),
        (item("one", {"x": asset("file://[a.tif")}), "asset x of one has the href .*, which is no address"),
        (item("one", {"x": asset("x" * 5000)}), "which is no address"),
        (item("one", {"x": asset("a.tif", "landslip:before")}), "marked with 'landslip:before', which is no role"),
        (item("one", {"x": asset("a.tif", "landslip:pre", "landslip:dem")}), "is marked as dem and pre"),
        (item("one", {}, properties={"landslip:role": "dem"}), "one is marked as dem. An Item can be pre or post"),
        (
            item(
                "one", {name: asset("a.tif", f"landslip:{r}") for name, r in (("n", "pre"), ("p", "aoi"), ("q", "aoi"))}
            ),
            "one/p and one/q are all given as aoi",
        ),
        (item("one", {"a": asset("a.tif", "visual"), "b": asset("b.tif", "visual")}), "one/a and one/b are all images"),
        ([BEFORE, AFTER, item("d", {"dem": asset("a.tif"), "elevation": asset("b.tif")})], "are all elevation models"),
    ],
)
def test_what_is_not_clear_is_said(folder, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read_scene_file(written(folder, content))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1200


def test_a_file_that_is_not_there_is_named_with_its_asset(folder):
    with pytest.raises(InputMissingError, match=r"after/visual is .*gone\.tif, which does not exist"):
        read_scene_file(written(folder, [BEFORE, image("after", "gone.tif", "2026-01-01T00:00:00Z")]))


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b'{"type": ' + b"[" * 100_000,
        b'{"a": ' * 60 + b"1" + b"}" * 60,
        b'{"type": "Feature", "id": ' + b"9" * 10_000 + b"}",
        b'{"type": "\xff"}',
        b'{"type": "Feature", "assets": ' + b" " * (17 << 20) + b"{}}",
        b"[" + b"{}," * 600 + b"{}]",
        b'{"type": "Feature", "assets": {' + b",".join(b'"%d": {}' % k for k in range(600)) + b"}}",
    ],
)
def test_what_is_no_item_is_refused_soon(tmp_path, content):
    path = tmp_path / "item.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"item\.json") as caught:
        read_scene_file(path)
    assert len(str(caught.value)) < 600


def test_an_item_on_a_server_makes_the_same_map(tmp_path):
    scene_mixed(tmp_path, 600, 700)
    items = [
        image("after", "./post.tif", "2025-06-11T10:00:00Z"),
        item("before", {"visual": asset("pre.tif"), "c": asset("mask.tif", "cloud")}),
        item("terrain", {"dem": asset("dem.tif")}),
    ]
    written(tmp_path, collection(*items))
    with serving_folder(tmp_path) as server:
        remote = read_scene_file(server.url("item.json"))
        assert remote.dem == server.url("dem.tif")
        made = {}
        local = read_scene_file(tmp_path / "item.json")  # which gives the dates that confidence.tif tells
        for name, scene in {"local": local, "remote": remote}.items():
            map_scene(MapRequest(tmp_path / "none.onnx", scene, tmp_path / name), engine=mixing_engine())
            made[name] = (tmp_path / name / "confidence.tif").read_bytes()
    assert made["remote"] == made["local"]


odd = st.sampled_from(["gone.tif", "../x", "//[", "\ud800", "/vsizip/a.zip", "file://[", "x" * 5000, "", None])
words = st.sampled_from(
    ["pre", "post", "visual", "cloud", "dem", "slope", "data-mask", "landslip:pre", "landslip:x", ""]
)
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words, odd, st.text(max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(words, inner, max_size=3)),
    max_leaves=6,
)


def mostly(usual, rare=junk, of=12):
    """One time in some, something else."""
    return st.integers(1, of).flatmap(lambda k: rare if k == 1 else usual)


def table(**entries):
    """A table in which each entry is nearly always as it should be."""
    return st.fixed_dictionaries({key: mostly(value, of=25) for key, value in entries.items()})


names = mostly(st.sampled_from(["a.tif", "b.tif", "https://h/a.tif", "s3://b/a.tif"]), odd)
bands = st.sampled_from([[], RGB, RGB[:1], RGB[1:2], RGB[2:]])
assets = st.one_of(
    table(href=names, roles=st.lists(words, max_size=2), bands=bands),
    table(href=names, roles=st.just([]), **{"landslip:role": mostly(words, st.sampled_from(["pre", "post"]), of=3)}),
)
times = st.one_of(
    st.datetimes().map(lambda time: f"{time.isoformat()}Z"),
    st.sampled_from(["2025-06-02T10:00:00+99:99", "0001-01-01T00:00:00+23:00", "soon"]),
)
items = table(
    type=st.just("Feature"),
    id=st.sampled_from(["a", "b", "cop-dem", "\x1b[2J"]),
    collection=words,
    properties=table(datetime=times, start_datetime=times, **{"landslip:role": mostly(st.none(), words, of=4)}),
    assets=st.dictionaries(mostly(words, st.text(max_size=3)), assets, min_size=1, max_size=3),
    links=st.lists(table(rel=st.just("self"), href=names), max_size=2),
)
texts = mostly(
    st.one_of(
        items,
        st.lists(items, min_size=1, max_size=3),
        table(type=st.just("FeatureCollection"), features=st.lists(items, min_size=1, max_size=3)),
    )
)


@given(texts, st.integers(0, 400))
def test_anything_makes_a_scene_or_an_input_error(tmp_path_factory, content, cut):
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    for name in ("a.tif", "b.tif"):
        (folder / name).touch()
    text = json.dumps(content)
    for each in (text, text[:cut]) if cut < 40 else (text,):
        path = folder / "item.json"
        path.write_text(each, encoding="utf-8")
        try:
            files = read_scene_file(path)
        except InputError as error:
            assert str(error).isprintable()  # noqa: PT017 - an error is not expected
        else:
            assert all(isinstance(location, Path | str) for _, location in files.roles())


NODATA = [{"raster:bands": [{"nodata": 0}] * 3}, {"bands": [{"nodata": 0}] * 3}, {"nodata": 0}]


@pytest.mark.parametrize("said", NODATA)
def test_a_nodata_value_that_only_the_item_gives_is_used(folder, said):
    before = item("before", {"visual": asset("a.tif", "visual", **said)})
    reading = read_scene_fields(written(folder, collection(before, AFTER)))["reading"]
    assert (reading["pre_nodata"], reading.get("post_nodata")) == (0.0, None)


@pytest.mark.parametrize(
    "said", [{"nodata": "nan"}, {"raster:bands": [{"nodata": 0}, {"nodata": 1}]}, {"nodata": True}]
)
def test_what_is_no_nodata_value_is_not_used(folder, said):
    before = item("before", {"visual": asset("a.tif", "visual", **said)})
    assert "pre_nodata" not in read_scene_fields(written(folder, collection(before, AFTER)))["reading"]


def test_the_order_of_bands_that_the_items_give_is_used(folder):
    bands = [{"eo:common_name": name} for name in ("blue", "green", "red", "nir")]
    pair = [
        item(name, {"analytic": asset(href, bands=bands)}, time)
        for name, href, time in (("x", "a.tif", "2025-06-01T10:00:00Z"), ("y", "b.tif", "2025-06-11T10:00:00Z"))
    ]
    assert fields(folder, pair) == PAIR
    assert read_scene_fields(written(folder, pair))["reading"]["bands"] == (3, 2, 1)
    assert "bands" not in read_scene_fields(written(folder, [pair[0], AFTER]))["reading"]
