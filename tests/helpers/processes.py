"""landslip in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple


class Ran(NamedTuple):
    """How a command ended."""

    code: int
    """Its exit code."""
    out: str
    """Its standard output."""
    peak: int
    """Bytes of memory it held at the most."""


def landslip(*arguments: object) -> Ran:
    """Run a command of landslip; its last line on standard error is its peak memory."""
    code = "import sys; from landslip.runtime.cli.main import run; "
    code += "from landslip.runtime.system.memory import peak_rss_bytes; "
    code += "code = run(sys.argv[1:]); print(peak_rss_bytes(), file=sys.stderr); sys.exit(code)"
    command = [sys.executable, "-c", code, "-q", *(str(argument) for argument in arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return Ran(result.returncode, result.stdout, int(result.stderr.strip().splitlines()[-1]))
