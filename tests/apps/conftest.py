"""Mark of every test in this folder, so that ``make test`` leaves it to ``make test-apps``; a scene as it is staged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.models import brightness_model
from helpers.rasters import scene_mixed
from landslip.runtime.cli.main import run


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.apps)


def item(name, assets, time):
    return {
        "type": "Feature", "stac_version": "1.1.0", "id": name, "geometry": None, "links": [], "assets": assets,
        "properties": {"datetime": time},
    }  # fmt: skip


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    """A scene as a platform stages it, and a model."""
    folder = tmp_path_factory.mktemp("job")
    scene = folder / "staged"
    scene.mkdir()
    scene_mixed(scene)
    after = {
        "visual": {"href": "./post.tif", "roles": ["visual"]},
        "dem": {"href": "./dem.tif", "roles": ["dem"]},
        "clouds": {"href": "./mask.tif", "roles": ["cloud"]},
    }
    items = [
        item("before", {"visual": {"href": "./pre.tif", "roles": ["visual"]}}, "2025-06-01T10:00:00Z"),
        item("after", after, "2025-06-11T10:00:00Z"),
    ]
    for each in items:
        (scene / f"{each['id']}.json").write_text(json.dumps(each))
    links = [{"rel": "item", "href": f"./{each['id']}.json"} for each in items]
    catalog = {"type": "Catalog", "stac_version": "1.1.0", "id": "staged", "description": "Staged.", "links": links}
    (scene / "catalog.json").write_text(json.dumps(catalog))
    brightness_model(folder / "model.onnx")
    return folder


@pytest.fixture(scope="module")
def mapped(staged):
    """The folder of a map of it, with a Catalog."""
    out = staged / "direct"
    arguments = ["--scene", staged / "staged", "-m", staged / "model.onnx", "-o", out, "--catalog", "--min-area", "600"]
    assert run(["map", *map(str, arguments)]) == 0
    return out
