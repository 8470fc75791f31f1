"""CPU time of commands that compute nothing: what ``landslip --help`` costs beyond Python itself."""

from __future__ import annotations

import statistics
import subprocess
import sys

from landslip.benchmarks.reports.report import Finding, Report, Table

COMMANDS: tuple[tuple[str, ...], ...] = (("--help",), ("map", "--help"))
"""Command lines that are measured."""

HELP = "landslip_help_cpu_seconds"
"""Finding: CPU seconds of ``landslip --help`` beyond Python itself."""

_NOTHING = "pass"
_LANDSLIP = "import sys; from landslip.runtime.cli.main import main; main(sys.argv[1:])"


def report_start(repeats: int = 5) -> Report:
    """Report of what :func:`measure_start` finds."""
    found = measure_start(repeats)
    rows = [(name, nothing, own_seconds, own_seconds - nothing) for name, nothing, own_seconds in found]
    return Report(
        name="start",
        question="What does a command cost before it does anything?",
        settings={"repeats": f"{repeats} processes of each, in turn; medians", "warm_up": "one process of each"},
        tables=[Table("CPU seconds, user and system", ("command", "python -c pass", "the command", "beyond"), rows)],
        findings={HELP: Finding(rows[0][3], "s of CPU", "lower")},
    )


def measure_start(repeats: int = 5) -> list[tuple[str, float, float]]:
    """Time a process that does nothing and each of :data:`COMMANDS`, alternating.

    The first start of each, which may have to compile Python's bytecode, is not counted.

    Args:
        repeats: processes of each; the median counts.

    Returns:
        For each command its name, and the median CPU seconds (user and system) of ``python -c pass`` and of itself.
    """
    idle: list[float] = []
    busy: dict[tuple[str, ...], list[float]] = {command: [] for command in COMMANDS}
    for _ in range(repeats + 1):
        idle.append(_cpu_seconds(_NOTHING))
        for command, seconds in busy.items():
            seconds.append(_cpu_seconds(_LANDSLIP, *command))
    nothing = statistics.median(idle[1:])
    return [(f"landslip {' '.join(name)}", nothing, statistics.median(seconds[1:])) for name, seconds in busy.items()]


def _cpu_seconds(code: str, *arguments: str) -> float:
    """CPU seconds of a Python process, its start and end included."""
    import resource  # noqa: PLC0415 - not on Windows

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
