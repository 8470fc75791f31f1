"""``landslip-ipf``: the command that management layers call with the path of a job order as its only argument."""

from __future__ import annotations

import sys
import traceback

_FAILED = 129
"""Exit code of an installation that cannot be loaded: below 128 it would count as done with warnings."""


def main() -> None:
    """Carry out a job order, as ``landslip joborder`` does, and exit with its code."""
    try:
        from landslip.runtime.cli.log_setup import JOB_ORDER  # noqa: PLC0415
        from landslip.runtime.cli.main import main as landslip  # noqa: PLC0415
    except Exception:
        traceback.print_exc()
        sys.exit(_FAILED)
    landslip([JOB_ORDER, *sys.argv[1:]])
