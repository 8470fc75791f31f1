"""The demo: from nothing to a scored map, with the model that is shipped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pyogrio.raw
import pytest
import rasterio
import shapely

from helpers.results import names_of_results
from landslip.models.demo.embedded import DEMO_MODEL, run_demo
from landslip.runtime.cli.main import run
from landslip.runtime.errors import InputMissingError, UsageError
from landslip.runtime.scoring.confusion import Scores
from landslip.runtime.scoring.score_run import score, score_map

pytest.importorskip("onnxruntime")

SMALL = ["--size-km", "2.4", "--seed", "9002"]


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return run_demo(tmp_path_factory.mktemp("demo"), seed=9002, size_km=2.4)


def test_all_products_are_there(result):
    out = result.map_folder.parent
    made = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    scene = {f"scene/{name}" for name in ("pre.tif", "post.tif", "dem.tif", "clouds.tif", "truth.gpkg")}
    names = ("confidence.tif", "confidence.qml", "landslides.gpkg", "quicklook.png", "run.json", result.record["item"])
    products = {f"map/{name}" for name in names}
    assert made == scene | products | {"scores.json"}


def test_scores_are_those_of_the_map(result):
    assert result.scores.matrix == score_map(result.map_folder / "confidence.tif", result.event.truth).matrix
    written = json.loads((result.map_folder.parent / "scores.json").read_text())
    assert written == {"seed": 9002, "size_km": 2.4, **result.scores.as_dict()}
    with rasterio.open(result.map_folder / "confidence.tif") as dataset:
        assert result.scores.pixels == (dataset.read(1) != 255).sum()


def test_landslides_are_scored_as_the_geopackage_has_them(result):
    counts = result.scores.landslides
    assert counts.mapped == result.record["landslides"]
    assert counts.known + counts.not_observed == result.scores.inventory.polygons
    outlines = pyogrio.raw.read(result.map_folder / "landslides.gpkg", layer="landslides", columns=[])[2]
    truth = shapely.union_all(shapely.from_wkb(pyogrio.raw.read(result.event.truth, columns=[])[2]))
    shares = [outline.intersection(truth).area / outline.area for outline in shapely.from_wkb(outlines)]
    assert counts.right == pytest.approx(sum(share > 0 for share in shares), abs=1)  # of a pixel the centre counts
    assert counts.right_half == pytest.approx(sum(share >= 0.5 for share in shares), abs=1)


def test_a_map_agrees_with_its_own_landslides(result):
    found = score(result.map_folder, result.map_folder / "landslides.gpkg")
    assert found.inventory.layer == "landslides"
    assert (found.landslides.f1, found.landslides.f1_half, found.recall) == (1, 1, 1)
    assert found.landslides.known == found.landslides.mapped == result.record["landslides"]
    assert found.areas.known == pytest.approx(result.record["landslide_km2"], rel=1e-5)
    assert found.areas.mapped == pytest.approx(result.record["above_threshold_km2"], rel=1e-9)
    assert found.areas.observed == pytest.approx(result.record["observed_km2"], rel=1e-9)


def test_the_shipped_model_finds_landslides_in_a_scene_it_has_never_seen(result):
    assert result.scores.mcc > 0.7
    assert result.record["landslides"] > 3


@pytest.mark.slow
@pytest.mark.parametrize("seed", [9001, 9002, 9003, 9004])
def test_the_figures_of_the_model_card(tmp_path, seed):
    scores = run_demo(tmp_path, seed=seed).scores
    assert scores.mcc >= 0.75
    card = (DEMO_MODEL.parent / "MODEL_CARD.md").read_text(encoding="utf-8")
    row = next(line for line in card.splitlines() if line.startswith(f"| {seed} |")).split("|")
    printed = [float(cell) for cell in row[2:6]]
    assert printed == pytest.approx([scores.precision, scores.recall, scores.f1, scores.mcc], abs=0.01)


def test_the_shipped_files_are_small_and_say_what_they_are_not_for():
    files = list(DEMO_MODEL.parent.iterdir())
    assert {"demo.hdf5", DEMO_MODEL.name, f"{DEMO_MODEL.name}.json", "MODEL_CARD.md"} <= {path.name for path in files}
    assert sum(path.stat().st_size for path in files) < 10_000_000
    assert "not for real events" in (DEMO_MODEL.parent / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_the_command_says_what_it_did_and_prints_its_files(tmp_path, capsys, caplog):
    caplog.set_level("INFO", "landslip")
    out = tmp_path / "out"
    assert run(["demo", str(out), *SMALL]) == 0
    assert "MCC" in caplog.text
    made = [out / "map" / name for name in names_of_results(out / "map")]
    assert sorted(capsys.readouterr().out.splitlines()) == sorted(map(str, [*made, out / "scores.json"]))


def test_the_command_prints_json(tmp_path, capsys):
    assert run(["--quiet", "demo", str(tmp_path), *SMALL, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["scores"].keys() >= {*Scores().as_dict(), "landslides", "by_size", "thresholds", "truth"}
    assert told["run"]["model"]["name"]


def test_results_are_replaced_only_when_asked_to(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="overwrite=True"):
        run_demo(tmp_path, size_km=1.5)
    assert run(["demo", str(tmp_path)]) == 2
    first = run_demo(tmp_path, seed=9002, size_km=1.5, overwrite=True)
    second = run_demo(tmp_path, seed=9003, size_km=1.5, overwrite=True)
    assert first.scores != second.scores
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_impossible_demos_are_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UsageError, match="1 to 200 km"):
        run_demo(tmp_path / "a", size_km=0.5)
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="is a file"):
        run_demo(tmp_path / "file")
    with pytest.raises(InputMissingError):
        run_demo(tmp_path / "b", model=tmp_path / "none.onnx")
    assert {path.name for path in tmp_path.iterdir()} == {"file"}


def test_the_demo_needs_no_training_software():
    program = (
        "import sys; import landslip.models.cli.demo; "
        "print(*sorted({'tensorflow', 'tf_keras', 'keras', 'onnx', 'torch', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.home())
    assert done.stdout.strip() == ""
