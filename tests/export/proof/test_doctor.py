"""landslip doctor: what works, what is missing, and the command that helps."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest

from landslip.runtime.cli.main import run

pytestmark = pytest.mark.slow

doctor = importlib.import_module("landslip.export.proof.doctor")


@pytest.fixture(scope="module")
def passed():
    """What the engines say of themselves here, which takes seconds."""
    return doctor._self_test()


@pytest.fixture
def engines_examined(monkeypatch, passed):
    """For tests of everything else."""
    monkeypatch.setattr(doctor, "_self_test", lambda: passed)


def examined(capsys):
    code = run(["-q", "doctor", "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_machine_with_engines_is_ready(capsys):
    code, found = examined(capsys)
    assert (code, found["ready"]) == (0, True)
    assert found["engines"]["onnxruntime"]["usable"]
    assert "CPUExecutionProvider" in found["engines"]["onnxruntime"]["providers"]
    openvino = found["engines"]["openvino"]
    assert "FP32" in openvino["devices"]["CPU"]
    assert {"fp32", "int8"} <= {*openvino["precisions"]["CPU"]}
    assert ("int8+bf16" in openvino["precisions"]["CPU"]) == ("BF16" in openvino["devices"]["CPU"])
    assert found["self_test"]["onnxruntime in fp32 on cpu"] == "PASS"
    assert found["self_test"]["openvino in fp32 on cpu"] == "PASS"
    assert found["gdal"]["proj_data"] == "found"
    assert found["machine"]["cores"] >= 1


def test_the_text_reads_on_one_page(capsys, engines_examined):
    assert run(["-q", "doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ready", "yes"]
    assert len(lines) < 80


def test_without_an_engine_it_exits_with_4_and_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    code, found = examined(capsys)
    assert (code, found["ready"]) == (4, False)
    assert any("pip install 'landslip[cpu]'" in advice for advice in found["advice"])
    assert any("pip install 'landslip[openvino]'" in advice for advice in found["advice"])
    assert any("pip install 'landslip[export]'" in advice for advice in found["advice"])


def test_an_engine_that_does_not_load_is_told_apart_from_a_missing_one(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "landslip.runtime.engines.open_vino", raising=False)
    broken = importlib.import_module("landslip.runtime.engines.without_telemetry")

    def broken_import():
        raise ImportError("libtbb.so.12: cannot open shared object file")

    monkeypatch.setattr(broken, "import_openvino", broken_import)
    code, found = examined(capsys)
    assert code == 0  # onnxruntime works
    assert "installed but does not load (libtbb.so.12" in found["engines"]["openvino"]["problem"]


def test_both_kinds_of_onnxruntime_at_once_are_found(capsys, monkeypatch, engines_examined):
    monkeypatch.setattr(doctor, "installed_version", lambda _: "1.30")
    _, found = examined(capsys)
    assert any("overwrite each other" in advice and "pip uninstall -y" in advice for advice in found["advice"])


def test_a_cpu_that_emulates_bf16_is_told(capsys, monkeypatch, engines_examined):
    _, found = examined(capsys)
    if "BF16" not in found["engines"]["openvino"]["devices"]["CPU"]:
        pytest.skip("this CPU does not compute in bf16")
    monkeypatch.setattr(doctor, "instruction_sets", lambda: ["avx2", "avx512f"])
    _, found = examined(capsys)
    assert any("emulates bf16" in advice for advice in found["advice"])


def test_a_cache_that_cannot_be_written(capsys, monkeypatch, tmp_path, engines_examined):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda _: tmp_path / "file" / "landslip")
    code, found = examined(capsys)
    assert (code, found["cache"]["writable"]) == (0, False)
    assert any("XDG_CACHE_HOME" in advice for advice in found["advice"])


def test_proj_without_its_data_makes_a_machine_unready(tmp_path):
    environment = os.environ | {"PROJ_DATA": str(tmp_path), "PROJ_LIB": str(tmp_path)}
    code = "from landslip.runtime.cli.main import main; main()"
    command = [sys.executable, "-c", code, "-q", "doctor", "--json"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = json.loads(result.stdout)
    assert (result.returncode, found["ready"]) == (4, False)
    assert "PROJ does not find its data" in found["gdal"]["problem"]


def test_it_needs_no_tensorflow():
    code = (
        "import sys; from landslip.runtime.cli.main import run; run(['-q', 'doctor']); "
        "heavy = {'onnx', 'tensorflow', 'h5py', 'tf_keras', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
