"""The example of a service: it names nothing but what is public, and works as a process with real events."""

from __future__ import annotations

import ast
import json
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager

import pytest

import landslip
from helpers.pages import ROOT, blocks
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.models.synthetic import EventSpec, write_event

SERVICE = ROOT / "docs" / "examples" / "service.py"


def names_of(tree, module):
    """Names of a module that a program uses."""
    return {
        node.attr for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == module
    }  # fmt: skip


def test_it_names_nothing_but_what_is_public():
    tree = ast.parse(SERVICE.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {name for name in imported if name.split(".")[0] == "landslip"}
    assert ours == {"landslip"}
    assert imported - ours <= {*sys.stdlib_module_names}
    assert names_of(tree, "landslip")
    assert names_of(tree, "landslip") <= set(landslip.__all__)


def test_the_page_shows_it():
    assert next(blocks("docs/how-to/service.md", "python")) == SERVICE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with the model and two events."""
    folder = tmp_path_factory.mktemp("station")
    shutil.copy(DEMO_MODEL, folder / "model.onnx")
    for seed, name in ((3, "monday"), (4, "tuesday")):
        (folder / name).mkdir()
        event = write_event(folder / name, EventSpec(seed=seed, width_m=4500, height_m=4500))
        named = {"pre": event.pre, "post": event.post, "dem": event.dem}
        lines = [f'{role} = "{path.name}"\n' for role, path in named.items()]
        (folder / name / "SCENE.toml").write_text("".join(lines), encoding="utf-8")
    return folder


@contextmanager
def service(place, out):
    """The service as a process."""
    command = [sys.executable, str(SERVICE), "model.onnx", str(out)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=place, text=True, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def line(name, **more):
    return json.dumps({"scene": f"{name}/SCENE.toml", **more}) + "\n"


def objects(text):
    return [json.loads(each) for each in text.splitlines()]


@pytest.mark.slow
def test_events_come_one_after_the_other_whatever_becomes_of_each(place, tmp_path):
    (place / "broken").mkdir()
    shutil.copy(place / "monday" / "SCENE.toml", place / "broken" / "SCENE.toml")
    (place / "late").mkdir()
    shutil.copy(place / "monday" / "SCENE.toml", place / "late" / "SCENE.toml")
    for path in (place / "monday").glob("*.tif"):
        shutil.copy(path, place / "late" / path.name)
    sent = line("monday") + "garbage\n" + line("broken") + line("late", seconds=0.2) + line("tuesday", seconds=600)
    with service(place, tmp_path) as process:
        alerts, logs = process.communicate(sent, timeout=300)
    assert process.returncode == 0, logs
    said, alerts = objects(logs), objects(alerts)
    by_message = {}
    for each in said:
        by_message.setdefault(each["message"], []).append(each)
    assert by_message["ready"][0]["version"] == landslip.__version__
    assert [each["scene"] for each in by_message["mapped"]] == ["monday/SCENE.toml", "tuesday/SCENE.toml"]
    failed = {each["scene"].split("/")[0]: each for each in by_message["failed"]}
    assert failed["broken"]["error"] == "InputMissingError"
    assert failed["late"]["error"] == "DeadlineError"
    assert [each["attempt"] for each in by_message["once more"] if each["error"] == "DeadlineError"] == [1, 2]
    assert [each["line"] for each in by_message["no event"]] == ["garbage\n"]
    assert said[-1]["message"] == "stopped"
    for name, mapped in zip(("monday", "tuesday"), by_message["mapped"], strict=True):
        told = [each for each in alerts if each["scene"].startswith(name)]
        assert len(told) == mapped["landslides"] > 0
        assert (tmp_path / name / "run.json").is_file()
    assert not (tmp_path / "broken" / "run.json").exists()
    assert not (tmp_path / "late" / "run.json").exists()


@pytest.mark.slow
def test_a_signal_in_the_middle_ends_it_and_a_later_run_goes_on(place, tmp_path):
    with service(place, tmp_path / "out") as process:
        process.stdin.write(line("tuesday"))
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["scene"] == "tuesday/SCENE.toml"
        process.send_signal(signal.SIGTERM)
        _, logs = process.communicate(timeout=60)
    assert process.returncode == 0
    messages = [each["message"] for each in objects(logs)]
    assert messages[-1] == "stopped"
    assert "interrupted" in messages or "mapped" in messages  # where the first landslide came at the very end
    with service(place, tmp_path / "out") as process:
        process.communicate(line("tuesday"), timeout=120)
    expected = landslip.map_scene(place / "tuesday" / "SCENE.toml", model=place / "model.onnx", out=tmp_path / "once")
    for name in ("confidence.tif", "landslides.gpkg"):
        assert (tmp_path / "out" / "tuesday" / name).read_bytes() == expected.products[name].read_bytes()
