"""Scenes from Catalogs and Collections: what they link to is found, within bounds, and each file once."""

from __future__ import annotations

import dataclasses
import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import mixing_engine
from helpers.range_server import serving_folder, slow
from helpers.rasters import scene_mixed
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.inputs import stac_links
from landslip.runtime.inputs.scene_toml import read_scene_fields, read_scene_file
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest


def image(name, href, time, *links):
    return {
        "type": "Feature", "stac_version": "1.1.0", "id": name, "geometry": None, "properties": {"datetime": time},
        "links": list(links), "assets": {"visual": {"href": href, "roles": ["visual"]}},
    }  # fmt: skip


def link(rel, href):
    return {"rel": rel, "href": href}


def catalog(*links, kind="Catalog", **more):
    return {"type": kind, "stac_version": "1.1.0", "id": "c", "description": "d", "links": list(links), **more}


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def staged(tmp_path):
    """A folder as platforms stage it: a Catalog, and a folder for each Item with its files."""
    for name, time in (("before", "2025-06-01T10:00:00Z"), ("after", "2025-06-11T10:00:00Z")):
        write(tmp_path / name / f"{name}.json", image(name, "./visual.tif", time, link("parent", "../catalog.json")))
        (tmp_path / name / "visual.tif").touch()
    items = [link("item", f"./{name}/{name}.json") for name in ("after", "before")]
    write(tmp_path / "catalog.json", catalog(link("root", "./catalog.json"), *items))
    return tmp_path


def assert_is_the_pair(found, folder):
    pair = folder / "before" / "visual.tif", folder / "after" / "visual.tif"
    assert (found["pre"].resolve(), found["post"].resolve()) == tuple(path.resolve() for path in pair)


def test_a_catalog_and_its_folder_are_scenes(staged):
    for given_as in (staged / "catalog.json", staged):
        assert_is_the_pair(read_scene_fields(given_as), staged)


def test_children_and_collections_are_followed(staged):
    write(staged / "s2" / "collection.json", catalog(link("item", "../after/after.json"), kind="Collection"))
    write(staged / "old" / "catalog.json", catalog(link("child", "deeper.json")))
    write(staged / "old" / "deeper.json", catalog(link("item", "../before/before.json"), link("license", "gone.html")))
    children = (link("child", "s2/collection.json"), link("child", "old/catalog.json"))
    assert_is_the_pair(read_scene_fields(write(staged / "catalog.json", catalog(*children))), staged)


def test_circles_end_and_each_item_counts_once(staged):
    back = link("child", "../staged-again/../catalog.json")
    (staged / "staged-again").mkdir()
    write(
        staged / "sub" / "catalog.json",
        catalog(back, link("child", "catalog.json"), link("item", "../before/before.json")),
    )
    top = catalog(
        link("child", "sub/catalog.json"), link("item", "after/after.json"), link("item", "./after/after.json")
    )
    assert_is_the_pair(read_scene_fields(write(staged / "catalog.json", top)), staged)


def test_a_catalog_on_a_server(staged):
    with serving_folder(staged) as server:
        found = read_scene_fields(server.url("catalog.json"))
        assert found["post"] == server.url("after/visual.tif")
        assert {each.address for each in found["sources"]} == {server.url(f"{n}/{n}.json") for n in ("after", "before")}


def test_a_copy_of_a_published_catalog_takes_what_is_there_and_leaves_the_rest_where_it_lies(staged):
    with serving_folder(staged) as server:
        published = json.loads((staged / "catalog.json").read_text())
        published["links"].append(link("self", server.url("catalog.json")))
        copied = staged.parent / f"{staged.name}-copy"
        write(copied / "catalog.json", published)
        shutil.copytree(staged / "after", copied / "after")
        found = read_scene_fields(copied)
        assert (found["pre"], found["post"]) == (server.url("before/visual.tif"), copied / "after" / "visual.tif")


def test_addresses_of_items_are_told_without_secrets(staged):
    item = image("after", "visual.tif", "2025-06-11T10:00:00Z", link("self", "https://me:pw@host/after.json?token=abc"))
    write(staged / "after" / "after.json", item)
    files = read_scene_file(staged)
    assert files.source_of(files.post).address == "https://host/after.json"
    assert (files.source_of(files.pre).id, files.source_of(files.pre).address) == ("before", None)
    assert files.source_of(staged / "other.tif") is None


def chain(folder, length):
    for number in range(length):
        write(folder / f"{number}.json", catalog(link("child", f"{number + 1}.json")))
    write(folder / f"{length}.json", catalog())
    return folder / "0.json"


@pytest.mark.parametrize(
    ("links", "message"),
    [
        ([], r"catalog\.json links to no Items: it is a Catalog without links of rel item"),
        ([link("items", "https://host/items")], "links to no Items"),
        (3, "the links should be a list of JSON, and are 3"),
        ([link("item", None)], r"catalog\.json: link 1 \(item\) has the href None, which is no address"),
        ([link("item", "\u202e.json")], "which is no address"),
        ([3, None, link("child", "x" * 5000)], r"link 3 \(child\) has the href"),
        ([link("child", "file://[")], "which is no address"),
        ([link("item", "odd.json")], r"odd\.json is of type 'Thing', not a STAC Item"),
        ([link("item", "broken.json")], r"broken\.json is not in JSON"),
        ([link("item", "before")], r"before cannot be read: it is no regular file"),
        ([link("item", "s3://bucket/item.json")], "is no address of a web server"),
    ],
)
def test_what_cannot_be_followed_is_said(staged, links, message):
    write(staged / "odd.json", {"type": "Thing"})
    (staged / "broken.json").write_text("{")
    path = write(staged / "catalog.json", catalog() | {"links": links})
    with pytest.raises(InputError, match=message) as caught:
        read_scene_file(path)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1200


def test_a_linked_file_that_is_not_there_is_named_with_its_link(staged):
    (staged / "after" / "after.json").unlink()
    with pytest.raises(
        InputMissingError, match=r"catalog\.json: link 2 \(item\) is .*after\.json, which does not exist"
    ):
        read_scene_file(staged)
    with (
        serving_folder(staged) as server,
        pytest.raises(InputMissingError, match=r"link 2 \(item\) is http.*after\.json"),
    ):
        read_scene_file(server.url("catalog.json"))


def test_a_server_cannot_name_files_of_this_machine(staged):
    uri = (staged / "after" / "after.json").as_uri()
    write(staged / "catalog.json", catalog(link("item", uri)))
    with pytest.raises(InputError, match="holds 1 Item with an image"):
        read_scene_file(staged)
    with serving_folder(staged) as server, pytest.raises(InputError, match="names a file of this machine"):
        read_scene_file(server.url("catalog.json"))


def test_depth_is_bounded(tmp_path):
    with pytest.raises(InputError, match="links to no Items"):
        read_scene_file(chain(tmp_path, 10))
    with pytest.raises(InputError, match=r"10\.json: link 1 \(child\) is more than 10 links"):
        read_scene_file(chain(tmp_path, 400))


def test_numbers_bytes_and_time_are_bounded(staged, monkeypatch):
    many = [link("item", f"i{k}.json") for k in range(600)]
    for k in range(600):
        write(staged / f"i{k}.json", image(f"i{k}", "x.tif", "2025-06-11T10:00:00Z"))
    path = write(staged / "many.json", catalog(*many))
    with pytest.raises(InputError, match=r"many\.json, with what it links to, holds 501 Items"):
        read_scene_file(path)
    empty = [link("child", f"c{k}.json") for k in range(1100)]
    for k in range(1100):
        write(staged / f"c{k}.json", catalog())
    with pytest.raises(InputError, match="would be the file number 1001"):
        read_scene_file(write(staged / "empty.json", catalog(*empty)))
    monkeypatch.setattr(stac_links, "_MOST_IN_ALL", 1 << 20)
    write(staged / "before" / "before.json", {"type": "Feature", "id": "x" * (1 << 20)})
    with pytest.raises(InputError, match=r"link 3 \(item\): the files up to it hold more than 1 MB"):
        read_scene_file(staged)


def test_a_slow_server_is_not_waited_for_without_end(staged, monkeypatch):
    monkeypatch.setattr(stac_links, "_LONGEST", 0.3)
    with serving_folder(staged) as server:
        server.fail(slow(0.0), slow(0.5))
        with pytest.raises(InputError, match=r"link [23] \(item\) was not read: those before it took 0.3 seconds"):
            read_scene_file(server.url("catalog.json"))


rels = st.sampled_from(["item", "child", "self", "root", "parent", None, 3])
hrefs = st.sampled_from(
    [
        "a.json",
        "b.json",
        "c.json",
        "before/before.json",
        "after/after.json",
        "",
        ".",
        "//[",
        "file:///x",
        "\ud800",
        None,
    ]
)
links = st.lists(st.one_of(st.fixed_dictionaries({"rel": rels, "href": hrefs}), st.integers()), max_size=4)


@given(st.lists(st.tuples(st.sampled_from(["Catalog", "Collection", "Feature", 3]), links), min_size=3, max_size=3))
def test_any_web_of_links_ends_in_a_scene_or_an_input_error(tmp_path_factory, web):
    folder = tmp_path_factory.getbasetemp() / "links"
    for name, time in (("before", "2025-06-01T10:00:00Z"), ("after", "2025-06-11T10:00:00Z")):
        write(folder / name / f"{name}.json", image(name, "visual.tif", time))
        (folder / name / "visual.tif").touch()
    for name, (kind, given_links) in zip("abc", web, strict=True):
        write(folder / f"{name}.json", catalog(*given_links, kind=kind))
    try:
        assert_is_the_pair(read_scene_fields(folder / "a.json"), folder)
    except InputError as error:
        assert str(error).isprintable()  # noqa: PT017 - an error is not expected


def test_the_record_names_the_item_of_each_input(tmp_path):
    files = scene_mixed(tmp_path)
    items = [
        image("before", "../pre.tif", "2025-06-01T10:00:00Z", link("self", "https://host/before.json?sig=secret")),
        image("after", "../post.tif", "2025-06-11T10:00:00Z"),
    ]
    items[1]["assets"]["dem"] = {"href": "../dem.tif", "roles": ["dem"]}
    for item in items:
        write(tmp_path / "items" / f"{item['id']}.json", item)
    write(tmp_path / "catalog.json", catalog(*(link("item", f"items/{item['id']}.json") for item in items)))
    scene = read_scene_file(tmp_path)
    made = [dataclasses.replace(scene, masks=files.masks), dataclasses.replace(scene, masks=files.masks, sources=())]
    records = [
        map_scene(MapRequest(tmp_path / "none.onnx", each, tmp_path / f"out{k}"), engine=mixing_engine())
        for k, each in enumerate(made)
    ]
    assert [entry.get("item") for entry in records[0]["inputs"]] == [
        {"id": "before", "address": "https://host/before.json"},
        *[{"id": "after", "address": None}] * 2,
        None,
    ]
    assert "secret" not in json.dumps(records[0])
    assert records[0]["fingerprint"] == records[1]["fingerprint"]
