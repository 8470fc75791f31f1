"""TensorRT as an engine: what can be told without one, and what runs where there is one."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.engines import SPEC
from helpers.models import brightness_model
from helpers.tensor_rt import KEY, record_of
from landslip.runtime.artifacts.spec import PRECISION_KEY, TARGET_KEY
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.engines.cuda import Gpu, probe_cuda
from landslip.runtime.engines.tensor_rt import EngineCache, TensorRtEngine, build_engine, probe_tensorrt
from landslip.runtime.engines.tensor_rt.building import machine_key
from landslip.runtime.engines.tensor_rt.probing import check_version, tensorrt_version
from landslip.runtime.engines.tensor_rt.slots import Profile
from landslip.runtime.errors import EngineError, InputMissingError, ModelError, UsageError

DEMO = Path(__file__).parents[3] / "models" / "demo_data" / "demo.fp32.onnx"
PLAN = b"plan"

has_cuda_python = importlib.util.find_spec("cuda") is not None
usable = has_cuda_python and probe_cuda().gpu is not None and probe_tensorrt().problem is None
without_gpu = pytest.mark.skipif(
    not has_cuda_python or probe_cuda().gpu is not None, reason="for machines with cuda-python and without a GPU"
)
without_tensorrt = pytest.mark.skipif(
    importlib.util.find_spec("tensorrt") is not None, reason="for machines without TensorRT"
)


@pytest.fixture
def cache(tmp_path):
    return EngineCache(tmp_path / "cache")


def model_of(tmp_path, precision="fp32", target="onnx"):
    return brightness_model(tmp_path / "m.onnx", extra={PRECISION_KEY: precision, TARGET_KEY: target})


@without_gpu
@pytest.mark.parametrize(("precision", "target"), [("fp32", "onnx"), ("fp16", "onnx"), ("int8", "tensorrt")])
def test_without_a_gpu_nothing_is_built_and_the_error_says_why(tmp_path, cache, precision, target):
    model = model_of(tmp_path, precision, target)
    for run in (
        lambda: build_engine(model, cache=cache),
        lambda: TensorRtEngine(model, EngineOptions(), cache),
        lambda: open_engine(model, EngineOptions(engine="tensorrt")),
    ):
        with pytest.raises(EngineError, match="driver") as error:
            run()
        assert error.value.exit_code == 4
    assert not cache.folder.exists()


@without_gpu
def test_cuda_is_probed_before_tensorrt_is_touched(tmp_path):
    """In a process of its own: there TensorRT is a module that ends the process when it is imported."""
    (tmp_path / "tensorrt.py").write_text("import os\nos._exit(99)\n")
    model = model_of(tmp_path)
    code = (
        "import sys; from pathlib import Path\n"
        "from landslip.runtime.engines.tensor_rt import build_engine\n"
        "from landslip.runtime.errors import EngineError\n"
        "try: build_engine(Path(sys.argv[1]))\n"
        "except EngineError as error: print(error)\n"
    )
    path = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r})\n{code}", str(model)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "driver" in done.stdout


@without_tensorrt
def test_without_tensorrt_the_error_has_the_command_that_installs_it():
    with pytest.raises(EngineError, match=r"not installed.*pip install 'landslip\[tensorrt\]'.*JetPack") as error:
        tensorrt_version()
    assert error.value.exit_code == 4
    report = probe_tensorrt()
    assert report.version is None
    assert report.problem == str(error.value)


@without_tensorrt
@pytest.mark.parametrize("content", ["raise OSError('libnvinfer.so.10: cannot open')", "", "__version__ = '8.6.2'"])
def test_a_tensorrt_that_cannot_be_used_is_reported(tmp_path, monkeypatch, content):
    (tmp_path / "tensorrt.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    try:
        problem = probe_tensorrt().problem
    finally:
        sys.modules.pop("tensorrt", None)
    assert "does not load" in problem or "TensorRT 8.6.2 is too old" in problem


@without_tensorrt
def test_without_polygraphy_the_error_has_the_command_that_installs_it(tmp_path, monkeypatch):
    (tmp_path / "tensorrt.py").write_text("__version__ = '10.3.0'")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "polygraphy", None)
    try:
        problem = probe_tensorrt().problem
    finally:
        sys.modules.pop("tensorrt", None)
    assert "polygraphy" in problem
    assert "pip install 'landslip[tensorrt]'" in problem


@pytest.mark.parametrize("version", ["10.3.0", "10.3.0.30", "10.16.1.11", "11.4.0.106", "12.0"])
def test_supported_versions(version):
    check_version(version)


@pytest.mark.parametrize("version", ["8.6.2", "10.2.0.post1", "9.3", ""])
def test_versions_that_are_too_old(version):
    with pytest.raises(EngineError, match=r"needs 10\.3 or newer"):
        check_version(version)


@pytest.mark.parametrize(
    ("precision", "target", "words"),
    [
        ("int8", "onnx", r"zero points.*--target tensorrt"),
        ("int8", "openvino", "made for openvino"),
        ("fp32", "openvino", "made for openvino"),
    ],
)
def test_graphs_for_other_backends_are_refused(tmp_path, cache, precision, target, words):
    model = model_of(tmp_path, precision, target)
    for run in (lambda: build_engine(model, cache=cache), lambda: TensorRtEngine(model, EngineOptions(), cache)):
        with pytest.raises(EngineError, match=words):
            run()


def test_calls_that_are_wrong_in_themselves(tmp_path, cache):
    model = model_of(tmp_path)
    with pytest.raises(UsageError, match="multiple of 32"):
        build_engine(model, tile=100, cache=cache)
    with pytest.raises(UsageError, match="positive"):
        build_engine(model, workspace=0, cache=cache)
    with pytest.raises(EngineError, match="does not run on cpu"):
        TensorRtEngine(model, EngineOptions(device="cpu"), cache)
    with pytest.raises(EngineError, match="which is fp32, in fp16"):
        TensorRtEngine(model, EngineOptions(precision="fp16"), cache)
    with pytest.raises(InputMissingError):
        build_engine(tmp_path / "none.onnx", cache=cache)


@pytest.mark.parametrize("name", ["x.engine", "x.plan", "x.TRT"])
def test_engines_from_elsewhere_are_refused(tmp_path, cache, name):
    engine = tmp_path / name
    engine.write_bytes(PLAN)
    with pytest.raises(ModelError, match=r"from elsewhere.*Give the ONNX file with `engine` tensorrt"):
        TensorRtEngine(engine, EngineOptions(), cache)
    for name in ("auto", "tensorrt"):
        with pytest.raises(ModelError, match="from elsewhere"):
            open_engine(engine, EngineOptions(engine=name))


def test_an_engine_of_the_cache_for_other_tiles_or_in_another_precision(cache):
    stored = cache.store(PLAN, record_of(PLAN))
    with pytest.raises(UsageError, match=r"Give `tile` 224"):
        TensorRtEngine(stored.path, EngineOptions(tile=448), cache)
    with pytest.raises(EngineError, match="computes in fp16"):
        TensorRtEngine(stored.path, EngineOptions(precision="int8"), cache)


def test_a_key_says_what_an_engine_fits():
    orin = Gpu("Orin", "8.7", 8, 8 << 30, "12.6 (540.4.0)")
    here = machine_key(orin, "10.3.0", KEY.onnx_sha256, Profile(2, 224))
    assert replace(here, platform=KEY.platform) == KEY
    for gpu in (replace(orin, driver="12.8"), replace(orin, name="H200"), replace(orin, multiprocessors=4)):
        assert machine_key(gpu, "10.3.0", KEY.onnx_sha256, Profile(2, 224)) != here


def batch_of(count, tile):
    rng = np.random.default_rng(count)
    return {
        entry.name: rng.integers(0, 60, (count, entry.bands, tile, tile)).astype(entry.dtype) for entry in SPEC.inputs
    }


@pytest.mark.slow
@pytest.mark.skipif(not usable, reason="needs an NVIDIA GPU and TensorRT")
def test_on_a_gpu_it_says_what_onnxruntime_says(cache):
    pytest.importorskip("onnxruntime")
    options = EngineOptions(engine="onnxruntime", device="cpu", batch=4, tile=96)
    with open_engine(DEMO, options) as reference, TensorRtEngine(DEMO, options, cache) as engine:
        for count in (4, 3, 1, 4):
            batch = batch_of(count, 96)
            padded = {name: np.concatenate([array] * 4)[:4] for name, array in batch.items()}
            np.testing.assert_allclose(engine.infer(batch), reference.infer(padded)[:count], atol=1e-5)
        assert (engine.precision, engine.device) == ("fp32", "cuda")
    (stored,) = cache.folder.glob("*.engine")
    with TensorRtEngine(stored, options, cache) as engine:
        assert engine.infer(batch_of(2, 96)).shape == (2, 1, 96, 96)
