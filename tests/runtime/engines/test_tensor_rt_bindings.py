"""What TensorRT's own Python classes do with ours, without a GPU.

Runs where TensorRT is installed, and under ``make check-tensorrt`` with NVIDIA's bindings of the oldest and the newest
version over empty libraries.
"""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from helpers.engines import SPEC
from helpers.tensor_rt import Recorder
from landslip.runtime.engines.cuda import probe_cuda
from landslip.runtime.engines.tensor_rt.phases import Phases
from landslip.runtime.engines.tensor_rt.polygraphy_log import messages_from_now
from landslip.runtime.engines.tensor_rt.probing import probe_tensorrt
from landslip.runtime.engines.tensor_rt.slots import Profile
from landslip.runtime.errors import EngineError

trt = pytest.importorskip("tensorrt")
library = pytest.importorskip("landslip.runtime.engines.tensor_rt.library")
compiler = pytest.importorskip("landslip.runtime.engines.tensor_rt.compiler")

DEMO = Path(__file__).parents[3] / "models" / "demo_data" / "demo.fp32.onnx"


def test_the_version_is_supported():
    report = probe_tensorrt()
    assert report.version == trt.__version__
    assert report.problem is None


def test_every_level_of_tensorrt_is_sent_on_or_dropped(caplog, capsys):
    logger = library.polygraphy.get_trt_logger()
    with caplog.at_level(logging.DEBUG, "landslip"):
        for severity in trt.ILogger.Severity.__members__.values():
            logger.log(severity, f"{severity.name} words")
    ours = [record for record in caplog.records if record.name.startswith("landslip")]
    assert [(record.levelname, record.getMessage()) for record in ours] == [
        ("ERROR", "TensorRT: INTERNAL_ERROR words"),
        ("ERROR", "TensorRT: ERROR words"),
        ("WARNING", "TensorRT: WARNING words"),
        ("DEBUG", "TensorRT: INFO words"),
    ]
    assert capsys.readouterr() == ("", "")


def test_the_last_error_is_in_the_sentence():
    messages, logger = messages_from_now(), library.polygraphy.get_trt_logger()
    logger.log(trt.ILogger.Severity.ERROR, "[graph.cpp::12] Error Code 4:\n  no memory.")
    logger.log(trt.ILogger.Severity.WARNING, "something else")
    error = library.failure(messages, "could not build", "Take less.")
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
    pytest.importorskip("landslip.runtime.engines.tensor_rt.session")
    assert {name: kind.itemsize for name, kind in library.TYPES.items()} == {"uint8": 1, "float32": 4}


def test_a_builder_that_cannot_be_made_is_an_error_in_words():
    if probe_cuda().gpu is not None:
        pytest.skip("for machines without a GPU")
    order = compiler.Order(DEMO.name, DEMO.read_bytes(), SPEC, "fp32", Profile(2, 224), None, b"")
    for start in (
        lambda: compiler.build_plan(order, Phases(Recorder())),
        lambda: library.make_runtime(messages_from_now()),
    ):
        with pytest.raises(EngineError, match=r"TensorRT .* does not start"):
            start()
