"""The throughput report holds what it promises; how fast anything is does not matter here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.engines import constant_engine
from helpers.exports import write_artifact, write_export
from landslip.benchmarks.measuring.raw_engine import RawEngine
from landslip.benchmarks.studies.contest import contest, ratio_table, run_table
from landslip.benchmarks.studies.contestants import Contestant, Tiling
from landslip.benchmarks.studies.entrants import Bench, has_monai
from landslip.benchmarks.studies.gated_variants import gate_objections
from landslip.benchmarks.studies.throughput import measure_throughput
from landslip.benchmarks.studies.variants import variants_of
from landslip.runtime.cli.main import run

pytestmark = pytest.mark.slow

QUICK = {"batch": 2, "seconds": 0.02, "empty_km": 2.0, "repeats": 1, "published_tiles": 4, "batches": (1, 2)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Artifacts in two precisions, without a network to speak of."""
    place = write_export(tmp_path_factory.mktemp("model"))
    write_artifact(place, "test.int8.onnx", "int8")
    return place


@pytest.fixture(scope="module")
def report(folder, tmp_path_factory):
    """All that needs neither Keras nor MONAI."""
    return measure_throughput(Bench(folder, absolute=True, **QUICK), tmp_path_factory.mktemp("scenes"))


def test_maps_and_engines_are_compared_in_one_run(report):
    names = [row[0] for row in report.tables[0].rows]
    assert len(set(names)) == len(names)
    assert {"onnxruntime fp32 alone", "openvino int8 alone", "landslip map, onnxruntime fp32"} <= set(names)
    best = report.settings["best"].partition(":")[0]
    assert {f"landslip map, {best}, fast", f"{best} alone, fast"} <= set(names)
    assert {"fast_vs_faithful_km2", "fast_map_vs_engine", "balanced_map_vs_engine"} <= report.findings.keys()
    assert "map_vs_engine_onnxruntime_fp32" in report.findings
    assert all(finding.value > 0 for finding in report.findings.values())
    ours = next(row for row in report.tables[1].rows if row[0] == "landslip map without a network")
    assert ours[5] == 9


def test_the_best_is_within_its_gate(report):
    assert "within the gate" in report.settings["best"]
    assert "not_the_best" not in report.settings


def test_what_misses_its_gate_or_has_none_is_not_the_best(tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    for place, error in ((good, 0.0), (bad, 0.3)):
        place.mkdir()
        write_export(place, error=error)
    fine, bent = ([each for each in variants_of(place) if each.precision == "fp32"] for place in (good, bad))
    assert gate_objections(good, fine) == {}
    missed = gate_objections(bad, bent)
    assert set(missed) == set(bent)
    assert all("0.3" in said for said in missed.values())
    (good / "test.reference.npz").unlink()
    assert all("nothing to compare" in said for said in gate_objections(good, fine).values())


def test_what_was_left_out_is_said(report):
    assert "--hdf5" in report.settings["left_out"]["published loop"]
    assert report.settings["energy"]


def test_the_base_of_the_ratios_is_one(report):
    table = report.tables[0]
    base = table.title.rsplit(": ", 1)[1]
    row = next(row for row in table.rows if row[0] == base)
    assert row[7:11] == (1, 1, 1, 1)


def test_shares_are_of_the_wall_clock(report):
    table = next(table for table in report.tables if "share" in table.title)
    assert {"read", "infer", "stitch"} <= set(table.columns)
    assert all(0 <= share < 1.05 for row in table.rows for share in row[1:])


@pytest.mark.tensorflow
def test_all_that_targets_ask_for_is_found(folder, tmp_path):
    pytest.importorskip("torch")
    pytest.importorskip("monai")
    from landslip.models.keras.standin import write_standin

    source = tmp_path / "standin.hdf5"
    write_standin(source, width=1 / 8, optimizer_slots=False, damped=True)
    report = measure_throughput(Bench(folder, source, **QUICK), tmp_path)
    assert set(report.findings) >= {
        "best_int8_vs_published_tiles",
        "best_vs_published_in_its_best_batch_tiles",
        "best_preset_vs_published_km2",
        "map_vs_engine_onnxruntime_fp32",
        "tiles_and_blending_vs_monai",
        "onnxruntime_fp32_map_vs_monai",
    }
    loops = {row[0]: (row[4], row[5]) for row in report.tables[0].rows if row[0].startswith("published loop")}
    assert loops["published loop"] == (1, 4)
    assert loops.items() <= {"published loop": (1, 4), "published loop, batches of 2": (2, 4)}.items()
    runs = next(table for table in report.tables if "single runs" in table.title)
    assert [row[0] for row in runs.rows] == list(loops)
    for _name, count, tiles, slowest, slower, faster, fastest in runs.rows:
        assert count > 1
        assert tiles == 4
        assert slowest <= slower <= 1 <= faster <= fastest


def test_the_command_writes_report_and_pictures(folder, tmp_path, capsys):
    out, quick = tmp_path / "results", ["--seconds", "0.02", "--repeats", "1", "--size-km", "2"]
    assert run(["bench", "throughput", "-m", str(folder / "test.fp32.onnx"), *quick, "-o", str(out)]) == 0
    assert {path.suffix for path in out.iterdir()} == {".md", ".json", ".png"}
    page = capsys.readouterr().out
    assert "Findings" in page
    assert "On this machine, now" not in page  # absolute figures come on demand only


def test_energy_is_told_per_square_kilometre_where_there_is_a_meter():
    class Counter:
        total = 0.0

        def joules(self):
            return self.total

    meter = Counter()

    def work():
        meter.total += 6.0
        return 4.0

    raw = Contestant("alone", Tiling(224, 0.5, 4), work, lambda: 3.0, "nothing")
    results = contest([[raw]], 3, meter)
    assert results["alone"].joules == (6, 6, 6)
    assert ratio_table("", results, "alone").rows[0][-1] == 2
    assert contest([[raw]], 1)["alone"].joules_per_km2 is None


def test_yardsticks_run_between_groups():
    ran = []

    def contestant(name):
        return Contestant(name, Tiling(224, 0.5, 1), lambda: ran.append(name) or 1.0, lambda: 1.0, "")

    results = contest([[*map(contestant, group)] for group in ("AB", "CD")], 2, yardsticks=[contestant("loop")])
    assert ran == ["loop", *"AB", "loop", *"CD", "loop", *"DC", "loop", *"BA"]
    assert list(results) == ["loop", *"ABCD"]
    assert [row[:3] for row in run_table("", results).rows] == [("loop", 4, 1)]


def test_a_raw_engine_keeps_the_time_of_every_call():
    raw = RawEngine(constant_engine(0.5), 3, 64)
    assert raw.rate() == raw.rate() > 0
    assert raw.calls_in(1e-9) == 1
    assert raw.run(4) + raw.run(2) == 18
    assert len(raw.timing.seconds) == 6
    assert raw.timing.work == 3


@pytest.mark.tensorflow
@pytest.mark.skipif(not has_monai(), reason="needs MONAI and torch")
def test_monai_and_tensorflow_live_in_one_process():
    code = "from landslip.benchmarks.studies.entrants import load_monai; load_monai(); import tensorflow"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
