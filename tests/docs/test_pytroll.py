"""The recipe for Pytroll: its configuration in the real runner, from a message that comes to the one that goes out."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.pages import blocks
from helpers.rasters import scene_mixed
from helpers.results import names_of_results
from landslip.models.demo.embedded import DEMO_MODEL

yaml = pytest.importorskip("yaml", reason="needs the docs extra")
pytest.importorskip("pytroll_runner", reason="needs pytroll-runner")
zmq = pytest.importorskip("zmq", reason="needs posttroll")

PAGE = "docs/how-to/pytroll.md"
RUNNER = "import sys; from pytroll_runner import main; sys.exit(main())"
PATIENCE_S = 180


def message(topic, **data):
    from posttroll.message import Message

    return Message(topic, "file", data)


def recipe(folder, addresses):
    """The configuration of the page, with folders, model and addresses of this machine; nothing else is changed."""
    (text,) = blocks(PAGE, "yaml")
    for said, here in (
        ("/data/model/M_ALL_006.int8.onnx", DEMO_MODEL),
        ("/data/maps", folder / "maps"),
        ("port: 9010", f"port: {addresses[1]}"),
        ("127.0.0.1:9009", f"127.0.0.1:{addresses[0]}"),
    ):
        assert said in text
        text = text.replace(said, str(here))
    path = folder / "landslip-runner.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture
def runner(tmp_path):
    """A function that sends messages to the real runner, and a subscriber to what it publishes."""
    from posttroll.subscriber import Subscriber

    ports = free_ports(2)
    context = zmq.Context()
    # It hears of subscriptions, so that no message is sent before there is somebody to take it.
    publisher = context.socket(zmq.XPUB)
    publisher.bind(f"tcp://127.0.0.1:{ports[0]}")
    paths = [str(Path(sys.executable).parent), os.environ["PATH"]]
    process = subprocess.Popen(
        [sys.executable, "-c", RUNNER, recipe(tmp_path, ports)],
        env=os.environ | {"PATH": os.pathsep.join(paths)}, cwd=tmp_path,
    )  # fmt: skip
    subscriber = Subscriber([f"tcp://127.0.0.1:{ports[1]}"], topics=["/landslides/map"])
    try:
        assert publisher.poll(PATIENCE_S * 1000), "the runner has not subscribed"
        yield lambda sent: publisher.send_string(str(sent)), subscriber
        assert process.poll() is None, "the runner has ended"
    finally:
        process.kill()
        process.wait()
        subscriber.close()
        publisher.close(linger=0)
        context.term()


@pytest.mark.slow
def test_a_message_becomes_a_map_and_a_message(runner, tmp_path):
    send, subscriber = runner
    folder = tmp_path / "a scene"
    folder.mkdir()
    files = scene_mixed(folder)
    scene = folder / "scene.toml"
    scene.write_text(f'pre = "{files.pre.name}"\npost = "{files.post.name}"\ndem = "{files.dem.name}"\n', "utf-8")

    send(message("/scene/ready", uri=str(folder / "nowhere.toml"), event="failed"))  # a run that fails says nothing
    send(message("/scene/other", uri=str(scene), event="other"))  # not for us
    send(message("/scene/ready", uri=str(scene), uid="scene.toml", event="0421", orbit=7))
    heard = next(subscriber.recv(timeout=PATIENCE_S))
    assert heard is not None, "nothing was published"
    assert (heard.subject, heard.type) == ("/landslides/map", "dataset")
    assert {name: heard.data[name] for name in ("event", "orbit", "product")} == {
        "event": "0421", "orbit": 7, "product": "landslides"
    }  # fmt: skip
    assert heard.data.keys().isdisjoint({"uri", "uid"})
    out = tmp_path / "maps" / "0421"
    published = {Path(each["uri"]): each["uid"] for each in heard.data["dataset"]}
    assert published == {path: path.name for path in out.iterdir()}
    further = ("landslides.geojson", "not_observed.geojson")
    assert sorted(published.values()) == names_of_results(out, *further)
    assert [path.name for path in (tmp_path / "maps").iterdir()] == ["0421"]

    before = (out / "run.json").read_bytes()
    send(message("/scene/ready", uri=str(scene), uid="scene.toml", event="0421"))  # the same again
    again = next(subscriber.recv(timeout=PATIENCE_S))
    assert {Path(each["uri"]) for each in again.data["dataset"]} == published.keys()
    assert (out / "run.json").read_bytes() == before
