"""The command that scores a map: text, JSON, a file, and sentences about what is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from helpers.inventories import pixel_point, write_map, write_truth
from landslip.runtime.cli.main import run
from landslip.runtime.scoring.score_run import score


@pytest.fixture
def files(tmp_path):
    values = np.zeros((60, 60), np.uint8)
    values[10:20, 10:20] = values[40:50, 40:50] = 90
    values[0:4, 0:60] = 255
    return write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "truth.gpkg", [(10, 10, 20, 25)])


def said(capsys, *words):
    assert run(["score", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_people_read_a_table(files, capsys):
    text = said(capsys, files[0], "--truth", files[1])
    assert "precision 0.500, recall 0.667" in text
    assert "1 of 1 known landslides (100 %), 1 (100 %) at least by half; 0 missed" in text
    assert "2 landslides, 1 right (50 %), 1 (50 %) at least by half; 1 false" in text
    assert text.splitlines()[-1].split() == ["from", "100000", *"0000000"]
    assert "0.85" not in text
    assert "\n0.85 " in said(capsys, files[0], "--truth", files[1], "--thresholds")


def test_programs_read_json(files, capsys, tmp_path):
    (tmp_path / "score.json").write_text("old")
    told = json.loads(said(capsys, files[0], "--truth", files[1], "--json", "-o", tmp_path / "score.json"))
    assert told == {"map": str(files[0]), **score(*files).as_dict()}
    assert json.loads((tmp_path / "score.json").read_text()) == told
    assert [path.name for path in tmp_path.glob(".landslip*")] == []


def test_points_and_what_was_left_out_are_said(files, capsys, tmp_path):
    points = [pixel_point(15, 15), pixel_point(30, 30), pixel_point(2, 2), pixel_point(900, 900)]
    write_truth(tmp_path / "p.gpkg", points, kind="Point")
    text = said(capsys, files[0], "--truth", tmp_path / "p.gpkg", "--tolerance", "12", "--thresholds")
    for words in (
        "3 points in the map",
        "1 outside the map.",
        "within 12 m",
        "not scored",
        "1 of 2 known",
        "1 not obs",
    ):
        assert words in text
    assert "Threshold" not in text


def test_no_known_landslide_is_said(files, capsys, tmp_path):
    text = said(capsys, files[0], "--truth", write_truth(tmp_path / "none.gpkg", []))
    assert "no known landslide in the map" in text
    assert "nothing to find" in text


def test_options_reach_it_and_errors_name_flags(files, capsys, tmp_path):
    write_truth(files[1], [(40, 40, 50, 50)], layer="other", append=True)
    assert run(["score", str(files[0]), "--truth", str(files[1])]) == 3
    assert "Name the one that is meant with --layer." in capsys.readouterr().err
    told = json.loads(said(capsys, files[0], "--truth", files[1], "--layer", "other", "--threshold", "0.95", "--json"))
    assert (told["truth"]["layer"], told["threshold"], told["landslides"]["missed"]) == ("other", 0.95, 1)
    assert run(["score", str(files[0]), "--truth", str(files[1]), "--layer", "other", "--date-field", "day"]) == 2
    assert run(["score", str(tmp_path / "none"), "--truth", str(files[1])]) == 3
    assert run(["score", str(files[0])]) == 2
    assert run(["score", str(files[0]), "--truth", str(files[1]), "--layer", "other", "-o", "/dev/null/x"]) == 1
