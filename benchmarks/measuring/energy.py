"""Energy, where the machine tells it: NVIDIA's GPU, a Jetson's board, or the CPU's packages. No figure is made up."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from landslip.benchmarks.measuring.ina import open_ina
from landslip.benchmarks.measuring.nvml import open_nvml
from landslip.benchmarks.measuring.rapl import open_rapl

if TYPE_CHECKING:
    from typing_extensions import Self

SYSTEM = Path("/sys")


@dataclass(frozen=True)
class Unavailable:
    """Absence of a meter."""

    reason: str
    """Reason why there is none, in a sentence for each that was looked for."""


class Meter(Protocol):
    """Counts energy. What something took is the difference of two readings, at most some minutes apart."""

    @property
    def source(self) -> str:
        """Name of what is read, and what it covers."""
        ...

    def joules(self) -> float:
        """Energy since the meter was opened.

        Raises:
            LandslipError: the machine does not tell it any more.
        """
        ...

    def close(self) -> None:
        """Stop reading."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_meter(device: str = "cpu", root: Path = SYSTEM) -> Meter | Unavailable:
    """The meter that covers what runs on a device; the caller closes it.

    Args:
        device: ``cuda`` for the GPU, or the whole board of a Jetson; ``cpu`` for the board, or the CPU's packages.
        root: where the system tells of itself, ``/sys`` on Linux.
    """
    ways = [lambda: open_ina(root), open_nvml if device == "cuda" else lambda: open_rapl(root)]
    reasons: list[str] = []
    for way in ways:
        found = way()
        if not isinstance(found, str):
            return found
        reasons.append(found)
    return Unavailable(" ".join(reasons))
