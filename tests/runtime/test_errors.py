"""Errors carry fields, and say whether it is worth trying again; the sentence is made of them."""

from __future__ import annotations

import errno
import pickle

import pytest

from helpers.models import brightness_model
from helpers.rasters import scene_on_grid
from landslip.runtime import errors
from landslip.runtime.access.web import read_address
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import (
    EngineMemoryError,
    InputError,
    InputMissingError,
    LandslipError,
    OutputError,
    UsageError,
    located,
)
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.shards.map_anywhere import map_scene
from landslip.runtime.system.digests import sha256_of

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LandslipError)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_sentence_is_what_was_found_and_the_remedy(kind):
    error = kind("It is so.", "Do that.", where="/a/b.tif", option="pre")
    assert str(error) == "It is so. Do that."
    assert (error.what, error.remedy, error.where, error.option) == ("It is so.", "Do that.", "/a/b.tif", "pre")
    alone = kind("It is so. Do that.")
    assert str(alone) == "It is so. Do that."
    assert (alone.what, alone.remedy, alone.where, alone.option) == ("It is so. Do that.", "", "", "")
    assert str(kind()) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_errors_go_from_process_to_process(kind):
    error = kind("It is so.", "Do that.", where="/a/b.tif", option="pre")
    error.__cause__ = OSError(errno.ENOSPC, "full")
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is kind
    assert str(again) == str(error)
    fields = ("what", "remedy", "where", "option", "retryable")
    assert [getattr(again, name) for name in fields] == [getattr(error, name) for name in fields]


def test_what_may_pass_by_itself_is_retryable():
    later = {kind.__name__ for kind in KINDS if kind("It is so.").retryable}
    assert later == {
        "CancelledError", "ConnectionLostError", "DeadlineError",
        "EngineMemoryError", "InputChangedError", "ResourceError",
    }  # fmt: skip
    assert not EngineMemoryError("It is so.", retryable=False).retryable
    assert UsageError("It is so.", retryable=True).retryable


@pytest.mark.parametrize(
    ("cause", "retryable"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (RuntimeError("sqlite3_exec failed: database or disk is full"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (None, False),
    ],
    ids=["full", "full, says SQLite", "forbidden", "unknown"],
)
def test_a_full_disk_is_worth_another_try(cause, retryable):
    error = OutputError("It cannot be written.")
    error.__cause__ = cause
    assert error.retryable == retryable


def failing(tmp_path):
    """Calls that fail in the most frequent ways."""
    scene = scene_on_grid(tmp_path, 60, 60)
    model, out = brightness_model(tmp_path / "m.onnx"), tmp_path / "out"
    named = {"post": scene.post, "slope": scene.slope, "hillshade": scene.hillshade, "model": model, "out": out}
    broken = tmp_path / "broken.tif"
    broken.write_bytes(b"II*\0" + b"\0" * 100)
    gone = tmp_path / "gone.tif"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "run.json").write_text("{}")
    return {
        "a file that is missing": (lambda: map_scene(pre=gone, **named), gone, "", InputMissingError),
        "a file that cannot be read": (lambda: map_scene(pre=broken, **named), broken, "", InputError),
        "a file to be hashed": (lambda: sha256_of(gone), gone, "", InputMissingError),
        "a model that is missing": (
            lambda: map_scene(pre=scene.pre, **{**named, "model": gone}), gone, "model", InputMissingError
        ),
        "results in the way": (
            lambda: Workspace(tmp_path / "full", overwrite=False), tmp_path / "full", "out", UsageError
        ),
        "a threshold": (lambda: map_scene(pre=scene.pre, threshold=2, **named), "", "threshold", UsageError),
        "an engine": (lambda: EngineOptions(engine="onyx"), "", "engine", UsageError),
        "no image": (lambda: map_scene(dem="d.tif", model=model, out=out), "", "post", UsageError),
        "what a model takes": (lambda: map_scene(pre=scene.pre, **{**named, "post": None}), "", "post", UsageError),
        "a server that is not there": (
            lambda: read_address("http://127.0.0.1:1/x.toml", 10), "http://127.0.0.1:1/x.toml", "",
            errors.ConnectionLostError,
        ),
    }  # fmt: skip


@pytest.mark.parametrize("what", [
    "a file that is missing", "a file that cannot be read", "a file to be hashed", "a model that is missing",
    "results in the way", "a threshold", "an engine", "no image", "what a model takes", "a server that is not there",
])  # fmt: skip
def test_frequent_errors_have_fields(what, tmp_path, monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")
    call, where, option, kind = failing(tmp_path)[what]
    with pytest.raises(kind) as raised:
        call()
    error = raised.value
    assert (error.where, error.option) == (str(where), option)
    assert error.what
    assert error.retryable == isinstance(error, errors.ConnectionLostError)
    assert str(error) == f"{error.what} {error.remedy}".strip()
    assert "--" not in str(error)  # only the command line knows flags


@pytest.mark.parametrize("kind", KINDS)
def test_sentences_hold_nothing_that_a_terminal_obeys_and_places_stay_as_they_are(kind):
    name = "a\x1b[31m\x07\udc80\r.tif"
    error = kind(f"{name} is damaged.\nReally, für immer.", f"Remove {name}.", where=name)
    assert str(error) == "a?[31m???.tif is damaged.\nReally, für immer. Remove a?[31m???.tif."
    assert error.where == name
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own


def test_a_run_under_way_in_the_same_folder_is_worth_another_try(tmp_path):
    with Workspace(tmp_path / "out", overwrite=False):
        with pytest.raises(UsageError, match="is writing to") as raised:
            Workspace(tmp_path / "out", overwrite=False)
        assert raised.value.retryable
        assert raised.value.remedy == "Wait, or choose another."


def test_the_command_line_says_the_same_sentence_with_flags(tmp_path, capsys):
    scene = scene_on_grid(tmp_path, 60, 60)
    model = brightness_model(tmp_path / "m.onnx")
    assert run(["map", "-m", str(model), "--pre", str(scene.pre), "-o", str(tmp_path / "out")]) == 2
    with pytest.raises(UsageError) as raised:
        map_scene(pre=scene.pre, model=model, out=tmp_path / "out")
    assert raised.value.remedy == "Give `post` and `dem` (or `hillshade` and `slope`)."
    assert "Give --post and --dem (or --hillshade and --slope)." in capsys.readouterr().err


def test_a_block_about_a_file_gives_its_place_to_errors_that_name_none():
    with pytest.raises(InputError) as caught, located("/a/model.hdf5"):
        raise InputError("It has no layers.")
    assert (caught.value.where, str(caught.value)) == ("/a/model.hdf5", "It has no layers.")
    with pytest.raises(OutputError) as caught, located("/a/model.hdf5"):
        raise OutputError("It cannot be written.", where="/b")
    assert caught.value.where == "/b"
