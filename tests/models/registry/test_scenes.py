"""Registered scenes: fetched from a local server in the layout of their repository, and mapped."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from helpers.models import brightness_model
from helpers.range_server import cut, serving_folder, status
from helpers.rasters import scene_mixed
from landslip.models.cli import fetch
from landslip.models.fetching.download import Patience
from landslip.models.fetching.fetch_scene import fetch_scene
from landslip.models.registry.scenes import IBURI_2018, SCENES, RegisteredScene, SceneFile
from landslip.runtime.cli.main import run
from landslip.runtime.errors import FetchError, ModelError, UsageError
from landslip.runtime.inputs.scene_toml import KEYS, read_scene_file

IBURI = Path(__file__).parents[4] / "shared" / "data" / "iburi"
QUICK = Patience(timeout=5, attempts=2, pause=0.01)
BASE = "https://repository.example/commit"
SCENE = 'pre = "images/pre.tif"\npost = "images/post.tif"\ndem = "dem.tif"\nmasks = ["mask.tif"]\n'


@pytest.fixture
def repository(tmp_path):
    """Files of a scene in a folder as a server has it."""
    folder = tmp_path / "server" / "data"
    (folder / "images").mkdir(parents=True)
    files = scene_mixed(tmp_path / "server")
    for path, place in ((files.pre, "images"), (files.post, "images"), (files.dem, ""), (files.masks[0], "")):
        shutil.move(path, folder / place / path.name)
    return tmp_path / "server"


@pytest.fixture
def scene(repository):
    paths = ("images/pre.tif", "images/post.tif", "dem.tif", "mask.tif")
    contents = {path: (repository / "data" / path).read_bytes() for path in paths}
    members = tuple(
        SceneFile("event", f"{BASE}/data/{path}", len(content), hashlib.sha256(content).hexdigest(), path)
        for path, content in contents.items()
    )
    return RegisteredScene("event", "An event", BASE, members, SCENE, "MIT")


@pytest.fixture
def server(repository):
    with serving_folder(repository) as server:
        yield server


def test_every_file_and_a_scene_to_map(scene, server, tmp_path):
    fetched = fetch_scene(scene, tmp_path / "to", url=server.base, patience=QUICK)
    assert fetched.scene_file == tmp_path / "to" / "event" / "scene.toml"
    assert [path.relative_to(tmp_path / "to" / "event").as_posix() for path in fetched.files] == [
        each.path for each in scene.files
    ]
    assert fetched.received == scene.size
    assert read_scene_file(fetched.scene_file).dem == tmp_path / "to" / "event" / "dem.tif"
    again = fetch_scene(scene, tmp_path / "to", url=server.base, patience=QUICK)
    assert again.received == 0


def test_it_goes_on_where_the_connection_broke(scene, server, tmp_path):
    server.fail(cut(0.5), status(404))
    with pytest.raises(FetchError, match="404"):
        fetch_scene(scene, tmp_path, url=server.base, patience=QUICK)
    assert not (tmp_path / "event" / "scene.toml").exists()
    fetched = fetch_scene(scene, tmp_path, url=server.base, patience=QUICK)
    assert 0 < fetched.received < scene.size


def test_nothing_is_left_where_nothing_came(scene, server, tmp_path):
    server.fail(then=status(404))
    with pytest.raises(FetchError, match="404"):
        fetch_scene(scene, tmp_path / "to", url=server.base, patience=QUICK)
    assert not (tmp_path / "to" / "event").exists()


def test_another_file_is_refused(scene, server, tmp_path, repository):
    (repository / "data" / "dem.tif").write_bytes(b"x" * scene.files[2].size)
    with pytest.raises(ModelError, match=r"is not the published dem\.tif"):
        fetch_scene(scene, tmp_path, url=server.base, patience=QUICK)
    assert not (tmp_path / "event" / "dem.tif").exists()
    assert not (tmp_path / "event" / "scene.toml").exists()


def test_what_a_user_changed_is_kept(scene, server, tmp_path):
    path = fetch_scene(scene, tmp_path, url=server.base, patience=QUICK).scene_file
    path.write_text(SCENE + "resolution = 10\n")
    fetch_scene(scene, tmp_path, url=server.base, patience=QUICK)
    assert "resolution" in path.read_text()
    (tmp_path / "event" / "dem.tif").write_bytes(b"mine")
    with pytest.raises(UsageError, match="not the published file"):
        fetch_scene(scene, tmp_path, url=server.base, patience=QUICK)
    fetch_scene(scene, tmp_path, url=server.base, patience=QUICK, overwrite=True)
    assert path.read_text() == SCENE


def test_on_the_command_line_from_fetch_to_map(scene, server, tmp_path, capsys, monkeypatch, caplog):
    monkeypatch.setattr(fetch, "SCENES", {"event": scene})
    monkeypatch.chdir(tmp_path)
    assert run(["fetch", "event", "--url", server.base]) == 0
    assert capsys.readouterr().out == f"{Path('event') / 'scene.toml'}\n"
    assert "MIT" in caplog.text
    model = brightness_model(tmp_path / "m.onnx")
    assert run(["map", "-m", str(model), "--scene", "event/scene.toml", "-o", "out"]) == 0
    capsys.readouterr()
    assert run(["fetch", "event", "--url", server.base, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["received"], len(told["files"])) == ("scene", 0, 4)


def test_the_listing_names_models_and_scenes(capsys):
    assert run(["fetch", "--list"]) == 0
    text = capsys.readouterr().out
    assert "M_ALL_006" in text
    assert "iburi-2018" in text
    assert run(["fetch", "--list", "--json"]) == 0
    assert [entry["kind"] for entry in json.loads(capsys.readouterr().out)] == ["model", "scene"]
    assert run(["fetch", "iburi"]) == 2
    assert "iburi-2018" in capsys.readouterr().err


@pytest.mark.parametrize("scene", SCENES.values(), ids=list(SCENES))
def test_what_is_registered_makes_sense(scene):
    assert SCENES[scene.name] is scene
    keys = {line.partition(" = ")[0] for line in scene.scene.splitlines() if not line.startswith("#")}
    assert keys <= {*KEYS}
    for each in scene.files:
        assert each.url.startswith(f"{scene.url}/")
        assert each.url.endswith(each.path)
        assert each.name == scene.name
        assert len(each.sha256) == 64
        assert ".." not in each.path
        assert not each.path.startswith("/")
    moved = scene.at("https://mirror.example/copy/")
    assert [each.sha256 for each in moved] == [each.sha256 for each in scene.files]
    assert all(each.url.startswith("https://mirror.example/copy/") for each in moved)


@pytest.mark.skipif(not IBURI.is_dir(), reason="the files of the event are not here")
def test_iburi_is_what_is_registered(tmp_path):
    # The repository's layout, as its server would give it.
    for each in IBURI_2018.files:
        place = tmp_path / "server" / each.url.removeprefix(f"{IBURI_2018.url}/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(IBURI / each.path, place)
    with serving_folder(tmp_path / "server") as server:
        fetched = fetch_scene(IBURI_2018, tmp_path, url=server.base, patience=QUICK)
    assert fetched.received == IBURI_2018.size
    assert read_scene_file(fetched.scene_file).masks == ()
