"""Inference libraries report to nobody: opening an engine leaves no identifier behind and opens no connection."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

from landslip.models.demo.embedded import DEMO_MODEL

OPEN = """
import sys
from pathlib import Path

seen = []
sys.addaudithook(lambda event, _: seen.append(event) if event.startswith("socket.") else None)
from landslip.runtime.engines import EngineOptions, open_engine

engine = open_engine(Path(sys.argv[2]), EngineOptions(engine=sys.argv[1], device="cpu", batch=1))
engine.close()
assert not seen, seen
print("openvino_telemetry" in sys.modules)
"""
WATCHED_BY_TEST_RUNNERS = ("CI", "GITHUB_ACTIONS", "TF_BUILD", "PYTEST_CURRENT_TEST", "ORT_DISABLE_TELEMETRY")
"""Where one of these is set, the libraries keep quiet by themselves."""


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_opening_an_engine_reports_to_nobody(engine, tmp_path):
    if importlib.util.find_spec(engine) is None:
        pytest.skip(f"{engine} is not installed")
    environment = {name: value for name, value in os.environ.items() if name not in WATCHED_BY_TEST_RUNNERS}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", OPEN, engine, DEMO_MODEL]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == "False\n"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_user_may_want_the_reports(tmp_path):
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "0"}
    code = (
        "import os; from landslip.runtime.engines.without_telemetry import import_onnxruntime; import_onnxruntime(); "
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    result = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == "0\n"
