"""Forms of the log: one record is one line, whatever it holds, and errors have the form of all other lines."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
from datetime import datetime, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers.models import brightness_model
from helpers.rasters import scene_mixed
from landslip.runtime.cli.log_formats import LOG_FORMATS, error_line, formatter_for
from landslip.runtime.cli.main import run
from landslip.runtime.system.log_fields import log_fields, stage
from landslip.runtime.system.progress import LineProgress

KEYS = {"time", "level", "job", "stage", "message", "code"}
ESA = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} \S+ \S+ \S+ (\S+ )?\[\d+\]: \[([DIPWE])\] .*")
MAIN = "from landslip.runtime.cli.main import main; main()"


def record(message, level=logging.INFO, **extra):
    made = logging.LogRecord("landslip", level, __file__, 1, "%s", (message,), None)
    vars(made).update(extra)
    return made


@given(st.text(), st.text())
@example("", " ")
def test_any_message_is_one_line_that_is_parsed(message, job):
    with log_fields(job=job, task=job, node=job):
        lines = {name: formatter_for(name).format(record(message)) for name in ("json", "esa")}
    for line in lines.values():
        assert len(line.splitlines()) == 1
        assert all(letter.isprintable() for letter in line)
    parsed = json.loads(lines["json"])
    assert set(parsed) == KEYS
    assert parsed["message"].isprintable()
    assert ESA.fullmatch(lines["esa"])


@given(st.text(), st.integers(0, 255))
def test_any_error_is_one_line(sentence, code):
    parsed = json.loads(error_line("json", sentence, code))
    assert (parsed["level"], parsed["code"]) == ("error", code)
    assert ESA.fullmatch(error_line("esa", sentence, code))[2] == "E"
    assert len(error_line("text", sentence, code).splitlines()) == 1


def test_the_keys_of_json():
    made = record("two\nlines\u2028of it", logging.WARNING)
    with log_fields(job="a"), stage("mapping"):
        line = json.loads(formatter_for("json").format(made))
    when = datetime.fromtimestamp(made.created, timezone.utc).replace(tzinfo=None)
    assert line == {
        "time": f"{when.isoformat(timespec='microseconds')}Z",
        "level": "warning", "job": "a", "stage": "mapping", "message": "two lines?of it", "code": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("level", "name", "letter"),
    [
        (logging.DEBUG, "debug", "D"), (logging.INFO, "info", "I"), (25, "info", "I"),
        (logging.WARNING, "warning", "W"), (logging.ERROR, "error", "E"), (logging.CRITICAL, "critical", "E"),
    ],
)  # fmt: skip
def test_levels(level, name, letter):
    assert json.loads(formatter_for("json").format(record("x", level)))["level"] == name
    assert ESA.fullmatch(formatter_for("esa").format(record("x", level)))[2] == letter


def test_progress_has_its_counts(caplog, monkeypatch):
    monkeypatch.setattr("landslip.runtime.system.progress._FIRST", 0.0)
    with caplog.at_level(logging.INFO, "landslip"):
        lines = LineProgress()
        lines.start("mapping", 8, "tile")
        lines.advance(2)
        lines.finish()
    line = json.loads(formatter_for("json").format(caplog.records[0]))
    assert (line["done"], line["total"]) == (2, 8)
    assert ESA.fullmatch(formatter_for("esa").format(caplog.records[0]))[2] == "P"


def test_the_fields_of_a_line_of_esas():
    with log_fields(task="MAP", processor="LS PF", version="01.02", node="node 7"):
        line = formatter_for("esa").format(record("done"))
    assert line.split(" ", 1)[1] == f"node_7 LS_PF 01.02 MAP [{os.getpid()}]: [I] done"


@pytest.mark.parametrize("name", LOG_FORMATS)
def test_secrets_and_what_a_terminal_obeys_are_not_shown(name):
    line = formatter_for(name).format(record("http://user:secret@host/a.tif?sig=secret \x1b[2J"))
    assert "http://host/a.tif" in line
    assert "secret" not in line
    assert "\x1b" not in line


@pytest.fixture
def scene(tmp_path):
    files = scene_mixed(tmp_path)
    model = brightness_model(tmp_path / "model.onnx")
    return ["-m", model, "--pre", files.pre, "--post", files.post, "--dem", files.dem, "--tile", "64"]


def landslip(*words):
    return subprocess.run([sys.executable, "-c", MAIN, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_map_says_nothing_but_lines_of_json(scene, tmp_path):
    result = landslip("--log-format", "json", "-v", "map", *scene, "-o", tmp_path / "out")
    lines = [json.loads(line) for line in result.stderr.splitlines()]
    assert result.returncode == 0
    assert {frozenset(set(line) - {"done", "total"}) for line in lines} == {frozenset(KEYS)}
    assert "loading the model" in {line["stage"] for line in lines}
    assert {line["code"] for line in lines} == {None}


WRONG = {
    "an option of all commands": (["--nonsense"], 2),
    "a command": (["walk"], 2),
    "an option": (["map", "--nonsense"], 2),
    "a value": (["map", "--protocol", "magic"], 2),
    "a missing file": (["map", "-m", "none.onnx", "--pre", "no\nwhere.tif", "-o", "out"], 3),
    "a missing option": (["map"], 2),
}


@pytest.mark.parametrize("kind", WRONG)
def test_errors_are_lines_too(kind, capsys):
    words, code = WRONG[kind]
    assert run(["--log-format", "json", *words]) == code
    (line,) = capsys.readouterr().err.splitlines()
    parsed = json.loads(line)
    assert (parsed["level"], parsed["code"]) == ("error", code)
    assert run(["--log-format=esa", *words]) == code
    (line,) = capsys.readouterr().err.splitlines()
    assert ESA.fullmatch(line)[2] == "E"


def test_an_error_that_nobody_foresaw_is_a_line(monkeypatch, capsys):
    def fail(*_, **__):
        raise TypeError("not foreseen")

    monkeypatch.setattr("landslip.runtime.cli.main.cli.main", fail)
    assert run(["--log-format", "json", "map"]) == 1
    line = json.loads(capsys.readouterr().err)
    assert "not foreseen" in line["message"]
    assert line["code"] == 1


ENDED = """
import os, signal, sys, time
from landslip.runtime.cli import main as cli
from landslip.runtime.system.log_fields import begin_stage, log_fields

def work(*args, **options):
    with log_fields(job="J1"):
        begin_stage("mapping")
        {first}
        os.write(1, b"ready\\n")
        {what}

cli.cli.main = work
signal.signal(signal.SIGINT, signal.default_int_handler)
cli.main(["--log-format", "json", "map"])
"""
ENDS = {
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", None, 1, "was killed"),
    "crashed": ("os.abort()", None, 1, "SIGABRT"),
    "out of memory": ("from landslip.runtime.system import endings; endings.say_no_memory(); os._exit(4)", None, 4,
                      "not enough memory"),
    "interrupted": ("time.sleep(60)", signal.SIGINT, 130, "interrupted."),
    "terminated": ("time.sleep(60)", signal.SIGTERM, 143, "interrupted."),
    "deaf": ("time.sleep(60)", signal.SIGTERM, 143, "interrupted."),
}  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="signals and processes of POSIX")
@pytest.mark.parametrize("kind", ENDS)
def test_what_another_process_says_of_the_end_is_a_line_too(kind):
    what, sent, code, words = ENDS[kind]
    first = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if kind == "deaf" else "pass"
    command = [sys.executable, "-c", ENDED.format(first=first, what=what)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        if sent:
            process.send_signal(sent)
        _, err = process.communicate(timeout=30)
    (line,) = err.splitlines()
    parsed = json.loads(line)
    assert process.returncode == code
    assert (parsed["code"], parsed["level"]) == (code, "error")
    assert words in parsed["message"]
    if kind in {"killed", "crashed", "deaf"}:  # the parent, which knows what the child was doing
        assert (parsed["job"], parsed["stage"]) == ("J1", "mapping")
