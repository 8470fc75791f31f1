"""``landslip fetch`` as its users meet it: what is printed where, exit codes, and what an interrupt leaves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers.downloads import CONTENT, tiny_model
from helpers.http_server import answer, send, serving
from landslip.models.registry import registry
from landslip.runtime.cli.main import run


@pytest.fixture
def server(monkeypatch):
    with serving(CONTENT, send(headers={"ETag": '"one"'})) as server:
        monkeypatch.setattr(registry, "REGISTRY", {})
        registry.REGISTRY["NET"] = tiny_model(server.url)
        monkeypatch.setattr("landslip.models.cli.fetch.REGISTRY", registry.REGISTRY)
        yield server


def test_the_path_goes_to_stdout_and_the_licence_to_the_log(server, tmp_path, capsys, caplog):
    assert run(["fetch", "NET", "--to", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'net.hdf5'}\n"
    assert "states no licence" in caplog.text
    assert "https://doi.org/10.1038/s41598-021-89015-8" in caplog.text
    assert (tmp_path / "net.hdf5").read_bytes() == CONTENT


def test_the_only_model_needs_no_name_and_lands_where_one_is(server, tmp_path, capsys, caplog, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["-q", "fetch"]) == 0
    assert capsys.readouterr() == ("net.hdf5\n", "")
    assert caplog.text == ""
    assert (tmp_path / "net.hdf5").exists()


def test_a_second_time_says_that_it_is_there(server, tmp_path, capsys, caplog):
    command = ["fetch", "--to", str(tmp_path), "--json"]
    assert run(command) == 0
    first = json.loads(capsys.readouterr().out)
    assert run(command) == 0
    assert "is there already, and is the published file" in caplog.text
    assert json.loads(capsys.readouterr().out) == first | {"received": 0}
    assert first["received"] == first["size"] == len(CONTENT)
    assert first["from"] == first["url"] == server.url
    assert len(server.requests) == 1


def test_a_copy_elsewhere(server, tmp_path, capsys):
    registry.REGISTRY["NET"] = tiny_model("http://127.0.0.1:1/net.hdf5")
    assert run(["fetch", "--to", str(tmp_path), "--url", f"{server.base}/mirror"]) == 0
    assert server.requests[0][":path"] == "/mirror"
    assert (tmp_path / "net.hdf5").exists()


def test_the_list_is_for_people_and_for_programs(server, capsys):
    model = registry.REGISTRY["NET"]
    assert run(["fetch", "--list"]) == 0
    listing = capsys.readouterr().out
    assert "NET: net.hdf5, 0 MB" in listing
    assert all(fact in listing for fact in (model.url, model.sha256, model.licence, model.citation, model.doi))
    assert run(["fetch", "--list", "--json"]) == 0
    entry, *scenes = json.loads(capsys.readouterr().out)
    assert [scene["kind"] for scene in scenes] == ["scene"]
    assert (entry["name"], entry["sha256"], entry["size"]) == ("NET", model.sha256, len(CONTENT))
    assert server.requests == []


def test_of_several_models_one_has_to_be_named(server, tmp_path, capsys):
    registry.REGISTRY["OTHER"] = tiny_model(server.url, name="OTHER")
    assert run(["fetch", "--to", str(tmp_path)]) == 2
    assert "NET, OTHER" in capsys.readouterr().err
    assert run(["fetch", "OTHER", "--to", str(tmp_path)]) == 0


def test_one_sentence_and_one_code_for_each_failure(server, tmp_path, capsys):
    command = ["fetch", "--to", str(tmp_path)]
    assert run([*command, "NOBODY"]) == 2
    assert run([*command, "--url", "file:///net.hdf5"]) == 2
    assert run([*command, "--timeout", "0"]) == 2
    server.script = [answer(404)]
    assert run(command) == 1
    server.script = [answer(200, b"<html>")]
    assert run(command) == 3
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


REGISTER = """
import sys
sys.path[:0] = [{tests!r}]
from helpers.downloads import tiny_model
from landslip.models.registry import registry
registry.REGISTRY.clear()
registry.REGISTRY["NET"] = tiny_model({url!r})
from landslip.runtime.cli.main import main
"""


def start(server, code, *arguments):
    code = REGISTER.format(tests=str(Path(__file__).parents[2]), url=server.url) + code + "\nmain()"
    command = [sys.executable, "-c", code, "fetch", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_an_interrupt_leaves_what_came_and_says_so(server, tmp_path):
    server.script = [send(stall=65_536), send()]
    partial = tmp_path / "net.hdf5.partial"
    with start(
        server, "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)", "--to", tmp_path
    ) as process:
        while not (partial.exists() and partial.stat().st_size):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert f"{partial} holds 65536 of {len(CONTENT)} bytes: the same command goes on from there." in err
    assert partial.read_bytes() == CONTENT[:65_536]
    assert run(["fetch", "--to", str(tmp_path)]) == 0
    assert server.ranges == [None, "bytes=65536-"]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are a POSIX thing")
def test_a_disk_that_fills_up_leaves_what_came(server, tmp_path):
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    with start(server, limit, "--to", tmp_path) as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "net.hdf5.partial cannot be written (File too large)" in err
    assert (tmp_path / "net.hdf5.partial").read_bytes() == CONTENT[:100_000]
    assert run(["fetch", "--to", str(tmp_path)]) == 0
    assert server.ranges[-1] == "bytes=100000-"


def test_without_requests_it_says_what_to_install(server, tmp_path):
    with start(server, "sys.modules['requests'] = None", "--to", tmp_path) as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (2, "")
    assert err == (
        "landslip: landslip fetch needs the package 'requests', which is not installed. "
        "Install it with: pip install 'landslip[fetch]'\n"
    )


def test_the_list_needs_no_requests(server):
    with start(server, "sys.modules['requests'] = None", "--list") as process:
        out, _ = process.communicate(timeout=20)
    assert (process.returncode, out[:4]) == (0, "NET:")
