"""One ``Core`` of OpenVINO for a process: signals reach it whatever was opened and closed, and models share nothing."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import EngineOptions, open_engine

pytest.importorskip(
    "openvino_telemetry", reason="openvino is not installed"
)  # not openvino itself: see without_telemetry.py

OPENED = """
import signal, threading
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.engines import EngineOptions, open_engine

def engine(**options):
    return open_engine(DEMO_MODEL, EngineOptions("openvino", batch=1, tile=64, **options))

noted = []
signal.signal(signal.SIGINT, lambda *_: noted.append("interrupted"))
"""

IN_ORDER = """
first, second = engine(), engine()
first.close()
del first
second.close()
del second
signal.raise_signal(signal.SIGINT)
print(noted)
"""

IN_THREADS = """
def work():
    first, second = engine(threads=1), engine(threads=2)
    first.close()
    del first
    second.close()
    del second
    both.wait()
    # C's handler runs in this thread, Python's in the main one.
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

both = threading.Barrier(2)
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
with engine():
    pass
signal.raise_signal(signal.SIGINT)
print(sorted(set(noted)))
"""

EVERYWHERE = """
from landslip.runtime.engines.without_telemetry import import_openvino

openvino, made = import_openvino(), []

class Counted(openvino.Core):
    def __init__(self, *arguments):
        made.append(True)
        super().__init__(*arguments)

openvino.Core = Counted
from landslip.benchmarks.measuring.gemm import on_openvino, openvino_precisions
from landslip.benchmarks.measuring.layer_times import layer_times
from landslip.export.proof.doctor import examine
from landslip.runtime.engines.open_vino import devices

first = engine()
assert "CPU" in devices()
second = engine()
assert "fp32" in openvino_precisions()
product, other = on_openvino(64, "fp32"), on_openvino(64, "int8")
product()
del product
other()
del other
assert layer_times("openvino", DEMO_MODEL, "fp32", 64)
assert "CPU" in examine()["engines"]["openvino"]["devices"]
first.close()
second.close()
assert len(made) == 1, made
signal.raise_signal(signal.SIGINT)
print(noted)
"""


@pytest.mark.parametrize("code", [IN_ORDER, IN_THREADS, EVERYWHERE], ids=["in order", "in threads", "everywhere"])
@pytest.mark.slow
def test_a_signal_does_not_end_the_process_after_models_were_closed(code):
    result = subprocess.run(
        [sys.executable, "-c", OPENED + code], capture_output=True, text=True, check=False, timeout=300
    )
    assert (result.returncode, result.stdout) == (0, "['interrupted']\n"), result.stderr


def test_what_one_model_is_set_to_does_not_reach_another():
    def opened(**options):
        return open_engine(DEMO_MODEL, EngineOptions("openvino", batch=2, tile=64, **options))

    rng = np.random.default_rng(0)
    with opened(threads=2) as alone:
        batch = {
            entry.name: rng.integers(0, 90, (2, entry.bands, 64, 64)).astype(entry.dtype) for entry in alone.spec.inputs
        }
        expected = alone.infer(batch)
    with opened(threads=1) as before, opened(threads=2) as among, opened(threads=2) as after:
        np.testing.assert_allclose(before.infer(batch), expected, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(among.infer(batch), expected)
        np.testing.assert_array_equal(after.infer(batch), expected)


def test_a_precision_asked_of_one_model_is_not_that_of_the_next():
    from landslip.runtime.engines.open_vino import devices

    if "BF16" not in devices()["CPU"]:
        pytest.skip("this CPU does not compute in bf16")

    def opened(precision):
        return open_engine(DEMO_MODEL, EngineOptions("openvino", batch=1, tile=64, precision=precision))

    with opened("fp32") as single, opened("bf16") as half, opened("fp32") as again:
        batch = {entry.name: np.full((1, entry.bands, 64, 64), 60, entry.dtype) for entry in single.spec.inputs}
        np.testing.assert_array_equal(single.infer(batch), again.infer(batch))
        assert np.abs(half.infer(batch) - single.infer(batch)).max() > 1e-4
