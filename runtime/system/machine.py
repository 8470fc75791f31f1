"""The machine and the versions a figure was measured with."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from collections.abc import Collection, Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from landslip.runtime.system.arm_processors import arm_processor
from landslip.runtime.system.control_groups import cpu_limit
from landslip.runtime.system.memory_room import memory_room

_PACKAGES = (
    "landslip", "numpy", "numba", "rasterio", "onnxruntime", "onnxruntime-gpu", "openvino", "tensorrt", "tensorflow",
)  # fmt: skip

_CPU_FLAGS = (
    "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx_vnni", "amx_bf16", "amx_int8",
    "asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2",
)  # fmt: skip
"""Instruction sets that decide how fast a network is in which precision."""

_CPUS = Path("/sys/devices/system/cpu")
"""Path where Linux tells of the logical cores."""

_GPUS, _DRIVER = Path("/proc/driver/nvidia/gpus"), Path("/sys/module/nvidia/version")
"""Paths where NVIDIA's kernel module tells of itself, on Linux."""

_BOARD, _JETSON_LINUX = Path("/proc/device-tree/model"), Path("/etc/nv_tegra_release")
"""Paths where boards tell what they are, and Jetsons the version of NVIDIA's Linux for them."""


def describe_environment() -> dict[str, Any]:
    """CPU, its instruction sets that matter to networks, cores, memory, system and package versions, as found.

    Processors of several kinds go by one name, such as that of a cloud's. Nothing names the machine or its user.
    """
    return {
        **_board(),
        "cpu": _cpu_model(),
        "instruction_sets": instruction_sets(),
        "cores": usable_cores(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **_gpu(),
        "packages": {name: found for name in _PACKAGES if (found := installed_version(name)) is not None},
    }


def limits_here() -> dict[str, float]:
    """Limits on what this process may take of the machine, where a service or container sets some: GiB, cores."""
    room, machine, cores = memory_room().total, _memory_gib(), cpu_limit()
    memory = round(room / 2**30, 1) if room else None
    limited = memory is not None and machine is not None and memory < machine
    return ({"memory_limit_gib": memory} if memory and limited else {}) | (
        {"cpu_limit_cores": round(cores, 2)} if cores else {}
    )


def on_jetson() -> bool:
    """Tell whether this machine is a Jetson, on which CUDA and TensorRT come with the system and not from pip."""
    return _JETSON_LINUX.exists() or "jetson" in _board().get("board", "").lower()


def usable_cores() -> int:
    """Logical cores this process may use."""
    return len(_usable())


def physical_cores() -> int:
    """Cores this process may use, one that is two logical ones counted once; logical ones where nothing tells."""
    return len({_siblings(core) for core in _usable()})


def switched_off_cores() -> int:
    """Logical cores that this machine has and does not run, as in power modes of Jetsons; 0 where nothing tells."""
    present, online = (_count(next(iter(_lines([_CPUS / name])), "")) for name in ("present", "online"))
    return max(present - online, 0) if online else 0


def instruction_sets() -> list[str]:
    """Instruction sets that matter to networks, by their names in Linux; empty where the system does not tell."""
    lines = _cpuinfo()
    # x86 calls them flags, ARM features.
    words = next((line.split(":", 1)[1].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return [flag for flag in _CPU_FLAGS if flag in words]


def lacks_vnni() -> bool:
    """Tell whether this is an x86 processor without VNNI; False where the system does not tell."""
    found = instruction_sets()
    return "avx2" in found and not {"avx512_vnni", "avx_vnni", "amx_int8"} & set(found)


def installed_version(package: str) -> str | None:
    """Version of a distribution, or None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _siblings(core: int) -> str:
    """The logical cores that share one with a logical core, as Linux lists them; its own number elsewhere."""
    return next(iter(_lines([_CPUS / f"cpu{core}/topology/thread_siblings_list"])), str(core))


def _count(ranges: str) -> int:
    """Number of cores in a list such as ``0-3,8``; 0 for one that says nothing."""
    ends = [(int(first), int(last or first)) for first, last in re.findall(r"(\d+)(?:-(\d+))?", ranges)]
    return sum(last - first + 1 for first, last in ends)


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


def _board() -> dict[str, str]:
    """Model of a board such as a Jetson, and its version of Jetson Linux, as they tell."""
    found: dict[str, str] = {}
    for line in _lines([_BOARD])[:1]:
        found["board"] = line.strip("\0 ")
    for line in _lines([_JETSON_LINUX])[:1]:
        if version_ := re.match(r"# R(\d+) \(release\), REVISION: ([\d.]+)", line):
            found["jetson_linux"] = f"{version_[1]}.{version_[2]}"
    return found


def _cpu_model() -> str:
    names = [line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")]
    return names[0] if names else arm_processor(_cpuinfo()) or platform.processor() or "unknown"


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
