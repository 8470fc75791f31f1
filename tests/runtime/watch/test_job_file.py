"""Job files: options in TOML and in STAC, and what is wrong with them."""

from __future__ import annotations

import json

import pytest

from landslip.runtime.errors import InputError
from landslip.runtime.watch.job_file import JobReader, read_job_options
from landslip.runtime.watch.job_options import JobOptions, MapDefaults, either, map_arguments


def written(folder, name, content):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def item(**properties):
    return {"type": "Feature", "properties": properties, "assets": {}}


def test_a_scene_without_options_is_a_job(tmp_path):
    assert read_job_options(written(tmp_path, "x.toml", 'pre = "a.tif"\n')) == JobOptions()
    assert read_job_options(written(tmp_path, "x.json", item())) == JobOptions()


def test_options_of_a_table(tmp_path):
    text = 'pre = "a.tif"\n[job]\npriority = 5\ntitle = "Iburi"\nthreshold = 0.7\nalso = ["kml"]\ndeadline = 60\n'
    found = read_job_options(written(tmp_path, "x.toml", text))
    assert found == JobOptions(priority=5, title="Iburi", threshold=0.7, also=("kml",), deadline=60)


@pytest.mark.parametrize("told", [{"priority": 7, "preset": "fast"}])
def test_options_of_stac_are_a_member_of_the_file_or_a_property_of_its_items(tmp_path, told):
    wanted = JobOptions(priority=7, preset="fast")
    collection = {"type": "FeatureCollection", "features": [item(**{"landslip:job": told}), item()]}
    of_file = {**collection, "landslip:job": told, "features": [item(**{"landslip:job": {"priority": 1}})]}
    catalog = {"type": "Catalog", "links": [], "landslip:job": told}
    twice = [item(**{"landslip:job": told}), item(**{"landslip:job": told})]
    for content in (item(**{"landslip:job": told}), collection, of_file, catalog, twice):
        assert read_job_options(written(tmp_path, "x.json", content)) == wanted


def test_items_that_give_different_options_are_an_error(tmp_path):
    items = [item(**{"landslip:job": {"priority": number}}) for number in (1, 2)]
    with pytest.raises(InputError, match="several different"):
        read_job_options(written(tmp_path, "x.json", {"type": "FeatureCollection", "features": items}))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[job]\npriorty = 1\n", "priorty.*priority"), ("[job]\npriority = 1001\n", "job.priority"),
        ("[job]\ntitle = 3\n", "job.title"), (f'[job]\ntitle = "{"a" * 201}"\n', "200"),
        ("job = 3\n", "job is 3"), ("[[job]]\n", "job"), ("not toml", "TOML"), ("a = '" + "x" * 70_000 + "'", "large"),
        ('[job]\nalso = ["dwg"]\n', "also"), ("[job]\nthreshold = nan\n", "threshold"),
    ],
)  # fmt: skip
def test_options_that_are_not_understood_are_an_error_that_names_file_and_key(tmp_path, text, said):
    with pytest.raises(InputError, match=said) as raised:
        read_job_options(written(tmp_path, "x.toml", text))
    assert str(raised.value).startswith("x.toml")


@pytest.mark.parametrize("content", ["{", '{"landslip:job": 3}', '{"landslip:job": {"priority": "high"}}', "[" * 99])
def test_stac_that_is_not_understood_is_an_error(tmp_path, content):
    with pytest.raises(InputError):
        read_job_options(written(tmp_path, "x.json", content))


def test_a_job_goes_before_the_spool_and_the_spool_before_what_is_usual():
    options, defaults = JobOptions(threshold=0.8, priority=3, overwrite=False), MapDefaults(threshold=0.5, min_area=10)
    assert map_arguments(options, defaults) == {"threshold": 0.8, "min_area": 10}
    assert either("overwrite", options, MapDefaults(overwrite=True)) is False
    assert either("deadline", options, MapDefaults(deadline=9.0)) == 9.0


def test_options_are_read_again_when_the_file_changes_and_errors_order_nothing(tmp_path):
    path, reader = written(tmp_path, "x.toml", "[job]\npriority = 1\n"), JobReader()
    assert reader.options(path).priority == 1
    new = written(tmp_path, "y", "[job]\npriority = 2\n")
    new.replace(path)
    assert reader.options(path).priority == 2
    path.write_text("[job]\npriority = 'no'\n")
    assert reader.options(path) == JobOptions()
    path.unlink()
    assert reader.options(path) == JobOptions()
