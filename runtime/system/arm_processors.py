"""Names of ARM processors. On x86 Linux tells a processor's name; on ARM only the numbers of who made it and which.

Source: sys-utils/lscpu-arm.c of util-linux, which names the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterable

_MAKERS = {0x41: "ARM", 0x48: "HiSilicon", 0x4E: "NVIDIA", 0x51: "Qualcomm", 0x61: "Apple", 0xC0: "Ampere"}

_PARTS = {
    (0x41, 0xD03): "Cortex-A53",
    (0x41, 0xD05): "Cortex-A55",
    (0x41, 0xD07): "Cortex-A57",  # Jetson Nano, TX2
    (0x41, 0xD08): "Cortex-A72",  # Raspberry Pi 4
    (0x41, 0xD0B): "Cortex-A76",  # Raspberry Pi 5
    (0x41, 0xD0C): "Neoverse-N1",
    (0x41, 0xD40): "Neoverse-V1",
    (0x41, 0xD41): "Cortex-A78",
    (0x41, 0xD42): "Cortex-A78AE",  # Jetson Orin
    (0x41, 0xD49): "Neoverse-N2",
    (0x41, 0xD4F): "Neoverse-V2",
    (0x41, 0xD83): "Neoverse-V3AE",  # Jetson Thor
    (0x41, 0xD84): "Neoverse-V3",
    (0x4E, 0x004): "Carmel",  # Jetson Xavier
}
"""Processors that landslip is likely to meet, by maker and part; others are named by these numbers."""


def arm_processor(cpuinfo: Iterable[str]) -> str | None:
    """Name such as ``ARM Cortex-A78AE``; two kinds of cores in one processor are joined by ``and``.

    Args:
        cpuinfo: lines of ``/proc/cpuinfo``.

    Returns:
        None where the lines are not those of an ARM.
    """
    names: list[str] = []
    maker: int | None = None
    for line in cpuinfo:
        key, _, value = line.partition(":")
        if key.strip() == "CPU implementer":
            maker = _number(value)
        elif key.strip() == "CPU part" and maker is not None and (part := _number(value)) is not None:
            names.append(_name(maker, part))
    return " and ".join(dict.fromkeys(names)) or None


def _name(maker: int, part: int) -> str:
    known = _PARTS.get((maker, part), f"part {part:#x}")
    return f"{_MAKERS.get(maker, f'maker {maker:#x}')} {known}"


def _number(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None
