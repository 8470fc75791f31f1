"""Energy of an NVIDIA GPU, as its driver counts it (NVML): the one module that imports pynvml.

The package nvidia-ml-py is optional (``pip install nvidia-ml-py``). GPUs older than Volta, and those of Jetsons, do not
count.
"""

from __future__ import annotations

import importlib
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


def open_nvml(index: int = 0) -> Nvml | str:
    """A GPU's counter, or why it cannot be read.

    Args:
        index: of the GPU, as NVML counts them.
    """
    try:
        nvml: Any = importlib.import_module("pynvml")
    except ModuleNotFoundError:
        return "The energy of the GPU needs the package 'nvidia-ml-py': pip install nvidia-ml-py."
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return f"NVIDIA's driver tells nothing ({error})."
    try:
        return Nvml(nvml, nvml.nvmlDeviceGetHandleByIndex(index))
    except nvml.NVMLError as error:
        nvml.nvmlShutdown()
        return f"The GPU does not count its energy ({error})."
