"""Words to the service manager that started the process, as systemd's sd_notify(3) sends them.

Every message is one datagram to the socket that ``NOTIFY_SOCKET`` names. Without that variable nothing is sent, and
what cannot be sent is nobody's error: a service works the same whether somebody listens or not.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping

from landslip.runtime.untrusted.printable import printable

_LONGEST = 400
"""Most characters of a status: ``systemctl status`` shows one line."""

_SHARE = 4
"""Signs of life that fit into the time that the watchdog waits: one that is lost is no death."""

_PATIENCE = 1.0
"""Seconds that the first and the last word wait for a manager whose queue is full: Linux keeps eleven messages."""


class Notifier:
    """Tells a service manager how a service is; does nothing where there is none."""

    def __init__(
        self, environment: Mapping[str, str] = os.environ, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take up what the manager says in the environment.

        Args:
            environment: variables of the process.
            clock: seconds that only grow.
        """
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._clock = clock
        self.watchdog_seconds = _watchdog_seconds(environment)
        """Seconds without a sign of life after which the manager ends the service; None where it does not look."""
        self._last_sign: float | None = None

    def ready(self) -> None:
        """Say that the service is up."""
        self._send("READY=1", _PATIENCE)

    def status(self, text: str) -> bool:
        """Say in a line what the service is doing; what a line does not hold is cut or escaped.

        Returns:
            False where the manager has not taken it: then it shows what it was told before.
        """
        return self._send(f"STATUS={printable(text, _LONGEST)}")

    def alive(self) -> None:
        """Give a sign of life to the watchdog, as often as it needs one; call this only when something was done."""
        if self.watchdog_seconds is None:
            return
        now = self._clock()
        is_due = self._last_sign is None or now - self._last_sign >= self.watchdog_seconds / _SHARE
        if is_due and self._send("WATCHDOG=1"):
            self._last_sign = now

    def stopping(self) -> None:
        """Say that the service is about to end."""
        self._send("STOPPING=1", _PATIENCE)

    def _send(self, message: str, patience: float = 0.0) -> bool:
        """Send a message; tell whether it went out, or nobody listens."""
        if not self._address:
            return True
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(patience)  # a manager that does not read must not hold the service up
            sender.sendto(message.encode("utf-8", "replace"), self._address)
            return True
        return False


def _address(name: str) -> str:
    """Address of the socket; a leading ``@`` is the zero byte of Linux's abstract names."""
    if not hasattr(socket, "AF_UNIX") or not name.startswith(("/", "@")):
        return ""
    return f"\0{name[1:]}" if name.startswith("@") else name


def _watchdog_seconds(environment: Mapping[str, str]) -> float | None:
    """Seconds that the watchdog waits; None where there is none, or where it waits for another process."""
    if environment.get("WATCHDOG_PID", "") not in {"", str(os.getpid())}:
        return None
    microseconds = environment.get("WATCHDOG_USEC", "")
    is_number = microseconds.isascii() and microseconds.isdecimal() and len(microseconds) < 20
    return (int(microseconds) / 1e6 or None) if is_number else None
