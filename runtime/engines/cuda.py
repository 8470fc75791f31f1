"""CUDA through cuda-python: which GPU there is, and calls whose errors have names. The one place that imports it.

Written against cuda-python 12.6 and 13, whose refusals on a machine without a driver are tested. What succeeds only on
a GPU ran on an H200 with cuda-python 13; on a Jetson it has not been run by us.
"""

from __future__ import annotations

import contextlib
import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from landslip.runtime.errors import EngineError, EngineMemoryError

_LAYOUTS = ("cuda.bindings.runtime", "cuda.cudart")
"""Layouts of cuda-python, which keeps the CUDA runtime in another place since 12.6.1."""

_INSTALL = "Install it with: pip install 'landslip[tensorrt]', or on a Jetson the cuda-python of its CUDA version."

_KERNEL_DRIVER = Path("/sys/module/nvidia/version")

_REMEDIES = {
    "cudaErrorMemoryAllocation": "Take a smaller `batch` or `tile`, or close what else uses the GPU.",
    "cudaErrorNoDevice": "Check what nvidia-smi shows, and CUDA_VISIBLE_DEVICES.",
    "cudaErrorInsufficientDriver": "Install a driver at least as new as the CUDA of the installed cuda-python.",
}
_ANY_REMEDY = "Check what nvidia-smi shows, or run on the CPU."


@dataclass(frozen=True)
class Gpu:
    """A GPU as CUDA sees it."""

    name: str
    """Name such as ``Orin`` or ``NVIDIA H200``."""
    capability: str
    """Compute capability, such as ``8.7``."""
    multiprocessors: int
    """Streaming multiprocessors; power modes and partitions change it."""
    memory: int
    """Bytes; shared with the CPU on a Jetson."""
    driver: str
    """CUDA version of the driver, and the driver's own where the system tells it: ``12.6 (540.4.0)``."""


@dataclass(frozen=True)
class CudaReport:
    """Report on the CUDA of this machine, for ``landslip doctor``."""

    runtime: str | None
    """Version of the CUDA runtime inside cuda-python; None where that is missing."""
    driver: str | None
    """Version of CUDA that the driver supports; None without a driver."""
    gpu: Gpu | None
    """The GPU that would be used."""
    problem: str | None
    """Reason why there is none, and what to do; None if there is one."""


def first_gpu() -> Gpu:
    """The GPU that is used: the first that CUDA shows. ``CUDA_VISIBLE_DEVICES`` hides and orders them.

    Raises:
        EngineError: there is none, no driver, or no cuda-python.
    """
    if not call("cudaDriverGetVersion"):
        raise EngineError("There is no NVIDIA driver on this machine.", "Install one, or run on the CPU.")
    if not call("cudaGetDeviceCount"):
        raise EngineError(f"CUDA shows no GPU. {_REMEDIES['cudaErrorNoDevice']}")
    call("cudaSetDevice", 0)
    properties = call("cudaGetDeviceProperties", 0)
    return Gpu(
        name=properties.name.split(b"\0")[0].decode(errors="replace"),
        capability=f"{properties.major}.{properties.minor}",
        multiprocessors=properties.multiProcessorCount,
        memory=properties.totalGlobalMem,
        driver=_driver_version(call("cudaDriverGetVersion")),
    )


def probe_cuda() -> CudaReport:
    """Report on the CUDA there is, or why there is none. Never raises for what is missing."""
    runtime = driver = gpu = problem = None
    try:
        runtime = version_text(call("cudaRuntimeGetVersion"))
        if number := call("cudaDriverGetVersion"):
            driver = _driver_version(number)
        gpu = first_gpu()
    except EngineError as error:
        problem = str(error)
    return CudaReport(runtime, driver, gpu, problem)


def version_text(number: int) -> str:
    """CUDA's way to write a version as one integer, as text: 12060 is 12.6."""
    return f"{number // 1000}.{number % 1000 // 10}"


def call(function: str, *arguments: Any) -> Any:
    """Call a function of the CUDA runtime.

    Args:
        function: its name.
        arguments: its inputs; outputs are returned.

    Returns:
        None, the output, or a tuple of them.

    Raises:
        EngineError: it failed, with CUDA's own name and words for why; or there is no cuda-python.
    """
    library = _library()
    try:
        status, *outputs = getattr(library, function)(*arguments)
    except RuntimeError as error:  # cuda-python 12 raises where there is no driver to load
        raise EngineError(f"CUDA does not start: {error}.", "Install an NVIDIA driver, or run on the CPU.") from error
    if int(status):
        sentence = _sentence(library, function, status)
        raise (EngineMemoryError if "cudaErrorMemoryAllocation" in sentence else EngineError)(sentence)
    return outputs[0] if len(outputs) == 1 else tuple(outputs) or None


def constant(path: str) -> Any:
    """A constant of the CUDA runtime, such as ``cudaMemcpyKind.cudaMemcpyHostToDevice``."""
    value: Any = _library()
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _library() -> Any:
    for layout in _LAYOUTS:
        try:
            return importlib.import_module(layout)
        except ModuleNotFoundError:
            continue
        except ImportError as error:
            raise EngineError(f"cuda-python is installed but does not load ({error}). {_INSTALL}") from error
    raise EngineError(f"The package cuda-python is not installed. {_INSTALL}")


def _sentence(library: Any, function: str, status: Any) -> str:
    name, words = (library.cudaGetErrorName(status)[1], library.cudaGetErrorString(status)[1])
    name, words = name.decode(), words.decode()
    return f"CUDA: {function} failed with {name} ({words}). {_REMEDIES.get(name, _ANY_REMEDY)}"


def _driver_version(number: int) -> str:
    with contextlib.suppress(OSError):
        return f"{version_text(number)} ({_KERNEL_DRIVER.read_text(encoding='ascii').strip()})"
    return version_text(number)
