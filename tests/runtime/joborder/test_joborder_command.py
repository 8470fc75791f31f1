"""A job order from the command line: what it delivers, what it says where, and its exit code."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from helpers.job_orders import CONFIG, explorer, generic, scene_of_order, write_order
from helpers.rasters import rgb, write
from landslip.runtime.cli.main import run
from landslip.runtime.shards.map_anywhere import map_scene
from landslip.runtime.system.locks import open_locked

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} (\S+) (\S+) (\S+) (?:(\S+) )?\[\d+\]: \[([DIPWE])\] (.*)")
TILED = {"tiled": True, "blockxsize": 64, "blockysize": 64, "compress": "deflate", "interleave": "pixel"}
OUT = {"LSC_MAP": ("Physical", "MAP.tif")}
EXPLORED = {"LSC_MAP": "LSL_TEST_LSC_MAP_*"}


@pytest.fixture
def scene(tmp_path):
    return tmp_path, scene_of_order(tmp_path)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def configure(folder, more="", *, old="", new=""):
    (folder / "landslip-ipf.toml").write_text(more + CONFIG.replace(old, new))


def lines(text):
    found = [LINE.fullmatch(line) for line in text.splitlines()]
    assert None not in found, text
    return [(*each.groups(),) for each in found]


def test_an_order_of_the_generic_ipf_is_a_map_and_a_list(scene, capsys):
    folder, inputs = scene
    outputs = OUT | {"LSC_POL": ("Physical", "")}
    order = write_order(folder, generic(inputs, outputs, parameters={"Threshold": "0.6"}))
    before = names(folder)
    assert run(["joborder", str(order)]) == 0
    polygons = "LSL_OPER_LSC_POL_20240101T101112_20240101T101512_01.gpkg"
    assert names(folder) == sorted([*before, "MAP.tif", polygons, "4711.LIST"])
    assert (folder / "4711.LIST").read_text() == f"MAP.tif\n{polygons}\n"
    said = lines(capsys.readouterr().out)
    assert {each[1:4] for each in said} == {("LSL_PF", "01.02", "LANDSLIDE_MAP")}
    roles = {"pre": inputs["S2_PRE"], "post": inputs["S2_POST"], "dem": inputs["AUX_DEM"], "masks": inputs["AUX_MSK"]}
    same = map_scene(model=folder / "model.onnx", out=folder / "same", tile=64, threshold=0.6, **roles)
    with rasterio.open(folder / "MAP.tif") as ordered, rasterio.open(same.products["confidence.tif"]) as expected:
        assert np.array_equal(ordered.read(), expected.read())


def test_an_order_of_the_earth_explorers(scene, capsys):
    folder, inputs = scene
    with rasterio.open(inputs["S2_POST"][0]) as dataset:
        west, south, east, north = rasterio.warp.transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    east = (west + east) / 2
    area = f"{south} {west} {south} {east} {north} {east} {north} {west} {south} {west}"
    text = explorer(
        inputs, EXPLORED, area=area, cores="1", ram="4000", disk="500", folder="out", stdout=["INFO"], stderr=[]
    )
    assert run(["joborder", str(write_order(folder, text))]) == 0
    name = "LSL_TEST_LSC_MAP_20240101T101112_20240101T101512_07.tif"
    assert names(folder / "out") == [name]
    assert (folder / "4711.LIST").read_text() == f"out/{name}\n"
    captured = capsys.readouterr()
    assert captured.err == ""
    assert {(each[0], each[4]) for each in lines(captured.out)} == {("node7", "I")}
    with rasterio.open(folder / "out" / name) as ordered:
        assert ordered.width < 0.6 * dataset.width * 10 / ordered.res[0]


def test_everything_of_a_map_in_a_folder(scene):
    folder, inputs = scene
    configure(folder, old='product = "confidence.tif"', new='product = "folder"')
    assert run(["joborder", str(write_order(folder, generic(inputs, {"LSC_MAP": ("Directory", "RESULT")})))]) == 0
    assert {"confidence.tif", "landslides.gpkg", "run.json"} <= {*names(folder / "RESULT")}
    assert (folder / "4711.LIST").read_text() == "RESULT\n"


def test_several_tasks_are_run_together_or_one_by_one(scene):
    folder, inputs = scene
    configure(folder, 'tasks = ["A", "B"]\n')
    text = generic(inputs, OUT, tasks=("A", "OTHER", "B"))
    second = text.rindex("MAP.tif")
    order = write_order(folder, text[:second] + "B.tif" + text[second + 7 :])
    assert run(["joborder", "--task", "A", str(order)]) == 0
    assert run(["joborder", "--task", "B", str(order)]) == 0
    assert (folder / "4711.LIST").read_text() == "MAP.tif\nB.tif\n"
    maps = [(folder / name).read_bytes() for name in ("MAP.tif", "B.tif")]
    for name in ("4711.LIST", "MAP.tif", "B.tif"):
        (folder / name).unlink()
    assert run(["joborder", str(order)]) == 0
    assert (folder / "4711.LIST").read_text() == "MAP.tif\nB.tif\n"
    assert maps[0] == maps[1] == (folder / "MAP.tif").read_bytes()


def test_nothing_observed_is_done_with_warnings(scene, capsys):
    folder, inputs = scene
    with rasterio.open(inputs["AUX_MSK"][0], "r+") as dataset:
        dataset.write(np.ones((1, dataset.height, dataset.width), np.uint8))
    configure(folder, old="tile = 64", new="tile = 64\nforce = true")
    assert run(["joborder", str(write_order(folder, generic(inputs, OUT)))]) == 1
    assert ("W", "nothing was observed: the map is empty") in {each[4:] for each in lines(capsys.readouterr().out)}
    assert (folder / "4711.LIST").read_text() == "MAP.tif\n"


def test_damaged_parts_left_out_are_done_with_warnings(scene, capsys):
    folder, inputs = scene
    path = write(folder / "tiled.tif", rgb(240, 300, 1), 10.0, **TILED)
    with rasterio.open(path) as dataset:
        place, size = (int(dataset.get_tag_item(f"BLOCK_{what}_1_2", "TIFF", bidx=1)) for what in ("OFFSET", "SIZE"))
    content = bytearray(path.read_bytes())
    content[place : place + size] = bytes(size)
    path.write_bytes(content)
    inputs["S2_POST"] = [path]
    configure(folder, old="tile = 64", new='tile = 64\non_error = "skip"')
    assert run(["joborder", str(write_order(folder, generic(inputs, OUT)))]) == 1
    assert any("damaged parts" in each[5] for each in lines(capsys.readouterr().out))


def test_a_check_writes_nothing(scene, capsys):
    folder, inputs = scene
    order = write_order(folder, explorer(inputs, EXPLORED))
    before = names(folder)
    assert run(["joborder", "--check", str(order)]) == 0
    assert names(folder) == before
    said = [each[5] for each in lines(capsys.readouterr().out)]
    assert any(line.startswith("memory: about") for line in said)
    assert any(line.startswith("checked: ") for line in said)


WRONG = {
    "no order": (lambda f, _: f / "none.xml", 131, "does not exist"),
    "a folder": (lambda f, _: f, 131, "no regular file"),
    "no XML": (lambda f, _: write_order(f, "hello"), 131, "not a job order"),
    "a bomb": (lambda f, _: write_order(f, '<!DOCTYPE x [<!ENTITY a "a">]><Ipf_Job_Order>&a;</Ipf_Job_Order>'), 131,
               "document type"),
    "an empty list of inputs": (lambda f, _: write_order(f, generic({}, OUT)), 130, "An image is missing"),
    "an input without files": (lambda f, i: write_order(f, generic(i | {"S2_POST": []}, OUT)), 130, "post"),
    "no outputs": (lambda f, i: write_order(f, generic(i, {})), 131, "asks for no product"),
    "a missing input": (lambda f, i: write_order(f, generic(i | {"S2_POST": ["no.tif"]}, OUT)), 131, "no.tif does not"),
    "an input of Windows": (lambda f, i: write_order(f, generic(i | {"S2_POST": ["C:\\in\\a.tif"]}, OUT)), 131,
                            "path of Windows"),
    "an output of Windows": (lambda f, i: write_order(f, explorer(i, EXPLORED, folder="D:\\out")), 131,
                             "path of Windows"),
    "an unknown type": (lambda f, i: write_order(f, generic(i | {"S3_OLC": ["a"]}, OUT)), 131, "'S3_OLC', which"),
    "an unknown product": (lambda f, i: write_order(f, generic(i, {"LSC_X": ("Physical", "a")})), 131, "'LSC_X'"),
    "one name twice": (lambda f, i: write_order(f, generic(i, OUT | {"LSC_POL": ("Physical", "MAP.tif")})), 131,
                       "two products"),
    "a pattern": (lambda f, i: write_order(f, explorer(i, {"LSC_MAP": "S2*"})), 131, "does not fit"),
    "a regular expression": (lambda f, i: write_order(f, generic(i, {"LSC_MAP": ("Regexp", "/o/(")})), 131, "not fit"),
    "an endless expression": (
        lambda f, i: write_order(f, generic(i, {"LSC_MAP": ("Regexp", r"/o/(\w+)+!")})),
        131,
        "not fit",
    ),
    "a name that climbs": (lambda f, i: write_order(f, explorer(i, {"LSC_MAP": "../x.tif"})), 131, "is no name"),
    "a parameter": (lambda f, i: write_order(f, generic(i, OUT, parameters={"Threshold": "much"})), 131, "'much'"),
    "a range": (lambda f, i: write_order(f, generic(i, OUT, parameters={"Threshold": "7"})), 130, "out of range"),
    "two tasks": (lambda f, i: write_order(f, generic(i, OUT, tasks=("A", "B"))), 131, "has 2 tasks"),
    "memory": (lambda f, i: write_order(f, explorer(i, EXPLORED, ram="10")), 132, "Amount_of_RAM"),
    "disk": (lambda f, i: write_order(f, explorer(i, EXPLORED, disk="1")), 132, "Disk_Space"),
    "an engine": (lambda f, i: (configure(f, old="tile = 64", new='device = "cuda"'),
                                write_order(f, generic(i, OUT)))[1], 132, "CUDA"),
    "a product that is there": (lambda f, i: ((f / "MAP.tif").touch(), write_order(f, generic(i, OUT)))[1], 130,
                                "is there already"),
    "a folder that is a file": (lambda f, i: ((f / "out").touch(),
                                              write_order(f, explorer(i, EXPLORED, folder="out")))[1], 129,
                                "cannot be written"),
    "no configuration": (lambda f, i: ((f / "landslip-ipf.toml").unlink(), write_order(f, generic(i, OUT)))[1], 131,
                         "There is no landslip-ipf.toml"),
    "an option": (lambda f, i: (configure(f, old="tile = 64", new="tiles = 64"), write_order(f, generic(i, OUT)))[1],
                  131, "Did you mean tile?"),
    "a value": (lambda f, i: (configure(f, old="tile = 64", new='tile = "big"'), write_order(f, generic(i, OUT)))[1],
                131, "a whole number"),
    "a role": (lambda f, i: (configure(f, old='"masks"', new='"clouds"'), write_order(f, generic(i, OUT)))[1], 131,
               "'clouds'"),
    "a product of ours": (lambda f, i: (configure(f, old="confidence.tif", new="map.tif"),
                                        write_order(f, generic(i, OUT)))[1], 131, "'map.tif'"),
    "a name of its list": (lambda f, i: write_order(f, generic(i, {"LSC_MAP": ("Physical", "4711.LIST")})), 131,
                           "is the list"),
    "a long name": (lambda f, i: write_order(f, generic(i, {"LSC_MAP": ("Physical", "ü" * 150)})), 131, "is no name"),
    "a file as a folder": (lambda f, i: write_order(f, generic(i, {"LSC_MAP": ("Physical", "pre.tif/x.tif")})), 129,
                           "is no folder"),
    "a product in another": (lambda f, i: write_order(f, generic(i, OUT | {"LSC_POL": ("Physical", "MAP.tif/b")})), 131,
                             "lies in another"),
    "one name twice in disguise": (
        lambda f, i: write_order(f, generic(i, OUT | {"LSC_POL": ("Physical", f"../{f.name}/MAP.tif")})),
        131, "two tasks ask"),
    "no model": (lambda f, i: ((f / "model.onnx").unlink(), write_order(f, generic(i, OUT)))[1], 131, "model"),
}  # fmt: skip


@pytest.mark.parametrize("kind", WRONG)
def test_failures_are_128_and_more_and_leave_nothing(scene, kind, capsys, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    folder, inputs = scene
    make, code, words = WRONG[kind]
    path = make(folder, inputs)
    before = names(folder)
    assert run(["joborder", str(path)]) == code
    assert names(folder) == before
    captured = capsys.readouterr()
    last = lines(captured.err)[-1]
    assert last[4] == "E"
    assert words in last[5]
    assert not re.search(r"(?<![\w-])--[a-z]", last[5]), "options of landslip map are named as in the configuration"


def test_relative_paths_start_at_the_folder_of_the_order(scene, monkeypatch, tmp_path_factory):
    folder, inputs = scene
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    relative = {kind: [path.name for path in paths] for kind, paths in inputs.items()}
    assert run(["joborder", str(write_order(folder, generic(relative, OUT)))]) == 0
    assert (folder / "MAP.tif").exists()


def test_another_working_folder(scene, tmp_path_factory):
    folder, inputs = scene
    working = tmp_path_factory.mktemp("working")
    order = write_order(folder, explorer(inputs, EXPLORED))
    assert run(["joborder", "--working-dir", str(working), str(order)]) == 0
    assert len(names(working)) == 2


def test_a_file_that_is_named_twice_is_taken_once(scene):
    folder, inputs = scene
    inputs["AUX_DEM"] *= 2
    assert run(["joborder", str(write_order(folder, generic(inputs, OUT)))]) == 0


def test_one_type_for_both_images_by_their_time(scene):
    folder, inputs = scene
    configure(folder, old='S2_PRE = "pre"\nS2_POST = "post"', new='S2 = ["pre", "post"]')
    both = {"S2": [inputs["S2_POST"][0], inputs["S2_PRE"][0]], "AUX_DEM": inputs["AUX_DEM"]}
    spans = "".join(
        f"<Time_Interval><Start>{day}_000000</Start><Stop>{day}_000001</Stop><File_Name>{path}</File_Name></Time_Interval>"
        for path, day in zip(both["S2"], ("20240105", "20231201"), strict=True)
    )
    text = generic(both, {"LSC_MAP": ("Directory", "ALL")}).replace(
        '<List_of_Time_Intervals count="0">', f'<List_of_Time_Intervals count="2">{spans}', 1
    )
    configure(folder, old='S2_PRE = "pre"\nS2_POST = "post"', new='S2 = ["pre", "post"]')
    config = (folder / "landslip-ipf.toml").read_text().replace('"confidence.tif"', '"folder"')
    (folder / "landslip-ipf.toml").write_text(config)
    assert run(["joborder", str(write_order(folder, text))]) == 0
    record = json.loads((folder / "ALL" / "run.json").read_text())
    paths = {entry["role"]: entry["path"] for entry in record["inputs"]}
    assert (paths["pre"], paths["post"]) == (str(inputs["S2_PRE"][0]), str(inputs["S2_POST"][0]))
    assert "2024-01-05" in json.dumps(record)


@pytest.mark.parametrize("where", ["option", "beside", "order", "user"])
def test_where_the_configuration_lies(scene, where, monkeypatch, tmp_path_factory):
    folder, inputs = scene
    away = tmp_path_factory.mktemp("config")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(away))
    other = folder / "named.toml"
    config = (folder / "landslip-ipf.toml").read_text().replace("model.onnx", str(folder / "model.onnx"))
    (folder / "landslip-ipf.toml").write_text("broken" if where == "option" else config)
    if where in {"option", "order"}:
        other.write_text(config)
    if where in {"order", "user"}:
        (folder / "landslip-ipf.toml").unlink()
    if where == "user":
        (away / "landslip").mkdir()
        (away / "landslip" / "landslip-ipf.toml").write_text(config)
    named = f"<Conf_File_Name>{other}</Conf_File_Name>" if where == "order" else ""
    order = write_order(folder, generic(inputs, OUT, conf=named))
    options = ["--config", str(other)] if where == "option" else []
    assert run(["joborder", "--check", *options, str(order)]) == 0


def test_wrong_usage_fails_as_well(capsys):
    assert run(["joborder"]) == 130
    assert run(["joborder", "--nonsense", "x"]) == 130
    assert run(["joborder", "a", "b"]) == 130
    assert [each[4] for each in lines(capsys.readouterr().err)] == ["E"] * 3


def test_json_where_it_is_asked_for(scene, capsys):
    folder, inputs = scene
    order = write_order(folder, generic(inputs | {"S2_POST": ["no.tif"]}, OUT))
    assert run(["--log-format", "json", "joborder", str(order)]) == 131
    captured = capsys.readouterr()
    for stream in (captured.out, captured.err):
        said = [json.loads(line) for line in stream.splitlines()]
        assert (said[-1]["code"], said[-1]["job"], said[-1]["level"]) == (131, "4711", "error")


IPF = "import sys; from landslip.runtime.cli.ipf import main; sys.argv[0] = 'landslip-ipf'; main()"


def ipf(*words, code=IPF):
    return subprocess.run([sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["4711.xml", "pre.tif", "model.onnx", "landslip-ipf.toml"])
@pytest.mark.parametrize("check", [["--check"], []])
def test_what_an_order_reads_is_never_replaced(scene, name, check, capsys):
    folder, inputs = scene
    configure(folder, "overwrite = true\n")
    order = write_order(folder, generic(inputs, {"LSC_MAP": ("Physical", name)}))
    order = order.rename(folder / "4711.xml")
    before = (folder / name).read_bytes()
    assert run(["joborder", *check, str(order)]) == 131
    assert (folder / name).read_bytes() == before
    assert "is a file that it reads" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", [1, 2])
def test_lines_for_a_stream_that_is_closed_go_nowhere(scene, closed):
    folder, inputs = scene
    order = write_order(folder, generic(inputs, OUT))
    command = ["sh", "-c", f'exec "$@" {closed}>&-', "sh", sys.executable, "-c", IPF, str(order), "--check"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0
    said = lines(ended.stderr if closed == 1 else ended.stdout)
    assert [each[5] for each in said].count(f"checked: {folder / 'MAP.tif'}") == 1
    assert (ended.stdout if closed == 1 else ended.stderr) == ""


def test_a_mistake_of_ours_is_said_with_its_end(scene):
    folder, inputs = scene
    order = write_order(folder, generic(inputs, OUT))
    name = "long" * 750
    code = (
        "from landslip.runtime.joborder import order_run\n"
        f"def {name}(*_): return [][0]\n"
        f"order_run.planned_tasks = lambda *_: {name}()\n"
    )
    ended = ipf(order, code=code + IPF)
    assert ended.returncode == 129
    assert lines(ended.stderr)[-1][5].endswith("IndexError: list index out of range")


def test_the_command_of_management_layers():
    assert ipf("--help").returncode == 0
    version = ipf("--version")
    assert (version.returncode, version.stdout.startswith("landslip-ipf ")) == (0, True)
    assert ipf().returncode == 130


def test_a_broken_installation_is_no_success():
    broken = "import sys; sys.modules['landslip.runtime.cli.main'] = None; " + IPF
    assert ipf("x.xml", code=broken).returncode == 129


ENDED = """
import os, signal, sys, time
from landslip.runtime.cli.ipf import main
from landslip.runtime.joborder import order_run
from landslip.runtime.errors import OutputError

def work(*args, **options):
    os.write(1, b"ready\\n")
    {what}

order_run.map_scene = work
signal.signal(signal.SIGINT, signal.default_int_handler)
main()
"""
ENDS = {
    "killed": ("os.kill(os.getpid(), signal.SIGKILL)", None, 129),
    "crashed": ("os.abort()", None, 129),
    "out of memory": ("raise MemoryError", None, 132),
    "a mistake of ours": ("raise TypeError('oops')", None, 129),
    "a full disk": ("raise OutputError('The disk is full.')", None, 129),
    "interrupted": ("time.sleep(60)", signal.SIGINT, 130),
    "terminated": ("time.sleep(60)", signal.SIGTERM, 143),
    "deaf": ("signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)", signal.SIGTERM, 143),
}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals and processes of POSIX")
@pytest.mark.parametrize("kind", ENDS)
def test_every_other_end_is_a_failure_too(scene, kind):
    folder, inputs = scene
    what, sent, code = ENDS[kind]
    order = write_order(folder, generic(inputs, OUT, level="ERROR"))
    before = names(folder)
    command = [sys.executable, "-c", ENDED.format(what=what), str(order)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        if sent:
            process.send_signal(sent)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    said = lines(err)
    assert said[-1][1:5] == ("LSL_PF", "01.02", "LANDSLIDE_MAP", "E")
    assert [name for name in names(folder) if not name.startswith(".landslip-partial")] == before


def test_one_order_is_carried_out_by_one_process(scene, capsys):
    folder, inputs = scene
    order = write_order(folder, generic(inputs, OUT))
    hidden = folder / ".landslip-partial-ipf-4711"
    hidden.mkdir()
    with open_locked(hidden / "lock"):
        assert run(["joborder", str(order)]) == 130
        assert hidden.exists()
    assert "by another process" in capsys.readouterr().err
    assert run(["joborder", str(order)]) == 0
    assert not hidden.exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals and processes of POSIX")
def test_an_order_that_was_killed_is_carried_out_the_next_time(scene):
    folder, inputs = scene
    order = write_order(folder, generic(inputs, OUT))
    before = names(folder)
    killed = ENDED.replace("order_run.map_scene = work", "order_run.publish = work")
    command = [sys.executable, "-c", killed.format(what="os.kill(os.getpid(), signal.SIGKILL)"), str(order)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 129
    assert names(folder) == [".landslip-partial-ipf-4711", *before]
    assert run(["joborder", str(order)]) == 0
    assert names(folder) == sorted([*before, "MAP.tif", "4711.LIST"])


def test_the_script_is_installed():
    scripts = (Path(__file__).parents[3] / "pyproject.toml").read_text(encoding="utf-8")
    assert 'landslip-ipf = "landslip.runtime.cli.ipf:main"' in scripts
