"""Runs ``landslip`` commands in processes of their own whose memory is limited.

Run as a script it imports the command once, and forks for every command line it reads from standard input, so that
each costs no start of Python.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    """Its exit code; negative for a signal."""
    output: str
    """What it wrote to standard output and standard error."""
    loaded: tuple[str, ...]
    """Which heavy modules it had imported at the end."""
    peak: int
    """Bytes of memory it had in use at the most."""


def run_limited(commands: Sequence[Sequence[str]], limit: int, timeout: float = 1800.0) -> list[Outcome]:
    """Run command lines one after the other.

    Args:
        commands: arguments of each.
        limit: bytes of address space each may have, code and libraries included.
        timeout: seconds for all of them.
    """
    done = subprocess.run(
        [sys.executable, "-m", "helpers.limited", str(limit)],
        input=json.dumps([list(map(str, command)) for command in commands]),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    assert done.returncode == 0, done.stderr
    return [Outcome(code, output, tuple(loaded), peak) for code, output, loaded, peak in json.loads(done.stdout)]


def _run(arguments: list[str], limit: int) -> tuple[int, str, list[str], int]:
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as report:
        child = os.fork()
        if not child:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            from landslip.runtime.cli.main import run

            code = run(arguments)
            json.dump([name for name in ("tensorflow", "tf_keras") if name in sys.modules], report)
            report.flush()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status, usage = os.wait4(child, 0)
        output.seek(0)
        report.seek(0)
        loaded = json.loads(report.read() or "[]")
        return os.waitstatus_to_exitcode(status), output.read(), loaded, usage.ru_maxrss * 1024


def main() -> None:
    """Fork for each command line."""
    import landslip.export.cli.export
    import landslip.export.making.export_model
    import landslip.runtime.cli.main  # noqa: F401

    commands = json.load(sys.stdin)
    json.dump([_run(command, int(sys.argv[1])) for command in commands], sys.stdout)


if __name__ == "__main__":
    main()
