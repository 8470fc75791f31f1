"""What TensorRT's own Python classes do with ours, without a GPU.

Runs where TensorRT is installed, and under ``make check-tensorrt`` with NVIDIA's bindings of the oldest and the newest
version over empty libraries.
"""

from __future__ import annotations

import logging

import pytest

from helpers.tensor_rt import Recorder
from landslip.runtime.engines.cuda import probe_cuda
from landslip.runtime.engines.tensor_rt.phases import Phases
from landslip.runtime.engines.tensor_rt.probing import probe_tensorrt
from landslip.runtime.errors import EngineError

trt = pytest.importorskip("tensorrt")
library = pytest.importorskip("landslip.runtime.engines.tensor_rt.library")


def test_the_version_is_supported():
    report = probe_tensorrt()
    assert report.version == trt.__version__
    assert report.problem is None


def test_every_level_of_tensorrt_is_sent_on_or_dropped(caplog):
    messages = library.Messages()
    with caplog.at_level(logging.DEBUG, "landslip"):
        for severity in trt.ILogger.Severity.__members__.values():
            messages.log(severity, f"{severity.name} words")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "TensorRT: INTERNAL_ERROR words"),
        ("ERROR", "TensorRT: ERROR words"),
        ("WARNING", "TensorRT: WARNING words"),
        ("DEBUG", "TensorRT: INFO words"),
    ]


def test_the_last_error_is_in_the_sentence():
    messages = library.Messages()
    messages.log(trt.ILogger.Severity.ERROR, "[graph.cpp::12] Error Code 4:\n  no memory.")
    messages.log(trt.ILogger.Severity.WARNING, "something else")
    error = messages.failure("could not build", "Take less.")
    assert isinstance(error, EngineError)
    assert (
        str(error)
        == f"TensorRT {trt.__version__} could not build ([graph.cpp::12] Error Code 4: no memory). Take less."
    )


def test_a_monitor_is_one_of_tensorrts_and_passes_everything_on():
    recorder = Recorder()
    phases = Phases(recorder)
    monitor = library.Monitor(phases)
    assert isinstance(monitor, trt.IProgressMonitor)
    monitor.phase_start("Building", None, 2)
    assert monitor.step_complete("Building", 0) is True
    phases.cancel()
    assert monitor.step_complete("Building", 1) is False
    monitor.phase_finish("Building")
    assert recorder.said == ["TensorRT: Building", 500, 500, "finished"]


def test_the_modules_that_build_and_run_load():
    pytest.importorskip("landslip.runtime.engines.tensor_rt.compiler")
    pytest.importorskip("landslip.runtime.engines.tensor_rt.session")
    assert {name: kind.itemsize for name, kind in library.TYPES.items()} == {"uint8": 1, "float32": 4}


def test_a_builder_that_cannot_be_made_is_an_error_in_words():
    if probe_cuda().gpu is not None:
        pytest.skip("for machines without a GPU")
    for kind in (trt.Builder, trt.Runtime):
        with pytest.raises(EngineError, match=r"TensorRT .* does not start"):
            library.created(kind, library.Messages())
