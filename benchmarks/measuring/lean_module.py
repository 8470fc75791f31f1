"""Runs a module as commands of landslip run: in a process that is landslip's own, and lean from its first import on.

Run as ``python -m landslip.benchmarks.measuring.lean_module MODULE ARGUMENT...``.
"""

from __future__ import annotations

import runpy
import sys

from landslip.runtime.system.lean_process import be_lean

if __name__ == "__main__":
    be_lean()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
