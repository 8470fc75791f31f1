"""Energy of the CPU's packages, as Linux tells it: RAPL (running average power limit), of Intel and AMD.

Source: docs.kernel.org/power/powercap/powercap.html. Memory, disks and power supply are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landslip.runtime.errors import LandslipError
from landslip.runtime.system.closing import Closing


@dataclass
class _Zone:
    """One package: a counter of microjoules that begins anew after its greatest value."""

    file: Path
    size: int
    """Number of values it has."""
    last: int
    total: int = 0

    def microjoules(self) -> int:
        now = _number(self.file)
        self.total += (now - self.last) % self.size
        self.last = now
        return self.total


class Rapl(Closing):
    """Counts the energy of all packages; read it before a counter goes round twice, which takes many minutes."""

    def __init__(self, zones: list[_Zone]) -> None:
        """Begin to count."""
        self._zones = zones
        self.source = f"RAPL, {len(zones)} CPU package{'s' * (len(zones) > 1)} without memory"

    def joules(self) -> float:
        """See :class:`landslip.benchmarks.measuring.energy.Meter`."""
        try:
            return sum(zone.microjoules() for zone in self._zones) / 1e6
        except (OSError, ValueError) as error:
            raise LandslipError(f"The energy of the CPU cannot be read any more ({error}).") from error

    def close(self) -> None:
        """Do nothing: no file is held."""


def open_rapl(root: Path) -> Rapl | str:
    """The CPU's packages, or why they cannot be read.

    Args:
        root: ``/sys``.
    """
    folders = sorted((root / "class" / "powercap").glob("intel-rapl:*"))
    try:
        packages = [folder for folder in folders if _is_package(folder)]
        if not packages:
            return "The system tells no energy of the CPU (no RAPL)."
        return Rapl([_zone(folder) for folder in packages])
    except PermissionError as error:
        return f"The energy of the CPU may be read by root alone: sudo chmod a+r {error.filename}."
    except (OSError, ValueError) as error:
        return f"The energy of the CPU cannot be read ({error})."


def _is_package(folder: Path) -> bool:
    """Tell whether it is a package, which holds its parts, and not a part or the whole platform."""
    return folder.name.count(":") == 1 and (folder / "name").read_text(encoding="ascii").startswith("package")


def _zone(folder: Path) -> _Zone:
    counter = folder / "energy_uj"
    return _Zone(counter, _number(folder / "max_energy_range_uj") + 1, _number(counter))


def _number(file: Path) -> int:
    return int(file.read_text(encoding="ascii"))
