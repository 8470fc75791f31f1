"""Energy of a Jetson's board: its power monitors (TI INA3221), read ten times a second and integrated.

They tell power, not energy. The rail that feeds the whole module counts where there is one (``VDD_IN``, also
``POM_5V_IN``); otherwise the sum of the rails does, as on an AGX. Tested with folders of that layout, not on a Jetson.

Sources: NVIDIA's Jetson Linux developer guide on power and performance, and docs.kernel.org/hwmon/ina3221.html.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from landslip.runtime.errors import LandslipError
from landslip.runtime.system.closing import Closing

WHOLE = ("VDD_IN", "POM_5V_IN")
"""Rails that feed the whole module."""
PERIOD = 0.1
"""Seconds between two readings."""

Watts = Callable[[], float]


class Ina(Closing):
    """Integrates power by the trapezoidal rule, in a thread of its own until it is closed."""

    def __init__(self, rails: dict[str, Watts], period: float = PERIOD) -> None:
        """Begin to read.

        Args:
            rails: by name, what tells their power.
            period: seconds between readings.
        """
        self.source = f"INA3221, {' + '.join(rails)}, every {period:g} s"
        self._rails, self._period = list(rails.values()), period
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._joules, self._last = 0.0, (time.monotonic(), self._watts())
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._read_power, name="power", daemon=True)
        self._thread.start()

    def joules(self) -> float:
        """See :class:`landslip.benchmarks.measuring.energy.Meter`."""
        try:
            self._read()
        except (OSError, ValueError) as error:
            self._failure = error
        if self._failure is not None:
            raise LandslipError(f"The power of the board cannot be read any more ({self._failure}).")
        return self._joules

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        self._thread.join()

    def _read_power(self) -> None:
        while not self._stop.wait(self._period):
            try:
                self._read()
            except (OSError, ValueError) as error:
                self._failure = error  # said when it is asked for
                return

    def _read(self) -> None:
        with self._lock:
            now, watts = time.monotonic(), self._watts()
            before, were = self._last
            self._joules += (now - before) * (watts + were) / 2
            self._last = now, watts

    def _watts(self) -> float:
        return sum(rail() for rail in self._rails)


def open_ina(root: Path) -> Ina | str:
    """The board's power monitors, or why they cannot be read.

    Args:
        root: ``/sys``.
    """
    try:
        rails = _rails(root)
        if not rails:
            return "There is no power monitor of a Jetson (no INA3221)."
        return Ina(_counted(rails))
    except (OSError, ValueError) as error:
        return f"The power monitor of the board cannot be read ({error})."


def _rails(root: Path) -> dict[str, Watts]:
    drivers = root / "bus" / "i2c" / "drivers"
    hwmon = [_by_voltage(label) for label in sorted(drivers.glob("ina3221*/*/hwmon/hwmon*/in*_label"))]
    older = [_by_power(label) for label in sorted(drivers.glob("ina3221x/*/iio:device*/rail_name_*"))]
    return dict(rail for rail in (*hwmon, *older) if rail is not None)


def _by_voltage(label: Path) -> tuple[str, Watts] | None:
    """A rail as the kernel's hwmon has it: millivolts and milliamperes, by the number of the channel."""
    channel = label.name.removeprefix("in").removesuffix("_label")
    volts, amperes = label.with_name(f"in{channel}_input"), label.with_name(f"curr{channel}_input")
    # A channel without a current is the sum of others.
    return (_name(label), lambda: _milli(volts) * _milli(amperes)) if amperes.exists() else None


def _by_power(label: Path) -> tuple[str, Watts]:
    """A rail as JetPack 4 has it: milliwatts."""
    power = label.with_name(f"in_power{label.name.rpartition('_')[2]}_input")
    return _name(label), lambda: _milli(power)


def _counted(rails: dict[str, Watts]) -> dict[str, Watts]:
    whole = {name: rails[name] for name in WHOLE if name in rails}
    return whole or rails


def _name(label: Path) -> str:
    return label.read_text(encoding="ascii", errors="replace").strip()


def _milli(file: Path) -> float:
    return float(file.read_text(encoding="ascii")) / 1000
