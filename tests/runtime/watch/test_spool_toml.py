"""SPOOL.toml: every key and its bounds, paths, and errors that name the key."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from typing import get_args, get_type_hints

import pytest

from helpers.pages import table_keys
from landslip.runtime.engines.opening import DEVICES, ENGINES, RUN_PRECISIONS
from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.mapping.arguments import EngineArguments, MapArguments
from landslip.runtime.run.product_options import FORMATS
from landslip.runtime.tiling.plan import PROTOCOLS
from landslip.runtime.tiling.presets import PRESETS
from landslip.runtime.watch.job_options import Format, JobOptions, MapDefaults
from landslip.runtime.watch.spool_toml import EngineWanted, SpoolConfig, read_spool_toml

PAGE = "docs/reference/spool-toml.md"
TABLES = {
    "": SpoolConfig,
    **{name: hint for name, hint in get_type_hints(SpoolConfig).items() if is_dataclass(hint)},
}
GOOD = {
    "model": ('"a.onnx"', None), "folder": ('"/data"', "/data"), "complete": ('"marker"', "marker"),
    "stable": ("5", 5), "poll": ("0.5", 0.5), "lease": ("20", 20),
    "engine.engine": ('"openvino"', "openvino"), "engine.device": ('"gpu"', "gpu"),
    "engine.precision": ('"int8"', "int8"), "engine.batch": ("8", 8), "engine.tile": ("256", 256),
    "engine.threads": ("0", 0), "engine.share_features": ("true", True),
    "map.protocol": ('"notebook"', "notebook"), "map.preset": ('"fast"', "fast"), "map.overlap": ("0.25", 0.25),
    "map.threshold": ("0.6", 0.6), "map.min_area": ("0", 0), "map.force": ("true", True),
    "map.also": ('["kml", "shp"]', ("kml", "shp")), "map.project": ("true", True), "map.density": ("250", 250),
    "map.report": ("true", True), "map.report_megabytes": ("30", 30), "map.catalog": ("true", True),
    "map.deadline": ("600", 600), "map.overwrite": ("true", True),
    "retry.attempts": ("2", 2), "retry.crashes": ("2", 2), "retry.starts": ("9", 9), "retry.pause": ("1.5", 1.5),
    "retry.longest_pause": ("60", 60), "worker.renew_after": ("10", 10),
    "retention.done_days": ("7", 7), "retention.failed_days": ("30.5", 30.5), "retention.out_days": ("90", 90),
    "retention.done_count": ("0", 0), "retention.failed_count": ("100", 100), "retention.out_count": ("1000", 1000),
    "retention.out_least_free_gb": ("50", 50),
    "metrics.file": ('"/m.prom"', "/m.prom"), "room.least_free_gb": ("5", 5),
}  # fmt: skip
BAD = {
    "model": "3", "folder": '""', "complete": '"soon"', "stable": "0", "poll": "-1", "lease": "0.5",
    "engine.engine": '"tensorflow"', "engine.device": '"tpu"', "engine.precision": '"fp8"', "engine.batch": "0",
    "engine.tile": "31", "engine.threads": "-1", "engine.share_features": "1",
    "map.protocol": '"mean"', "map.preset": '"slow"', "map.overlap": "0.95", "map.threshold": "0", "map.min_area": "-1",
    "map.force": "1", "map.also": '["dwg"]', "map.project": '"yes"', "map.density": "0", "map.report": "1",
    "map.report_megabytes": "0.5", "map.catalog": "0", "map.deadline": "0", "map.overwrite": "0",
    "retry.attempts": "0", "retry.crashes": "0", "retry.starts": "1.5", "retry.pause": "inf",
    "retry.longest_pause": "nan", "worker.renew_after": "0", "retention.done_days": "-1",
    "retention.failed_days": '"week"', "retention.out_days": "40000", "retention.done_count": "-1",
    "retention.failed_count": "1.5", "retention.out_count": '"all"', "retention.out_least_free_gb": "inf",
    "metrics.file": "true", "room.least_free_gb": "-1",
}  # fmt: skip


def keys():
    for table, kind in TABLES.items():
        for field in fields(kind):
            if table or field.name not in TABLES:
                yield f"{table}.{field.name}".removeprefix(".")


def write(folder, key, value):
    table, _, name = key.rpartition(".")
    head = "" if key == "model" else 'model = "m.onnx"\n'
    path = folder / "SPOOL.toml"
    path.write_text(head + (f"[{table}]\n" if table else "") + f"{name} = {value}\n")
    return path


def found(config, key):
    for step in key.split("."):
        config = getattr(config, step)
    return config


def test_every_key_is_tried_here_and_explained_on_the_page():
    assert {*keys()} == {*GOOD} == {*BAD}
    told = [key for title in ("The spool", "Tables") for key in table_keys(PAGE, title)]
    assert sorted(told) == sorted(keys())
    of_jobs = {field.name for field in fields(JobOptions)} - {field.name for field in fields(MapDefaults)}
    assert {*table_keys(PAGE, "The table of a job")} == of_jobs


@pytest.mark.parametrize("key", GOOD)
def test_a_key_is_taken(tmp_path, key):
    text, value = GOOD[key]
    config = read_spool_toml(write(tmp_path, key, text))
    assert found(config, key) == (value if key != "model" else str(tmp_path / "a.onnx"))


@pytest.mark.parametrize("key", BAD)
def test_a_value_that_makes_no_sense_is_an_error_that_names_its_key(tmp_path, key):
    path = write(tmp_path, key, BAD[key])
    with pytest.raises(InputError, match=re.escape(key.rpartition(".")[2])) as raised:
        read_spool_toml(path)
    assert str(raised.value).startswith(str(path))
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("text", ['modle = "m"', 'model = "m"\n[maps]', 'model = "m"\n[map]\nthreshhold = 0.5', ""])
def test_a_key_that_is_unknown_or_missing_is_an_error(tmp_path, text):
    path = tmp_path / "SPOOL.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=r"unknown|does not say model"):
        read_spool_toml(path)


def test_a_file_that_is_not_there_or_no_toml(tmp_path):
    with pytest.raises(InputMissingError):
        read_spool_toml(tmp_path / "SPOOL.toml")
    (tmp_path / "SPOOL.toml").write_bytes(b"\xff\x00")
    with pytest.raises(InputError, match="not in TOML"):
        read_spool_toml(tmp_path / "SPOOL.toml")


def test_paths_start_from_the_folder_of_the_file(tmp_path, monkeypatch):
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc" / "SPOOL.toml"
    path.write_text('model = "m.onnx"\nfolder = "../spool"\n[metrics]\nfile = "x.prom"\n')
    monkeypatch.chdir(tmp_path)
    config = read_spool_toml(path.relative_to(tmp_path))
    assert config.model_path == tmp_path / "etc" / "m.onnx"
    assert config.spool_path == tmp_path / "etc" / ".." / "spool"
    assert config.metrics_path == tmp_path / "etc" / "x.prom"
    assert read_spool_toml(write(tmp_path, "poll", "1")).spool_path == tmp_path


def choices(kind, name):
    return {*get_args(next(part for part in get_args(get_type_hints(kind)[name]) if part is not type(None)))}


def test_choices_are_those_of_the_command_line():
    assert choices(MapDefaults, "protocol") == {*PROTOCOLS}
    assert choices(MapDefaults, "preset") == {*PRESETS}
    assert {*get_args(Format)} == {*FORMATS}
    assert choices(EngineWanted, "engine") == {*ENGINES}
    assert choices(EngineWanted, "device") == {*DEVICES}
    assert choices(EngineWanted, "precision") == {*RUN_PRECISIONS}
    assert {field.name for field in fields(EngineWanted)} == {*EngineArguments.__annotations__}


def test_options_of_maps_are_arguments_of_a_mapper():
    own = {"priority", "deadline", "overwrite"}
    assert {field.name for field in fields(JobOptions)} - own <= {*MapArguments.__annotations__} | {"also"}
