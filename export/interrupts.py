"""Ctrl-C while foreign code runs that catches everything."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_remembered() -> Iterator[None]:
    """Have the block end with KeyboardInterrupt if one was raised in it by Ctrl-C, even where it was swallowed.

    tf2onnx catches all there is around its optimisations, goes on without them, or ends with an error of its own.
    Signals arrive in the main thread alone, and elsewhere nothing is done.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    raised: list[KeyboardInterrupt] = []

    def handler(number: int, frame: FrameType | None) -> None:
        try:
            before(number, frame)
        except KeyboardInterrupt as interrupt:
            raised.append(interrupt)
            raise

    signal.signal(signal.SIGINT, handler)
    try:
        yield
    except Exception as error:
        if raised:
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.signal(signal.SIGINT, before)
    if raised:
        raise KeyboardInterrupt
