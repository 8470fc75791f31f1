"""Last words on a process: sentences that another one says, and the line in which it says them."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

from landslip.runtime.system.log_fields import is_machine_readable

Line = Callable[[str, int], str]
"""Makes a sentence and the exit code a line of the log, as the command words it, of nothing that a terminal obeys."""


def plain_line(sentence: str, code: int) -> str:
    """A sentence as a line for people."""
    del code
    return f"landslip: {sentence}"


def crash_sentence(status: int) -> str:
    """Sentence on a process that ended within a library."""
    if status == -signal.SIGKILL:
        return (
            "the process was killed (SIGKILL), which the system does when memory runs out. Give it more memory, or "
            "less to do at a time: a smaller `batch` or `tile`."
        )
    how = f"exit code {status}"
    if status < 0:
        how = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    return (
        f"a library ended the process ({how}), which happens above all where memory, address space or threads are "
        "limited too tightly (ulimit, a container). Raise the limit, or take a smaller `batch` or `tile`."
    )


def write_line(line: Line, sentence: str, code: int) -> None:
    """Write a line to standard error, whatever has become of it; a progress bar may stand there."""
    start = "\n" if os.isatty(2) and not is_machine_readable() else ""
    with contextlib.suppress(OSError):
        os.write(2, f"{start}{line(sentence, code)}\n".encode(errors="replace"))
