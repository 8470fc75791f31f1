"""When images were taken: into run.json, and an order that cannot be is an objection."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
import rasterio

from helpers.engines import mixing_engine
from helpers.models import brightness_model
from helpers.rasters import scene_on_grid
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

EARLY, LATE = "T54TWN_20180824T012701_TCI.jp2", "T54TWN_20180911T012701_TCI.jp2"


@pytest.fixture
def files(tmp_path):
    return scene_on_grid(tmp_path, 90, 90)


def named(files, pre, post):
    """The same scene with images of these names."""
    renamed = {role: getattr(files, role).with_name(name) for role, name in (("pre", pre), ("post", post))}
    for role, path in renamed.items():
        shutil.copy(getattr(files, role), path)
    return replace(files, **renamed)


def mapped(files, out, **options):
    request = MapRequest(out / "none", files, out, engine=EngineOptions(tile=64), **options)
    return map_scene(request, engine=mixing_engine())


def times(record):
    return {entry["role"]: (entry.get("acquired"), entry.get("acquired_from")) for entry in record["inputs"]}


def test_dates_are_in_the_record(files, tmp_path):
    mapped(named(files, EARLY, LATE), tmp_path / "out")
    found = times(json.loads((tmp_path / "out" / "run.json").read_text()))
    assert found["pre"] == ("2018-08-24T01:27:01Z", "name")
    assert found["post"] == ("2018-09-11T01:27:01Z", "name")
    assert found["slope"] == (None, None)


def test_exchanged_images_are_an_objection(files, tmp_path):
    exchanged = named(files, LATE, EARLY)
    with pytest.raises(InputError, match=r"2018-09-11T01:27:01Z \(by its name\), later than.* 2018-08-24T") as caught:
        mapped(exchanged, tmp_path / "out")
    assert "force=True" in str(caught.value)
    assert not (tmp_path / "out").exists()
    record = mapped(exchanged, tmp_path / "out", force=True)
    assert len(record["objections_overruled"]) == 1


def test_what_the_user_says_counts_more_than_a_name(files, tmp_path):
    exchanged = named(files, LATE, EARLY)
    said = replace(exchanged, reading=ReadOptions(pre_date="2018-08-24", post_date="2018-09-06T03:00:00+09:00"))
    found = times(mapped(said, tmp_path / "out"))
    assert found["pre"] == ("2018-08-24", "given")
    assert found["post"] == ("2018-09-05T18:00:00Z", "given")
    with pytest.raises(InputError, match=r"2018-09-07 \(as given\), later than"):
        mapped(replace(files, reading=ReadOptions(pre_date="2018-09-07", post_date="2018-09-06")), tmp_path / "other")


def test_one_date_alone_and_the_same_day_are_no_objection(files, tmp_path):
    mapped(replace(files, reading=ReadOptions(pre_date="2018-09-07")), tmp_path / "one")
    mapped(replace(files, reading=ReadOptions(pre_date="2018-09-07T10:00Z", post_date="2018-09-07")), tmp_path / "day")


def test_the_tag_of_a_tiff_is_only_a_warning(files, tmp_path, caplog):
    for path, when in ((files.pre, "2020:05:05 10:00:00"), (files.post, "2018:09:06 01:00:00")):
        with rasterio.open(path, "r+") as dataset:
            dataset.update_tags(TIFFTAG_DATETIME=when)
    found = times(mapped(files, tmp_path / "out"))
    assert found["pre"] == ("2020-05-05T10:00:00Z", "tag")
    assert any("2020-05-05" in entry.getMessage() and entry.levelname == "WARNING" for entry in caplog.records)


def test_on_the_command_line(files, tmp_path, capsys):
    model = brightness_model(tmp_path / "m.onnx")
    command = ["map", "-m", model, "--pre", files.pre, "--post", files.post, "--hillshade", files.hillshade]
    command = [*map(str, [*command, "--slope", files.slope, "-o", tmp_path / "out"])]
    assert run([*command, "--pre-date", "2018-09-11", "--post-date", "2018-08-24"]) == 3
    assert "later than" in capsys.readouterr().err
    assert run([*command, "--pre-date", "summer"]) == 2
    assert "'summer'" in capsys.readouterr().err
    assert run([*command, "--pre-date", "2018-08-24", "--post-date", "2018-09-11", "--dry-run"]) == 0
    assert run([*command, "--pre-date", "2018-08-24", "--post-date", "2018-09-11"]) == 0
    assert times(json.loads((tmp_path / "out" / "run.json").read_text()))["post"] == ("2018-09-11", "given")


def test_a_date_needs_its_image(files):
    with pytest.raises(UsageError, match="`pre_date`"):
        replace(files, pre=None, reading=ReadOptions(pre_date="2018-08-24"))
