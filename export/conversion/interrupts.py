"""Ctrl-C and SIGTERM while foreign code runs that catches everything."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from landslip.runtime.system.endings import ENDING


@contextmanager
def interrupts_remembered() -> Iterator[None]:
    """Have the block end with KeyboardInterrupt if a signal has raised it in there, even where it was swallowed.

    tf2onnx catches all there is around its optimisations, goes on without them, or ends with an error of its own.
    Signals arrive in the main thread alone, and elsewhere nothing is done.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: handler for number in ENDING if callable(handler := signal.getsignal(number))}
    raised: list[KeyboardInterrupt] = []

    def handle(number: int, frame: FrameType | None) -> None:
        try:
            before[signal.Signals(number)](number, frame)
        except KeyboardInterrupt as interrupt:
            raised.append(interrupt)
            raise

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    except Exception as error:
        if raised:
            raise raised[0] from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if raised:
        raise raised[0]
