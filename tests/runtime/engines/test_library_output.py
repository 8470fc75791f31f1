"""What libraries print while a model is loaded is logged, and leaves ``sys.stdout`` alone, in threads too."""

from __future__ import annotations

import logging
import sys
import threading

import onnxruntime
import pytest

from helpers.models import brightness_model
from landslip.runtime.engines import EngineOptions, open_engine

AWAIT_S = 60


@pytest.fixture
def hindered(monkeypatch):
    """Makes the first try at a session fail, which onnxruntime prints; what is returned is called in between."""
    create = onnxruntime.InferenceSession._create_inference_session
    steps = []

    def fails_first(session, providers, *arguments):
        if not hasattr(session, "tried"):
            session.tried = True
            session._fallback_providers = ["CPUExecutionProvider"]
            for step in steps:
                step()
            raise RuntimeError("no such luck")
        return create(session, providers, *arguments)

    monkeypatch.setattr(onnxruntime.InferenceSession, "_create_inference_session", fails_first)
    return steps


def opened(model):
    with open_engine(model, EngineOptions(engine="onnxruntime", device="cpu", batch=1)) as engine:
        return engine.name


def test_what_onnxruntime_prints_is_logged_and_not_printed(tmp_path, hindered, capsys, caplog):
    model = brightness_model(tmp_path / "m.onnx")
    hindered.append(lambda: print("the host's own words"))  # noqa: T201
    with caplog.at_level(logging.DEBUG, "landslip"):
        assert opened(model) == "onnxruntime"
    assert capsys.readouterr().out == "the host's own words\n"
    assert "EP Error no such luck when using" in caplog.text


def test_models_loaded_in_threads_leave_standard_output_as_it_was(tmp_path, hindered, capsys):
    """The first thread enters and leaves before the second, which once put the first one's stand-in back."""
    model = brightness_model(tmp_path / "m.onnx")
    before, both, first_left = sys.stdout, threading.Barrier(2, timeout=AWAIT_S), threading.Event()
    hindered.extend([both.wait, lambda: threading.current_thread().name == "first" or first_left.wait(AWAIT_S)])
    names = []

    def work():
        names.append(opened(model))
        first_left.set()
        print("done")  # noqa: T201

    threads = [threading.Thread(target=work, name=name) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * AWAIT_S)
    assert sys.stdout is before
    assert names == ["onnxruntime", "onnxruntime"]
    assert capsys.readouterr().out == "done\ndone\n"


def test_a_host_that_uses_onnxruntime_itself_still_sees_its_words(tmp_path, hindered, capsys):
    model = brightness_model(tmp_path / "m.onnx")
    opened(model)
    assert capsys.readouterr().out == ""
    onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    assert "EP Error no such luck" in capsys.readouterr().out
