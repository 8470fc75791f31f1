"""Engines are programs: only those of the user's own cache that fit this machine are given out."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from dataclasses import asdict, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.engines import mixing_engine
from helpers.rasters import scene_on_grid
from helpers.tensor_rt import KEY, record_of
from landslip.runtime.artifacts.record_path import record_path
from landslip.runtime.engines import EngineOptions
from landslip.runtime.engines.tensor_rt.engine_cache import EngineCache
from landslip.runtime.engines.tensor_rt.engine_record import EngineRecord, read_engine_record
from landslip.runtime.errors import EngineError, InputMissingError, ModelError, OutputError
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest

PLAN = b"ptrt" + bytes(range(256)) * 40

posix = pytest.mark.skipif(os.name == "nt", reason="owners and rights of POSIX")


@pytest.fixture
def cache(tmp_path):
    return EngineCache(tmp_path / "cache" / "tensorrt")


@pytest.fixture
def stored(cache):
    return cache.store(PLAN, record_of(PLAN))


values = st.text(max_size=20) | st.integers(0, 4096)


@given(st.sampled_from([field.name for field in fields(KEY)]), values, values)
def test_a_key_changes_with_every_field_and_with_nothing_else(name, one, other):
    first, second = replace(KEY, **{name: one}), replace(KEY, **{name: other})
    assert (first.digest == second.digest) is (one == other)
    assert len(first.digest) == 64


def test_a_key_is_the_same_in_every_process():
    code = "from helpers.tensor_rt import KEY; print(KEY.digest, KEY.machine)"
    path = os.pathsep.join(entry for entry in sys.path if entry)
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": path}
        out = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert out.stdout.split() == [KEY.digest, KEY.machine]


def test_timings_are_shared_by_models_and_shapes_of_one_machine_alone():
    for name in ("onnx_sha256", "batch", "tile"):
        assert replace(KEY, **{name: 1}).machine == KEY.machine
    for name in ("tensorrt", "gpu", "capability", "multiprocessors", "driver", "platform", "recipe"):
        assert replace(KEY, **{name: "x"}).machine != KEY.machine


def test_what_is_stored_is_found_under_its_key_and_no_other(cache, stored):
    found = cache.find(KEY)
    assert found == stored
    assert found.plan == PLAN
    for field in fields(KEY):
        assert cache.find(replace(KEY, **{field.name: 7})) is None


def test_an_empty_cache_finds_nothing_and_makes_no_folder(cache):
    assert cache.find(KEY) is None
    assert cache.timings(KEY) == b""
    assert not cache.folder.exists()


@posix
def test_only_the_user_can_read_or_write_what_is_stored(cache, stored):
    cache.save_timings(KEY, b"timings")
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    for path in cache.folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_nothing_unfinished_stays_and_an_engine_is_replaced(cache, stored):
    other = PLAN + b"other"
    cache.store(other, record_of(other))
    assert cache.find(KEY).plan == other
    assert sorted(path.name for path in cache.folder.iterdir()) == [stored.path.name, record_path(stored.path).name]


def test_a_record_survives_the_journey(stored):
    assert read_engine_record(stored.path) == stored.record
    limited = record_of(PLAN, workspace=1 << 30)
    assert EngineRecord.from_json(limited.to_json(), "here") == limited


def test_a_record_reads_like_that_of_any_artifact(stored):
    record = json.loads(record_path(stored.path).read_text())
    assert record["artifact"]["target"] == "tensorrt"
    assert record["artifact"]["precision"] == "fp16"
    assert record["source"] == {"file": "test.fp16.onnx", "sha256": KEY.onnx_sha256}
    assert record["spec"]["name"] == "test"
    assert record["key"] == asdict(KEY)
    assert record["build"]["tensors"]["fp16"] == 200


def altered(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def relabelled(path):
    """The record of another key in the place of this one's."""
    record_path(path).write_text(record_of(PLAN, replace(KEY, driver="other")).to_json())


def truncated(path):
    record_path(path).write_text(record_path(path).read_text()[:100])


def linked(path):
    elsewhere = path.parent.parent / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


SPOILT = [
    pytest.param(altered, "SHA-256 differs", id="altered"),
    pytest.param(relabelled, "something else", id="relabelled"),
    pytest.param(lambda path: path.chmod(0o620), "can be written by others", marks=posix, id="group"),
    pytest.param(lambda path: path.chmod(0o602), "can be written by others", marks=posix, id="world"),
    pytest.param(lambda path: record_path(path).chmod(0o602), "written by others", marks=posix, id="record"),
    pytest.param(linked, "is no regular file", marks=posix, id="link"),
    pytest.param(
        lambda path: os.chown(path, 12345, -1),
        "belongs to user 12345",
        marks=pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away"),
        id="owner",
    ),
]


@pytest.mark.parametrize(("spoil", "words"), [*SPOILT, pytest.param(truncated, "damaged record", id="truncated")])
def test_what_cannot_be_trusted_is_built_again(cache, stored, spoil, words, caplog):
    spoil(stored.path)
    assert cache.find(KEY) is None
    assert words in caplog.text
    cache.store(PLAN, record_of(PLAN))
    assert cache.find(KEY).plan == PLAN


@pytest.mark.parametrize(("spoil", "words"), SPOILT)
def test_what_cannot_be_trusted_is_refused_when_it_is_named(cache, stored, spoil, words):
    spoil(stored.path)
    with pytest.raises(ModelError, match=words):
        cache.load(stored.path)


def test_an_engine_of_the_cache_can_be_named(cache, stored):
    assert cache.load(stored.path) == stored


def test_engines_from_elsewhere_are_refused_even_with_a_record(cache, stored, tmp_path):
    for path in (stored.path, record_path(stored.path)):
        shutil.copy(path, tmp_path)
    with pytest.raises(ModelError, match=r"from elsewhere.*Give the ONNX file"):
        cache.load(tmp_path / stored.path.name)


def test_an_engine_under_another_name_is_refused(cache, stored):
    other = cache.folder / f"{'0' * 64}.engine"
    for path in (other, record_path(other)):
        shutil.copy(stored.path.parent / path.name.replace("0" * 64, KEY.digest), path)
    with pytest.raises(ModelError, match="something else than its name says"):
        cache.load(other)


def test_an_engine_without_a_record_is_refused(cache, stored):
    record_path(stored.path).unlink()
    with pytest.raises(InputMissingError, match="no engine that landslip built"):
        cache.load(stored.path)


def test_an_engine_that_is_not_there(cache, stored):
    with pytest.raises(InputMissingError, match="does not exist"):
        cache.load(cache.folder / "none.engine")


@posix
@pytest.mark.parametrize("mode", [0o770, 0o777, 0o1777])
def test_a_folder_that_others_can_write_is_refused(cache, stored, mode):
    cache.folder.chmod(mode)
    for use in (
        lambda: cache.find(KEY),
        lambda: cache.load(stored.path),
        lambda: cache.store(PLAN, record_of(PLAN)),
        lambda: cache.save_timings(KEY, b""),
    ):
        with pytest.raises(EngineError, match=r"can be written by others.*chmod 700"):
            use()
    assert cache.timings(KEY) == b""


@posix
def test_a_folder_that_is_a_link_is_refused(cache, stored, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(cache.folder)
    with pytest.raises(EngineError, match="is no folder"):
        EngineCache(link).find(KEY)


def test_a_cache_that_cannot_be_written_is_an_error_with_a_remedy(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="XDG_CACHE_HOME"):
        EngineCache(tmp_path / "file" / "tensorrt").store(PLAN, record_of(PLAN))


def test_timings_are_kept_for_the_machine(cache):
    cache.save_timings(KEY, b"timings")
    assert cache.timings(replace(KEY, tile=448)) == b"timings"
    assert cache.timings(replace(KEY, driver="other")) == b""


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw.pop("key"),
        lambda raw: raw["key"].update(batch="2"),
        lambda raw: raw["key"].update(extra=1),
        lambda raw: raw["key"].pop("driver"),
        lambda raw: raw["spec"].update(tile=100),
        lambda raw: raw["build"].update(tensors=[]),
        lambda raw: raw["artifact"].update(bytes="many"),
    ],
)
def test_damaged_records_are_refused(change):
    raw = json.loads(record_of(PLAN).to_json())
    change(raw)
    with pytest.raises(ModelError, match=r"no record of a TensorRT engine|model description"):
        EngineRecord.from_json(json.dumps(raw), "here")


@given(st.text(max_size=60) | st.sampled_from(["[]", "null", "3", "{}", "[" * 5000]))
def test_text_that_is_no_record_is_refused(text):
    with pytest.raises(ModelError):
        EngineRecord.from_json(text, "here")


@pytest.mark.skipif(sys.platform != "linux", reason="the place of the user's cache folder is set as on Linux")
def test_an_engine_is_mapped_with_by_its_record(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    own = EngineCache().store(PLAN, record_of(PLAN))
    files = scene_on_grid(tmp_path, 90, 90)
    options = EngineOptions(tile=64, batch=2)
    record = map_scene(MapRequest(own.path, files, tmp_path / "out", engine=options), engine=mixing_engine())
    assert record["model"]["precision"] == "fp16"
    assert record["model"]["sha256"] == record_of(PLAN).sha256
