"""The command line as its users meet it: exit codes, one sentence for each mistake, nothing left behind."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys

import pytest
import rasterio
from rasterio.warp import transform_bounds

from helpers.models import brightness_model
from helpers.quantised import write_small_int8
from helpers.rasters import LEFT, TOP, rgb, scene_mixed, write
from helpers.results import names_of_results
from landslip.runtime.cli.main import run
from landslip.runtime.system.drafts import PARTIAL

HEAVY = ("tensorflow", "keras", "tf_keras", "onnx", "torch", "matplotlib", "h5py", "tf2onnx")


@pytest.fixture
def scene(tmp_path):
    files = scene_mixed(tmp_path)
    model = brightness_model(tmp_path / "model.onnx")
    arguments = {
        "-m": model, "--pre": files.pre, "--post": files.post, "--dem": files.dem,
        "--mask": files.masks[0], "-o": tmp_path / "out", "--tile": 64,
    }  # fmt: skip
    return tmp_path, arguments


def command(arguments, *more):
    return ["map", *(str(part) for pair in arguments.items() if pair[1] for part in pair), *more]


def test_a_map_from_the_command_line(scene, capsys):
    folder, arguments = scene
    assert run(command(arguments)) == 0
    assert str(folder / "out" / "landslides.gpkg") in capsys.readouterr().out.splitlines()
    assert sorted(path.name for path in (folder / "out").iterdir()) == names_of_results(folder / "out")


def test_verbose_says_what_is_mapped_and_where_the_time_goes(scene, caplog):
    _, arguments = scene
    caplog.set_level(logging.DEBUG, "landslip")  # as -v sets it, where tests have handlers of their own
    assert run(["-v", *command(arguments)]) == 0
    details = [record.getMessage() for record in caplog.records if record.levelno == logging.DEBUG]
    assert all(any(line.startswith(start) for line in details) for start in (
        "landslip ", f"input pre: {arguments['--pre']}", "grid: ", "tiles: ", "checkpoint: ", "seconds ",
    ))  # fmt: skip


@pytest.mark.slow
def test_kernels_that_are_compiled_are_announced(scene, tmp_path):
    _, arguments = scene
    code = "from landslip.runtime.cli.main import main; main()"
    said = [
        subprocess.run(
            [sys.executable, "-c", code, *command(arguments | {"-o": tmp_path / f"out-{number}"})],
            capture_output=True, text=True, check=True, env=os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "kernels")},
        ).stderr.count("compiling loops for this machine")
        for number in range(2)
    ]  # fmt: skip
    assert said == [1, 0]


@pytest.mark.parametrize(
    ("record", "warned"), [({"sha256": "0" * 64}, True), (None, False), ({}, False), ("damaged", False)]
)
def test_a_model_that_is_not_the_one_of_its_record_is_told(scene, caplog, record, warned):
    folder, arguments = scene
    (folder / "model.onnx.json").write_text(json.dumps({"artifact": record}))
    assert run(command(arguments)) == 0
    assert ("is not the file that model.onnx.json was written for" in caplog.text) == warned


def test_json_goes_to_stdout(scene, capsys):
    folder, arguments = scene
    assert run(command(arguments, "--json")) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((folder / "out" / "run.json").read_text())


def test_tiles_and_classes_from_the_command_line(scene, capsys):
    folder, arguments = scene
    with rasterio.open(arguments.pop("--dem")) as dataset:
        whole = dataset.read(1)
    west, east = (
        write(folder / f"{name}.tif", whole[:, part], 30.0, left=LEFT - 300 + 30 * part.start, top=TOP + 300)
        for name, part in (("west", slice(0, 60)), ("east", slice(59, None)))
    )
    more = ["--dem", str(west), "--dem", str(east), "--dem-nodata", "0", "--fill-voids", "--mask-values", "1,8-10"]
    assert run(command(arguments, *more, "--json")) == 0
    record = json.loads(capsys.readouterr().out)
    unchanged = {"bands": [1, 2, 3], "stretch": {"rule": "unchanged"}}
    assert record["reading"] == {
        "images": {"pre": unchanged, "post": unchanged},
        "elevation": {"tiles": 2, "nodata": [0.0], "voids": "filled up to 20 pixels"},
        "masks": ["classes 1,8-10"],
        "mask_values": "1,8-10",
    }
    assert [entry["path"] for entry in record["inputs"] if entry["role"] == "dem"] == [str(west), str(east)]


@pytest.mark.parametrize("given", ["--aoi {0}", "--aoi={0}", "--scene {1}"])
@pytest.mark.parametrize("dry", [True, False])
def test_a_box_in_degrees_is_an_area_of_interest(scene, capsys, given, dry):
    folder, arguments = scene
    with rasterio.open(arguments["--post"]) as dataset:
        west, south, east, north = transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    box = [west, south, (west + east) / 2, north]
    (folder / "area.toml").write_text(f"aoi = {box}\n")
    options = given.format(",".join(map(str, box)), folder / "area.toml").split()
    assert run(command(arguments, *options, "--json", *(["--dry-run"] if dry else []))) == 0
    found = json.loads(capsys.readouterr().out)
    with rasterio.open(arguments["--post"]) as dataset:
        whole = dataset.width * dataset.res[0] / 6.0
    assert 0.4 * whole < found["grid"]["width"] < 0.6 * whole


def test_a_box_west_of_greenwich_is_no_option(scene, capsys):
    _, arguments = scene
    assert run(command(arguments, "--aoi", "-70.5,-20.25,-70.0,-20.0")) == 3
    assert "area of interest" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "key", "given", "says"),
    [
        (["--mask-bits", "0,3-4"], "mask_bits", "0,3-4", "bits 0,3-4"),
        (["--mask-above", "40"], "mask_above", 40.0, "values above 40"),
        (["--mask-below", "0.5"], "mask_below", 0.5, "values below 0.5"),
    ],
)
def test_bits_and_thresholds_of_masks_from_the_command_line(scene, capsys, flags, key, given, says):
    _, arguments = scene
    assert run(command(arguments, *flags, "--json")) == 0
    reading = json.loads(capsys.readouterr().out)["reading"]
    assert (reading[key], reading["masks"]) == (given, [says])


def test_two_ways_of_reading_masks_are_a_wrong_usage(scene, capsys):
    _, arguments = scene
    assert run(command(arguments, "--mask-bits", "3", "--mask-values", "4")) == 2
    said = "--mask-values and --mask-bits all say which values of masks are not usable. Give one of them."
    assert said in capsys.readouterr().err


def test_the_record_tells_what_the_model_is_and_what_it_was_computed_in(scene, capsys):
    _, arguments = scene
    code = run(command(arguments, "--engine", "openvino", "--precision", "bf16", "--json"))
    captured = capsys.readouterr()
    if code == 4:
        assert "does not compute in bf16" in captured.err
        pytest.skip("this CPU does not compute in bf16")
    record = json.loads(captured.out)
    assert record["model"]["precision"] == "fp32"
    assert record["engine"] == {"name": "openvino", "device": "cpu", "precision": "bf16"}


def test_int8_with_bf16_is_what_the_record_says_it_was_computed_in(scene, capsys):
    folder, arguments = scene
    model = write_small_int8(folder / "small.int8.openvino.onnx", "openvino")
    maps = {}
    for precision in ("auto", "int8+bf16"):
        code = run(command(arguments | {"-m": model, "--precision": precision, "-o": folder / precision}, "--json"))
        captured = capsys.readouterr()
        if code == 4:
            assert "does not compute in int8+bf16" in captured.err
            pytest.skip("this CPU does not compute in bf16")
        record = json.loads(captured.out)
        assert record["model"]["precision"] == "int8"
        assert record["engine"]["precision"] == precision.replace("auto", "int8")
        maps[precision] = (folder / precision / "confidence.tif").read_bytes()
    assert maps["auto"] != maps["int8+bf16"]
    again = arguments | {"-m": model, "-o": folder / "int8+bf16"}
    assert run(command(again, "--resume")) == 0  # as the run was started
    assert run(command(again, "--resume", "--precision", "int8")) == 2
    many = arguments | {"-m": model, "--precision": "int8+bf16", "--batch": 1, "-o": folder / "by one"}
    assert run(command(many)) == 0
    assert (folder / "by one" / "confidence.tif").read_bytes() == maps["int8+bf16"]


def test_a_scene_file_takes_the_place_of_options_and_these_of_what_it_says(scene):
    folder, arguments = scene
    (folder / "SCENE.toml").write_text(
        'pre = "pre.tif"\npost = "nowhere.tif"\ndem = "dem.tif"\nmasks = ["mask.tif"]\nresolution = 12.0\n'
    )
    write(folder / "more.tif", rgb(240, 300)[0] // 255, 10.0)
    (folder / "nowhere.tif").touch()
    short = {"-m": arguments["-m"], "--tile": 64, "--scene": folder / "SCENE.toml"}
    assert run(command(short | {"-o": folder / "bad"})) == 3  # the file alone names what is no raster
    besides = {"--post": arguments["--post"], "--mask": folder / "more.tif", "-o": folder / "scene"}
    assert run(command(short | besides)) == 0
    both = arguments | {"-o": folder / "flags", "--resolution": 12}
    assert run(command(both, "--mask", str(folder / "more.tif"))) == 0
    records = {name: json.loads((folder / name / "run.json").read_text()) for name in ("scene", "flags")}
    assert records["scene"]["inputs"] == records["flags"]["inputs"]
    assert records["scene"]["grid"] == records["flags"]["grid"]
    assert records["scene"]["grid"]["transform"][0] == 12
    maps = {name: (folder / name / "confidence.tif").read_bytes() for name in records}
    assert maps["scene"] == maps["flags"]
    assert run(command(short | besides | {"--resolution": 24, "-o": folder / "coarse"})) == 0
    assert json.loads((folder / "coarse" / "run.json").read_text())["grid"]["transform"][0] == 24


def test_a_stac_item_is_a_scene_too(scene):
    folder, arguments = scene
    assets = {role: {"href": f"{role}.tif", "landslip:role": role} for role in ("pre", "post", "dem", "mask")}
    (folder / "event.json").write_text(json.dumps({"type": "Feature", "id": "event", "assets": assets}))
    short = {"-m": arguments["-m"], "--tile": 64, "--scene": folder / "event.json"}
    assert run(command(short | {"-o": folder / "stac"})) == 0
    assert run(command(arguments)) == 0
    maps = [(folder / name / "confidence.tif").read_bytes() for name in ("stac", "out")]
    assert maps[0] == maps[1]


def test_secrets_in_addresses_are_not_shown(scene):
    folder, arguments = scene
    options = {"--pre": "http://user:secret@127.0.0.1:9/pre.tif?sig=secret", "-o": folder / "none"}
    code = "from landslip.runtime.cli.main import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "-v", *command(arguments | options)],
        capture_output=True, text=True, check=False, env=os.environ | {"GDAL_HTTP_RETRY_DELAY": "0.01"},
    )  # fmt: skip
    assert result.returncode == 3
    assert "pre-event image: http://127.0.0.1:9/pre.tif cannot be reached" in result.stderr
    assert "secret" not in result.stderr + result.stdout


BAD = {
    "no scene": ({"--scene": "nowhere.toml"}, 3, "nowhere.toml does not exist"),
    "no item": ({"--scene": "notes.json"}, 3, "notes.json is not in JSON"),
    "missing file": ({"--pre": "nowhere.tif"}, 3, "nowhere.tif does not exist"),
    "not a raster": ({"--pre": "notes.tif"}, 3, "cannot be read as a raster"),
    "no overlap": ({"--post": "far.tif"}, 3, "no area in common"),
    "one band": ({"--post": "grey.tif"}, 3, "has 1 band"),
    "no CRS": ({"--pre": "nowhere_on_earth.tif"}, 3, "no coordinate reference system"),
    "not a landslip model": ({"-m": "foreign.onnx"}, 3, "without a description"),
    "one image twice": ({"--pre": "post.tif"}, 3, "are the same image"),
    "tile": ({"--tile": 100}, 2, "multiple of 32"),
    "overlap": ({"--overlap": 1}, 2, "overlap"),
    "gpu": ({"--device": "cuda"}, 4, "no CUDA support"),
    "no image before": ({"--pre": None}, 2, "takes pre, which is missing. Give --pre."),
    "no terrain": (
        {"--dem": None},
        2,
        "takes hillshade and slope, which are missing. Give --dem (or --hillshade and --slope).",
    ),
    "precision": ({"--precision": "bf16", "--engine": "onnxruntime"}, 4, "in the precision it was exported in"),
    "terrain twice": ({"--slope": "grey.tif"}, 2, "not both"),
    "out is a file": ({"-o": "notes.tif"}, 2, "is a file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_mistakes_get_one_sentence_and_their_exit_code(scene, kind, capsys, monkeypatch):
    folder, arguments = scene
    monkeypatch.chdir(folder)
    (folder / "notes.tif").write_text("not a raster")
    (folder / "notes.json").write_text("{")
    write(folder / "far.tif", rgb(20, 20), 10.0, left=LEFT + 1e5)
    write(folder / "grey.tif", rgb(20, 20)[0], 10.0)
    write(folder / "nowhere_on_earth.tif", rgb(20, 20), 10.0, crs=None)
    brightness_model(folder / "foreign.onnx", None)
    changes, code, words = BAD[kind]
    assert run(command(arguments | changes)) == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert "Traceback" not in captured.err
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert not (folder / "out").exists()


def test_existing_results_are_not_touched(scene, capsys):
    folder, arguments = scene
    (folder / "out").mkdir()
    (folder / "out" / "run.json").write_text("{}")
    assert run(command(arguments)) == 2
    assert "holds results already (run.json)" in capsys.readouterr().err
    assert [path.name for path in (folder / "out").iterdir()] == ["run.json"]
    assert run(command(arguments, "--overwrite")) == 0
    assert json.loads((folder / "out" / "run.json").read_text())["landslide_km2"] > 0


def test_a_terminal_obeys_nothing_that_a_file_or_a_name_says(scene, capsys):
    folder, arguments = scene
    foreign = brightness_model(folder / "foreign.onnx", extra={"landslip.precision": "\x1b[2J" + 100_000 * "x"})
    for changes in ({"-m": folder / "\x1b[2J.onnx"}, {"-m": foreign}, {"--pre": folder / "a\nb.tif"}):
        assert run(command(arguments | changes)) == 3
        err = capsys.readouterr().err
        assert err.startswith("landslip: ")
        assert err[:-1].isprintable()
        assert len(err) < 2100


def test_what_is_logged_is_plain_too(tmp_path):
    code = "import logging, landslip.runtime.cli.main as c; c.run(['demo', '--help']); "
    code += "logging.getLogger('landslip').warning('two\\nlines \\x1b[2J')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stderr == "two\nlines ?[2J\n"


def test_wrong_usage_is_exit_code_2(capsys):
    assert run(["map", "--pre", "x"]) == 2
    assert run(["walk"]) == 2
    assert run(["map", "--protocol", "magic"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_help_names_every_command(capsys):
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("map", "demo", "export", "bench"))


def test_without_an_engine_the_error_says_what_to_install(scene, capsys, monkeypatch):
    _, arguments = scene
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert run(command(arguments)) == 4
    assert "pip install 'landslip[cpu]' or pip install 'landslip[openvino]'" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.slow
def test_ctrl_c_and_sigterm_end_cleanly_and_can_be_gone_on_from(scene, sent, code):
    folder, arguments = scene
    slow = """
import os
import signal
import time
from landslip.runtime.run import run_files
from landslip.runtime.cli.main import main
from landslip.runtime.engines.onnx_runtime import OnnxRuntimeEngine

run_files.INTERVAL = 0.0
infer = OnnxRuntimeEngine.infer

def slowly(self, batch):
    os.write(1, b"busy\\n")  # whole, as lanes write side by side
    time.sleep(0.03)
    return infer(self, batch)

OnnxRuntimeEngine.infer = slowly
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs inherit that it is ignored
main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", slow, *command(arguments, "--batch", "1")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    for _ in range(40):  # two rows of tiles and a half
        assert process.stdout.readline() == b"busy\n"
    process.send_signal(sent)
    _, err = process.communicate(timeout=120)
    assert process.returncode == code
    assert b"interrupted" in err
    assert b"--resume" in err
    assert b"Traceback" not in err
    assert [entry.name for entry in (folder / "out").iterdir()] == [PARTIAL]
    assert run(command(arguments, "--batch", "1", "--resume")) == 0
    assert "resumed_after_row" in json.loads((folder / "out" / "run.json").read_text())


def test_the_runtime_imports_nothing_heavy():
    code = f"""
import sys
import landslip.runtime, landslip.runtime.cli.main, landslip.runtime.mapping.pipeline, landslip.runtime.cli.map
import landslip.models, landslip.models.registry.registry, landslip.models.cli.demo
print([name for name in {HEAVY!r} if name in sys.modules])
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_choices_of_the_command_line_are_those_there_are():
    from landslip.runtime.cli import map as command
    from landslip.runtime.tiling import plan, presets

    assert list(command.PROTOCOLS) == list(plan.PROTOCOLS)
    assert list(command.PRESETS) == list(presets.PRESETS)
    assert command.PRESETS[0] == presets.FAITHFUL


def test_usual_values_of_the_command_line_are_those_of_python():
    from landslip.runtime.cli.map import map_command
    from landslip.runtime.cli.score import score_command
    from landslip.runtime.mapping.request import MapRequest
    from landslip.runtime.run.product_options import ProductOptions
    from landslip.runtime.scoring.given_truth import Truth
    from landslip.runtime.scoring.score_run import MapMade

    def usual(command):
        return {option.name: option.default for option in command.params}

    assert usual(map_command)["min_area"] == MapRequest.min_area == MapMade.min_area
    assert usual(map_command)["report_megabytes"] == ProductOptions.report_megabytes
    assert usual(score_command)["tolerance"] == Truth.tolerance


GDAL = {"rasterio", "pyogrio", "shapely"}


@pytest.mark.parametrize(
    ("does", "spared"),
    [
        (
            "import landslip.runtime.cli.main as c; assert c.run(['--help']) == 0",
            {"numpy", "tqdm", "http.client", *HEAVY},
        ),
        (
            "import landslip.runtime.cli.main as c; assert c.run(['map', '--help']) == 0",
            {"tqdm", "http.client", *HEAVY},
        ),
        ("import landslip.runtime.cli.scene_options", {"tqdm", *HEAVY}),
    ],
)
def test_help_loads_what_it_needs(does, spared):
    code = f"import sys; {does}; print(*set(sys.modules) & {spared | GDAL | {'numba', 'onnxruntime', 'openvino'}})"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == ""


@pytest.mark.skipif(os.name == "nt", reason="limits on file size")
@pytest.mark.parametrize("kibibytes", [1, 30, 60, 90, 120])
def test_a_full_disk_is_a_sentence_and_leaves_nothing(scene, kibibytes):
    folder, arguments = scene
    code = "import resource, sys; from landslip.runtime.cli.main import main; "
    code += f"resource.setrlimit(resource.RLIMIT_FSIZE, ({kibibytes << 10}, {kibibytes << 10})); main()"
    result = subprocess.run(
        [sys.executable, "-c", code, "-q", *command(arguments)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    # libtiff may have written lines of its own before.
    assert result.stderr.splitlines()[-1].startswith("landslip: ")
    assert not (folder / "out").exists()
