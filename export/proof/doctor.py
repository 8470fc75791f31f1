"""Examines this machine: which engines work, what is missing, and the command that installs it."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import platformdirs
import rasterio
from rasterio.crs import CRS

from landslip.export.judging.trials import TrialOutcome
from landslip.export.proof.jetson_advice import jetson_advice
from landslip.export.proof.verify import VerifyRequest, verify
from landslip.runtime.access.bound_pyogrio import pyogrio
from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.engines import BACKENDS, Backend
from landslip.runtime.engines.cuda import probe_cuda
from landslip.runtime.errors import EngineError, LandslipError
from landslip.runtime.system.machine import (
    describe_environment,
    installed_version,
    instruction_sets,
    limits_here,
    on_jetson,
)

Facts = dict[str, Any]
"""JSON-like."""

_NATIVE_BF16 = {"avx512_bf16", "amx_bf16"}

_EXPORT = ("tensorflow", "tf_keras", "tf2onnx", "onnx", "h5py")


def examine() -> Facts:
    """Examine what works on this machine; ``ready`` says whether maps can be made, and ``advice`` what to do.

    Never raises for what is missing.
    """
    engines = {backend.name: _engine(backend) for backend in BACKENDS.values()}
    cuda = asdict(probe_cuda())
    cache, gdal = _cache(), _gdal()
    tested = _self_test()
    ready = "PASS" in tested.values() and "problem" not in gdal
    return {
        "ready": ready,
        "machine": describe_environment() | limits_here(),
        "engines": engines,
        "cuda": cuda,
        "gdal": gdal,
        "cache": cache,
        "self_test": tested,
        "advice": [*_advice(engines, cuda, cache)],
    }


def _engine(backend: Backend) -> Facts:
    if not backend.installed:
        return {"usable": False, "problem": backend.missing}
    try:
        backend.load()
        return {"usable": True, **_PROBES.get(backend.name, dict)()}
    except EngineError as error:
        return {"usable": False, "problem": str(error)}


def _probe_onnxruntime() -> Facts:
    from landslip.runtime.engines import onnx_runtime  # noqa: PLC0415 - found to load just before

    return {"version": onnx_runtime.ort.__version__, "providers": onnx_runtime.providers()}


def _probe_openvino() -> Facts:
    from landslip.runtime.engines import open_vino  # noqa: PLC0415 - found to load just before

    found = open_vino.devices()
    places = dict.fromkeys(name.partition(".")[0] for name in found)
    precisions = {place: list(BACKENDS["openvino"].computed_on(place.lower())) for place in places}
    return {"version": open_vino.ov.get_version(), "devices": found, "precisions": precisions}


def _probe_tensorrt() -> Facts:
    from landslip.runtime.engines.tensor_rt import probe_tensorrt  # noqa: PLC0415

    if problem := probe_cuda().problem:  # without CUDA nothing of TensorRT may be touched
        raise EngineError(problem)
    report = probe_tensorrt()
    if report.problem:
        raise EngineError(report.problem)
    return {"version": report.version}


_PROBES: dict[str, Callable[[], Facts]] = {
    "onnxruntime": _probe_onnxruntime,
    "openvino": _probe_openvino,
    "tensorrt": _probe_tensorrt,
}


def _gdal() -> Facts:
    found = {"version": rasterio.__gdal_version__, "proj": rasterio.__proj_version__, "rasterio": rasterio.__version__}
    try:
        CRS.from_epsg(32632).to_wkt()
    except RASTER_ERRORS as error:
        return found | {
            "problem": f"PROJ does not find its data ({reason(error)}). Unset PROJ_LIB and PROJ_DATA, or install "
            "rasterio again"
        }
    writable = pyogrio.list_drivers(write=True)
    if "GPKG" not in writable:
        return found | {"problem": "GDAL cannot write GeoPackages. Install pyogrio again"}
    return found | {"proj_data": "found", "geopackage": "written"}


def _cache() -> Facts:
    """Paths where TensorRT engines and compiled kernels are kept."""
    folder = platformdirs.user_cache_path("landslip")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return {"folder": str(folder), "writable": True}
    except OSError as error:
        return {"folder": str(folder), "writable": False, "problem": str(error.strerror)}


def _self_test() -> Facts:
    """The embedded model in fp32, with every engine that needs no minutes to be built, against its reference tiles."""
    import landslip.models  # noqa: PLC0415 - for its files

    model = Path(landslip.models.__file__ or "").parent / "demo_data" / "demo.fp32.onnx"
    results: Facts = {}
    for backend in BACKENDS.values():
        if not backend.installed:
            continue
        if not backend.automatic:
            results[backend.name] = f"not run: takes minutes to build. landslip verify FOLDER --engine {backend.name}"
            continue
        try:
            report = verify(VerifyRequest(model, engine=backend.name))
        except LandslipError as error:
            results[backend.name] = str(error)
        else:
            results |= {_what(outcome): _result(outcome) for outcome in report.outcomes}
    return results


def _what(outcome: TrialOutcome) -> str:
    where = f" on {outcome.device}" if outcome.device else ""
    return f"{outcome.engine} in {outcome.precision}{where}"


def _result(outcome: TrialOutcome) -> str:
    words = outcome.not_run or "; ".join(outcome.objections)
    return f"{outcome.verdict}: {words}" if words else outcome.verdict


def _advice(engines: Facts, cuda: Facts, cache: Facts) -> Iterator[str]:
    if installed_version("onnxruntime") and installed_version("onnxruntime-gpu"):
        yield (
            "onnxruntime and onnxruntime-gpu are both installed, and overwrite each other. Keep one: pip uninstall -y "
            "onnxruntime onnxruntime-gpu, then pip install 'landslip[cpu]' or pip install 'landslip[gpu]'"
        )
    jetson = on_jetson()
    if not jetson and cuda["gpu"] and "CUDAExecutionProvider" not in engines["onnxruntime"].get("providers", ()):
        yield "There is an NVIDIA GPU: pip uninstall -y onnxruntime, then pip install 'landslip[gpu]'"
    for name, found in engines.items():
        if not found["usable"] and (BACKENDS[name].automatic or (cuda["gpu"] and not jetson)):
            yield found["problem"]
    if jetson:
        yield from jetson_advice(engines, cuda)
    if "BF16" in engines["openvino"].get("devices", {}).get("CPU", ()) and not _NATIVE_BF16 & set(instruction_sets()):
        yield "openvino emulates bf16 on this CPU, which is slow, in int8+bf16 too: prefer fp32 or int8"
    if missing := [package for package in _EXPORT if importlib.util.find_spec(package) is None]:
        yield f"To export Keras files ({', '.join(missing)} missing): pip install 'landslip[export]'"
    if not cache["writable"]:
        yield f"{cache['folder']} cannot be written: set XDG_CACHE_HOME to a folder of your own"
