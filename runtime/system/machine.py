"""The machine and the versions a figure was measured with."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Collection, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = (
    "landslip", "numpy", "numba", "rasterio", "onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt", "tensorflow",
)  # fmt: skip

_CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_bf16", "amx_int8", "asimd", "asimddp")
"""Instruction sets that decide how fast a network is in which precision."""

_CPUS = Path("/sys/devices/system/cpu")
"""Path where Linux tells of the logical cores."""

_GPUS, _DRIVER = Path("/proc/driver/nvidia/gpus"), Path("/sys/module/nvidia/version")
"""Paths where NVIDIA's kernel module tells of itself, on Linux."""


def describe_environment() -> dict[str, Any]:
    """CPU, cores, memory, system and package versions, as found; nothing that names the machine or its user."""
    return {
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **_gpu(),
        "packages": {name: found for name in _PACKAGES if (found := installed_version(name)) is not None},
    }


def usable_cores() -> int:
    """Logical cores this process may use."""
    return len(_usable())


def physical_cores() -> int:
    """Cores this process may use, one that is two logical ones counted once; logical ones where nothing tells."""
    return len({_siblings(core) for core in _usable()})


def instruction_sets() -> list[str]:
    """Instruction sets that matter to networks, by their names in Linux; empty where the system does not tell."""
    lines = _cpuinfo()
    # x86 calls them flags, ARM features.
    words = next((line.split(":", 1)[1].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return [flag for flag in _CPU_FLAGS if flag in words]


def installed_version(package: str) -> str | None:
    """Version of a distribution, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _siblings(core: int) -> str:
    """The logical cores that share one with a logical core, as Linux lists them; its own number elsewhere."""
    return next(iter(_lines([_CPUS / f"cpu{core}/topology/thread_siblings_list"])), str(core))


def _usable() -> Collection[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _gpu() -> dict[str, str]:
    """NVIDIA's GPU and its driver, as its kernel module tells them; nothing where there is none."""
    names = [
        line.split(":", 1)[1].strip()
        for line in _lines(sorted(_GPUS.glob("*/information")))
        if line.startswith("Model")
    ]
    versions = [line.strip() for line in _lines([_DRIVER])]
    return ({"gpu": ", ".join(names)} if names else {}) | ({"gpu_driver": versions[0]} if versions else {})


def _cpu_model() -> str:
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _cpuinfo() -> list[str]:
    return _lines([Path("/proc/cpuinfo")])


def _lines(paths: Iterable[Path]) -> list[str]:
    """Lines of the files that can be read."""
    lines: list[str] = []
    for path in paths:
        with contextlib.suppress(OSError):
            lines += path.read_text(encoding="utf-8", errors="replace").splitlines()
    return lines


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None
