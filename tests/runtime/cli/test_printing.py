"""The promise of standard output: one line for each file of the map, its path alone, once all are published."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.models import brightness_model, class_model
from helpers.rasters import scene_mixed
from landslip.runtime.cli.main import run
from landslip.runtime.run.product_names import FURTHER
from landslip.runtime.run.product_options import FORMATS

MAIN = "from landslip.runtime.cli.main import main; main()"

OPTIONS = {key: ["--also", key] if key in FORMATS else [f"--{key}"] for key in FURTHER} | {
    "density": ["--density", "250"]
}
"""Options that ask for each product on demand."""


@pytest.fixture
def scene(tmp_path):
    files, model = scene_mixed(tmp_path), brightness_model(tmp_path / "model.onnx")
    given = ["-m", model, "--pre", files.pre, "--post", files.post, "--dem", files.dem, "--mask", files.masks[0]]
    return ["map", *map(str, given), "--tile", "64", "-o", str(tmp_path / "out")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished map, and the command that made it."""
    folder = tmp_path_factory.mktemp("finished")
    files, model = scene_mixed(folder), brightness_model(folder / "model.onnx")
    given = ["-m", model, "--pre", files.pre, "--post", files.post, "--dem", files.dem]
    command = ["-q", "map", *map(str, given), "--tile", "64", "-o", str(folder / "out")]
    assert run(command) == 0
    return folder / "out", [*command, "--resume"]


def all_files(out):
    return sorted(str(path) for path in out.iterdir())


@pytest.mark.parametrize("asked", [[], *OPTIONS.values(), [word for words in OPTIONS.values() for word in words]])
def test_a_map_is_its_files_line_by_line_and_nothing_else(scene, asked, tmp_path, capsys):
    assert run([*scene, *asked]) == 0
    captured = capsys.readouterr()
    lines = captured.out.splitlines(keepends=True)
    assert sorted(line.removesuffix("\n") for line in lines) == all_files(tmp_path / "out")
    assert all(line.endswith("\n") for line in lines)
    assert lines[-1] == f"{tmp_path / 'out' / 'run.json'}\n"


def test_maps_of_several_classes_name_their_files_too(tmp_path, capsys, caplog):
    caplog.set_level("INFO", "landslip")
    files, model = scene_mixed(tmp_path), class_model(tmp_path / "classes.onnx")
    given = ["-m", model, "--pre", files.pre, "--post", files.post, "--dem", files.dem, "--tile", "64"]
    assert run(["map", *map(str, given), "-o", str(tmp_path / "out")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sorted(lines) == all_files(tmp_path / "out")
    assert str(tmp_path / "out" / "classes.tif") in lines
    assert any("(landslide): " in line for line in caplog.messages)  # what else there is to say is logged


def test_the_summary_is_for_the_log(scene, capsys, caplog):
    caplog.set_level("INFO", "landslip")
    assert run(scene) == 0
    assert any(" km2 observed; " in line for line in caplog.messages)
    assert "km2" not in capsys.readouterr().out


@pytest.mark.parametrize("key", OPTIONS)
def test_products_of_a_finished_map_are_those_asked_for(finished, key, capsys):
    out, _ = finished
    capsys.readouterr()
    assert run(["products", str(out), *OPTIONS[key]]) == 0
    assert capsys.readouterr().out.splitlines() == [str(out / name) for name in FURTHER[key]]


@pytest.mark.parametrize("command", ["map", "products"])
def test_json_is_one_document(finished, command, capsys):
    out, again = finished
    capsys.readouterr()
    assert run([*(again if command == "map" else ["products", str(out), "--project"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((out / "run.json").read_text(encoding="utf-8"))


class _Witness(io.BytesIO):
    """Standard output that looks whether what it is told is there."""

    def write(self, text):
        assert all(Path(line.decode()).is_file() for line in text.splitlines())
        return super().write(text)


def test_every_file_is_published_before_the_first_is_named(scene, tmp_path, monkeypatch):
    witness = _Witness()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(witness))
    assert run(scene) == 0
    assert len(witness.getvalue().splitlines()) == len(all_files(tmp_path / "out"))


@pytest.mark.parametrize("changes", [["--tile", "100"], ["--pre", "nowhere.tif"], ["--device", "cuda"]])
def test_a_map_that_fails_prints_nothing(scene, changes, capsys):
    assert run([*scene, *changes]) in {2, 3, 4}
    assert capsys.readouterr().out == ""


def test_products_that_fail_print_nothing(finished, capsys, tmp_path):
    out, _ = finished
    capsys.readouterr()
    assert run(["products", str(out), "--also", "pdf"]) == 2
    assert run(["products", str(tmp_path), "--project"]) == 3
    assert capsys.readouterr().out == ""


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices of Unix")
@pytest.mark.slow
@pytest.mark.parametrize(
    ("gone", "more"),
    [("its reader has gone", []), ("its reader has gone", ["--json"]), ("its disk is full", []), ("there is none", [])],
)
def test_standard_output_that_takes_nothing_costs_no_map(finished, gone, more):
    """The files are complete; the exit code says that nobody was told, and so does a sentence."""
    out, again = finished
    with Path("/dev/full" if "full" in gone else os.devnull).open("wb") as sink:
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [sys.executable, "-c", MAIN, *again, *more],
            stdout=writing if "reader" in gone else sink, stderr=subprocess.PIPE, text=True, check=False,
            preexec_fn=None if gone != "there is none" else lambda: os.close(1),
        )  # fmt: skip
        os.close(writing)
    said = [line for line in done.stderr.splitlines() if line.startswith("landslip: ")]
    if gone == "there is none":
        assert (done.returncode, said) == (0, [])
    else:
        assert done.returncode == 1
        assert [str(out) in line and "complete" in line for line in said] == [True]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "said", "more"),
    [("onnxruntime", "-v", []), ("openvino", "-q", []), ("onnxruntime", "-q", ["--on", "processes:2"])],
)
def test_libraries_and_workers_add_nothing(finished, engine, said, more, tmp_path):
    pytest.importorskip(engine)
    _, [_, *again, _] = finished
    done = subprocess.run(
        [sys.executable, "-c", MAIN, said, *again, "--engine", engine, *more, "-o", tmp_path / "out"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert sorted(done.stdout.splitlines()) == all_files(tmp_path / "out")


def test_a_name_is_printed_as_the_bytes_it_is(scene, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert run([*scene, "-o", str(tmp_path / "für")]) == 0
    assert sys.stdout.buffer.getvalue().splitlines()[-1] == os.fsencode(tmp_path / "für" / "run.json")


def test_a_name_of_two_lines_is_no_name(scene, tmp_path, capsys):
    assert run([*scene, "-o", str(tmp_path / "a\nb")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "line break" in captured.err
    assert not (tmp_path / "a\nb").exists()
