"""Maps know where the STAC MLM Item of their model is published, from the file beside the model."""

from __future__ import annotations

import hashlib
import json

import pytest

import landslip
from helpers.models import brightness_model
from helpers.rasters import scene_mixed
from landslip.runtime.mapping.model_item import catalogued_as

SELF = {"rel": "self", "href": "https://me:pw@example.org/models/net.json?sig=secret"}


def written(folder, sha256, links, **more):
    item = {"type": "Feature", "id": "net", "links": links, "assets": {"fp32": {"file:checksum": f"1220{sha256}"}}}
    (folder / "net.stac.json").write_text(json.dumps(item | more))
    return folder / "net.fp32.onnx"


def test_the_address_of_an_item_is_told_without_secrets(tmp_path):
    model = written(tmp_path, "ab", [{"rel": "cite-as", "href": "https://doi.org/x"}, SELF])
    assert catalogued_as(model, "net", "ab") == "https://example.org/models/net.json"


@pytest.mark.parametrize(
    "links", [[], [{"rel": "self", "href": "./net.stac.json"}], [{"rel": "self", "href": "file:///x"}], 3]
)
def test_an_item_that_is_known_here_alone_has_no_address(tmp_path, links):
    assert catalogued_as(written(tmp_path, "ab", links), "net", "ab") is None


def test_an_item_of_another_model_is_none_of_this(tmp_path):
    model = written(tmp_path, "ab", [SELF])
    assert catalogued_as(model, "net", "cd") is None
    assert catalogued_as(model, "other", "ab") is None
    assert catalogued_as(model, "net", None) is None


@pytest.mark.parametrize("assets", [None, [], {"x": 3}, {"x": {"file:checksum": ["1220ab"]}}])
def test_odd_items_are_passed_over(tmp_path, assets):
    assert catalogued_as(written(tmp_path, "ab", [SELF], assets=assets), "net", "ab") is None


@pytest.mark.parametrize("content", [b"", b"[", b"[]", b"\xff", b'{"a": ' * 60 + b"1" + b"}" * 60])
def test_damaged_items_are_passed_over(tmp_path, content):
    (tmp_path / "net.stac.json").write_bytes(content)
    assert catalogued_as(tmp_path / "net.fp32.onnx", "net", "ab") is None


@pytest.mark.parametrize("name", ["../net", "", "a/b", "a\0b", "x" * 5000])
def test_names_of_models_that_are_no_names_of_files_find_nothing(tmp_path, name):
    assert catalogued_as(tmp_path / "net.fp32.onnx", name, "ab") is None


def test_a_map_links_to_the_item_of_its_model_and_is_the_same_map(tmp_path):
    files, model = scene_mixed(tmp_path), brightness_model(tmp_path / "model.onnx")
    given = {"pre": files.pre, "post": files.post, "dem": files.dem, "model": model}
    before = landslip.map_scene(out=tmp_path / "before", **given)
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    written(tmp_path, digest, [SELF]).with_name("net.stac.json").rename(
        tmp_path / f"{before.record.model.name}.stac.json"
    )
    after = landslip.map_scene(out=tmp_path / "after", **given)
    assert (before.record.model.item, after.record.model.item) == (None, "https://example.org/models/net.json")
    assert before.record.fingerprint == after.record.fingerprint
    item = json.loads(after.products[after.record.item].read_text())
    assert [link["href"] for link in item["links"]] == ["https://example.org/models/net.json"]
    assert "secret" not in json.dumps(item) + after.products["run.json"].read_text()
