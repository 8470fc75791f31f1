"""From files to a file: everyone maps the same scene, and the report says who was not measured."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter

import numpy as np
import pytest
import rasterio

from helpers.engines import SPEC, mixing_engine
from helpers.rasters import scene_on_grid
from landslip.benchmarks.baselines.peer_scene import PeerScene, percent_of, read_stacked, write_percent, write_stacked
from landslip.benchmarks.measuring.map_process import said_by
from landslip.benchmarks.measuring.timing import Timing
from landslip.benchmarks.scenes.grid_scene import edge_of
from landslip.benchmarks.studies.peer_contestants import ALONE, DECODED, LANDSLIP, contestants, installed, whole_tiles
from landslip.benchmarks.studies.peer_memory import memory_findings, peaks
from landslip.benchmarks.studies.peers_race import PeersBench, Race, measure_peers, speed_findings
from landslip.runtime.cli.main import run
from landslip.runtime.engines import FakeEngine
from landslip.runtime.errors import LandslipError, UsageError

ALL = contestants()
HEIGHT, WIDTH = edge_of(3, 224, 0.5), edge_of(4, 224, 0.5)
# What peers warn of when they are imported and run is theirs.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.filterwarnings("error:::landslip")]


def needs_its_package(contestant):
    return pytest.param(
        contestant,
        id=contestant.name,
        marks=[
            pytest.mark.skipif(contestant.version is None, reason=f"{contestant.package} is not installed"),
            *([] if contestant.package == "landslip" else [pytest.mark.slow]),
        ],
    )


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scene")
    files = scene_on_grid(folder, HEIGHT, WIDTH)
    write_stacked(files, SPEC.inputs, folder / "stacked.tif")
    return PeerScene(files, folder / "stacked.tif")


def mapped_by(contestant, scene, engine, folder):
    path = folder / contestant.name / "confidence.tif"
    path.parent.mkdir(exist_ok=True)
    contestant.load()(scene, path, engine, contestant.batch)
    with rasterio.open(path) as dataset:
        assert (dataset.count, dataset.dtypes[0]) == (1, "uint8")
        with rasterio.open(scene.place) as place:
            assert dataset.transform == place.transform
            assert dataset.crs == place.crs
        return dataset.read(1)


@pytest.mark.parametrize("contestant", [needs_its_package(each) for each in ALL])
def test_everyone_maps_what_the_predictor_says(contestant, scene, tmp_path):
    # The default of FakeEngine depends on the place alone, not on the tile it lies in: whatever blends, it is the map.
    with rasterio.open(dict(scene.files.roles())["post"]) as dataset:
        expected = dataset.read(1) / 255 * 100
    percent = mapped_by(contestant, scene, FakeEngine(SPEC), tmp_path)
    rows, cols = contestant.mapped(HEIGHT), contestant.mapped(WIDTH)
    inside = percent[rows, cols][24:-24, 24:-24]  # geoai's weights all but vanish at corners
    assert inside.size > 0.15 * percent.size
    ahead = expected[rows, cols][24:-24, 24:-24] - inside
    assert ahead.min() > -0.01
    assert ahead.max() < 1.01


@pytest.mark.parametrize("contestant", [needs_its_package(each) for each in ALL])
def test_tiles_are_counted_and_lie_where_it_says(contestant, scene, tmp_path):
    seen = Counter()

    def count(batch):
        seen["tiles"] += len(batch["slope"])
        return np.zeros_like(batch["slope"])

    mapped_by(contestant, scene, FakeEngine(SPEC, count), tmp_path)
    # The last batch may be filled up.
    assert 0 <= seen["tiles"] - contestant.tiles(HEIGHT, WIDTH) < contestant.batch


def test_everyone_lays_tiles_over_what_it_maps():
    for each in ALL:
        for length in (HEIGHT, 1120, 1300):
            reached = np.zeros(length, bool)
            for start in each.starts(length):
                reached[max(0, start + each.kept[0]) : start + each.kept[1]] = True
            mapped = np.zeros(length, bool)
            mapped[each.mapped(length)] = True
            assert (reached == mapped).all()
            assert all(each.mapped(length).start < border < each.mapped(length).stop for border in each.borders(length))
    by_name = {each.name: each for each in ALL}
    assert by_name[LANDSLIP].borders(448) == [112, 224, 336]
    assert by_name["published loop"].borders(451) == [169, 281]
    assert by_name["published loop"].mapped(451) == slice(57, 393)
    assert by_name["TerraTorch"].borders(336) == [112, 128, 208, 320]


def test_seams_of_the_published_loop_are_where_it_says(scene, tmp_path):
    loop = next(each for each in ALL if each.name == "published loop")
    percent = mapped_by(loop, scene, mixing_engine(), tmp_path).astype(int)
    cols = loop.mapped(WIDTH)
    assert not percent[:, : cols.start].any()
    assert percent[loop.mapped(HEIGHT), cols].all()
    assert not percent[:, cols.stop :].any()


def test_stacked_bands_are_those_of_the_files(scene):
    with rasterio.open(scene.stacked) as dataset:
        assert (dataset.count, dataset.dtypes[0], dataset.shape) == (8, "float32", (HEIGHT, WIDTH))
        np.testing.assert_array_equal(dataset.read(), read_stacked(scene.files, SPEC.inputs))


def test_percent_is_truncated():
    assert percent_of(np.float32([[0, 0.009, 0.5, 0.999, 1]])).tolist() == [[0, 0, 50, 99, 100]]


def test_a_map_lies_where_its_scene_does(scene, tmp_path):
    percent = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)
    write_percent(percent, scene.place, tmp_path / "map.tif")
    with rasterio.open(tmp_path / "map.tif") as dataset, rasterio.open(scene.place) as place:
        assert dataset.bounds == place.bounds
        np.testing.assert_array_equal(dataset.read(1), percent)


def test_edges_are_whole_tiles():
    assert [whole_tiles(size) for size in (448, 559, 560, 10_000)] == [448, 448, 560, 9968]
    with pytest.raises(UsageError) as error:
        whole_tiles(447)
    assert error.value.option == "size"


def test_who_is_not_installed_is_named(monkeypatch, caplog):
    monkeypatch.setattr("landslip.benchmarks.studies.peer_contestants.version", only_landslip)
    taking_part, left_out = installed()
    assert [each.name for each in taking_part] == [LANDSLIP, ALONE, "published loop"]
    assert {"MONAI", "geoai", "TerraTorch", "torchgeo"} <= set(left_out)
    assert "bench-peers" in left_out["geoai"]
    assert "geoai is not measured" in caplog.text


def only_landslip(package):
    from importlib.metadata import PackageNotFoundError

    if package != "landslip":
        raise PackageNotFoundError(package)
    return "0"


def test_speeds_tell_what_their_repeats_differ_by_and_memory_is_no_matter_of_load():
    timings = {
        LANDSLIP: Timing((1.0, 1.0), 1.0),
        ALONE: Timing((0.5, 0.5), 1.0),
        "A, B": Timing((2.0, 4.0), 1.0),
        "C": Timing((5.0, 5.0), 1.0),
    }
    found = dict(speed_findings("race", Race(1, timings, {})))
    assert list(found) == [
        "race_vs_fastest_peer",
        "race_confidence_alone_vs_fastest_peer",
        "race_vs_a_b",
        "race_vs_c",
    ]
    alone = found["race_confidence_alone_vs_fastest_peer"]
    assert (alone.value, alone.spread) == (6, pytest.approx(4 / 6))
    assert (found["race_vs_fastest_peer"].value, found["race_vs_fastest_peer"].spread) == (3, pytest.approx(2 / 3))
    assert (found["race_vs_c"].value, found["race_vs_c"].spread) == (5, 0)
    (memory,) = dict(memory_findings({LANDSLIP: {"peak": 1}, "A": {"peak": 4}, "B": {"peak": 2}})).values()
    assert (memory.value, memory.timed) == (0.5, False)


@pytest.mark.slow
def test_a_race_has_every_figure_with_the_published_loop_alone(monkeypatch, tmp_path):
    monkeypatch.setattr("landslip.benchmarks.studies.peer_contestants.version", only_landslip)
    report = measure_peers(PeersBench(size=600, seconds=0.1, repeats=1), tmp_path)
    empty, full, maps, memory, left_out = report.tables
    assert [row[0] for row in empty.rows] == [LANDSLIP, ALONE, "published loop", DECODED]
    assert [row[0] for row in full.rows] == [LANDSLIP, ALONE, "published loop", DECODED]
    for table in (maps, memory):
        assert [row[0] for row in table.rows] == [LANDSLIP, "published loop"]
    assert empty.rows[0][4:] == (1, 1, 1)
    assert maps.rows[0][1:3] == (1, 0)
    assert 0 < maps.rows[1][1] < 1
    assert 0 < maps.rows[1][3] < 1 == maps.rows[0][3]
    assert "geoai" in dict(left_out.rows)
    findings = {key: finding.value for key, finding in report.findings.items()}
    assert findings["files_to_files_vs_fastest_peer"] == findings["files_to_files_vs_published_loop"] > 0
    assert findings["files_to_files_decoding_alone_vs_fastest_peer"] > findings["files_to_files_vs_fastest_peer"]
    assert findings["files_to_files_confidence_alone_vs_fastest_peer"] > 0
    assert findings["files_to_files_with_network_vs_fastest_peer"] > 0
    assert findings["files_to_files_with_network_confidence_alone_vs_fastest_peer"] > 0
    assert findings["peak_memory_vs_leanest_peer"] == pytest.approx(memory.rows[0][1] / memory.rows[1][1])
    assert [path.suffix for path in report.write(tmp_path / "report")] == [".json", ".md"]


def test_networks_of_another_kind_are_refused(capsys):
    assert run(["bench", "peers", "--memory", "-m", "model.onnx"]) == 2
    assert "leave --model out" in capsys.readouterr().err


@pytest.mark.slow
def test_memory_is_that_of_processes(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("landslip.benchmarks.studies.peer_contestants.version", only_landslip)
    assert run(["bench", "peers", "--memory", "--size", "448", "-o", str(tmp_path)]) == 0
    report = json.loads((tmp_path / "peers-memory.json").read_text())
    assert capsys.readouterr().out == (tmp_path / "peers-memory.md").read_text()
    assert [row[0] for row in report["tables"][0]["rows"]] == [LANDSLIP, "published loop"]
    assert all(0 < beyond < peak for _, peak, _, beyond in report["tables"][0]["rows"])
    assert report["findings"]["peak_memory_vs_leanest_peer"]["value"] > 0


def test_who_fails_for_want_of_memory_is_named(monkeypatch, tmp_path):
    def say(module, arguments, what, *, lean):
        assert lean is (arguments[0] == LANDSLIP)
        if arguments[0] == failing:
            raise LandslipError(f"{what} failed: killed")
        return {"imports": 1, "peak": 2}

    failing = "MONAI"
    monkeypatch.setattr("landslip.benchmarks.studies.peer_memory.said_by", say)
    taken, failed = peaks(tmp_path, ALL)
    assert failed == {"MONAI": "The map by MONAI failed: killed"}
    assert set(taken) == {each.name for each in ALL} - {"MONAI"}
    failing = LANDSLIP
    with pytest.raises(LandslipError, match="landslip map failed"):
        peaks(tmp_path, ALL)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_a_process_that_was_killed_is_said_to_lack_memory(tmp_path, monkeypatch):
    (tmp_path / "killed_one.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(LandslipError, match="The map failed: killed, as where the memory"):
        said_by("killed_one", [], "The map", lean=False)
