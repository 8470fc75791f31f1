"""Energy of an NVIDIA GPU, as its driver counts it (NVML): the one module that imports pynvml.

The package nvidia-ml-py is optional (``pip install nvidia-ml-py``). GPUs older than Volta, and those of Jetsons, do not
count.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from landslip.runtime.errors import LandslipError
from landslip.runtime.system.closing import Closing


class Nvml(Closing):
    """Counts the energy of one GPU."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        """Begin to count.

        Args:
            nvml: the module, initialised.
            handle: of the GPU.
        """
        self._nvml, self._handle = nvml, handle
        self._begin: int = nvml.nvmlDeviceGetTotalEnergyConsumption(handle)
        self.source = "NVML, the GPU's own counter of energy, with its memory"

    def joules(self) -> float:
        """See :class:`landslip.benchmarks.measuring.energy.Meter`."""
        try:
            millijoules: int = self._nvml.nvmlDeviceGetTotalEnergyConsumption(self._handle) - self._begin
        except self._nvml.NVMLError as error:
            raise LandslipError(f"The energy of the GPU cannot be read any more ({error}).") from error
        return millijoules / 1000

    def close(self) -> None:
        """Let go of the driver."""
        self._nvml.nvmlShutdown()


def open_nvml() -> Nvml | str:
    """The counter of the GPU that CUDA shows first, which engines run on, or why it cannot be read."""
    try:
        nvml: Any = importlib.import_module("pynvml")
    except ModuleNotFoundError:
        return "The energy of the GPU needs the package 'nvidia-ml-py': pip install nvidia-ml-py."
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return f"NVIDIA's driver tells nothing ({error})."
    try:
        handle = _first_shown(nvml)
        if handle is not None:
            return Nvml(nvml, handle)
        reason = (
            "Which of the GPUs is used cannot be told, so its energy cannot either: set CUDA_DEVICE_ORDER=PCI_BUS_ID, "
            "or CUDA_VISIBLE_DEVICES to the UUID of a whole GPU that nvidia-smi -L shows."
        )
    except nvml.NVMLError as error:
        reason = f"The GPU does not count its energy ({error})."
    nvml.nvmlShutdown()
    return reason


def _first_shown(nvml: Any) -> Any:
    """The GPU that CUDA shows first; None where that cannot be told.

    NVML counts GPUs by their place on the bus; CUDA does so where it is asked to, and else begins with the fastest.
    Source: CUDA programming guide, "CUDA environment variables".
    """
    gpus = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
    shown = os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0].strip()
    if not shown.isdecimal():
        alike = [gpu for gpu in gpus if shown and nvml.nvmlDeviceGetUUID(gpu).startswith(shown)]
        return alike[0] if len(alike) == 1 else None
    by_bus = (
        os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID" or len({nvml.nvmlDeviceGetName(gpu) for gpu in gpus}) == 1
    )
    return gpus[int(shown)] if by_bus and int(shown) < len(gpus) else None
