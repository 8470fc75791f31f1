"""Several files after one flag, as shells make them of a pattern."""

from __future__ import annotations

import json

import pytest

from helpers.models import brightness_model
from helpers.rasters import LEFT, TOP, elevation, scene_mixed, write
from landslip.runtime.cli.main import run
from landslip.runtime.cli.repeated_options import spread

FLAGS = frozenset({"--dem", "--mask", "-x"})


@pytest.mark.parametrize(
    ("line", "means"),
    [
        ("--dem a b c", "--dem a --dem b --dem c"),
        ("--dem=a b --mask c d", "--dem=a --dem b --mask c --mask d"),
        ("-x a b --pre p", "-x a -x b --pre p"),
        ("--pre p --dem a --json", "--pre p --dem a --json"),
        ("--pre p q", "--pre p q"),
        ("--dem -1.tif b", "--dem -1.tif --dem b"),
        ("--dem a -- b", "--dem a -- b"),
        ("--dem a --rgb-range 0 3000 -o out", "--dem a --rgb-range 0 3000 -o out"),
        ("--dem", "--dem"),
        ("--dem a - b", "--dem a --dem - --dem b"),
    ],
)
def test_each_value_gets_the_flag(line, means):
    assert [*spread(line.split(), FLAGS)] == means.split()


def test_tiles_and_masks_after_one_flag_make_the_same_scene(tmp_path, capsys):
    files = scene_mixed(tmp_path)
    model = brightness_model(tmp_path / "model.onnx")
    whole = elevation(100, 120)
    dems = [
        str(write(tmp_path / f"{name}.tif", whole[:, cols], 30.0, left=LEFT - 300 + 30 * cols.start, top=TOP + 300))
        for name, cols in (("west", slice(0, 60)), ("east", slice(59, None)))
    ]
    masks = [str(files.masks[0]), str(write(tmp_path / "snow.tif", whole.astype("uint8") * 0, 30.0))]
    usual = ["map", "-m", str(model), "--pre", str(files.pre), "--post", str(files.post), "--tile", "64", "--json"]
    lines = (
        ["--dem", *dems, "--mask", *masks],
        ["--dem", dems[0], "--dem", dems[1], "--mask", masks[0], "--mask", masks[1]],
    )
    found = []
    for number, line in enumerate(lines):
        assert run([*usual, *line, "-o", str(tmp_path / f"out-{number}")]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["inputs"] == found[1]["inputs"]
    assert [entry["path"] for entry in found[0]["inputs"] if entry["role"] in {"dem", "mask"}] == [*dems, *masks]


def test_more_than_one_file_after_another_flag_is_a_wrong_usage(tmp_path, capsys):
    assert run(["map", "-m", "m.onnx", "--post", "a.tif", "--slope", "b.tif", "c.tif", "-o", str(tmp_path)]) == 2
    assert "unexpected extra argument (c.tif)" in capsys.readouterr().err
