"""QGIS of the system, for tests: its Python is another one than theirs, so steps run in a process of their own."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from pathlib import Path

import pytest

PYTHON = Path("/usr/bin/python3")
"""Python that Debian's package ``python3-qgis`` is for."""

_STEPS = Path(__file__).parents[1] / "apps" / "pyqgis.py"


@functools.cache
def is_there():
    """Tell whether QGIS can be used."""
    return (
        PYTHON.exists()
        and not subprocess.run([PYTHON, "-I", "-c", "import qgis.core"], capture_output=True, check=False).returncode
    )


needs_qgis = pytest.mark.skipif("not __import__('helpers.qgis').qgis.is_there()", reason="QGIS is not installed")
"""Mark of tests that are skipped where it is not there."""


def steps(home, *wanted):
    """What steps in QGIS have found, one after the other, in one process.

    Args:
        home: folder for what QGIS keeps of a user.
        wanted: name of each step, and its arguments.
    """
    given = json.dumps(
        [{"step": name, "with": {key: str_of(value) for key, value in how.items()}} for name, how in wanted]
    )
    done = subprocess.run(
        [PYTHON, "-I", _STEPS], input=given, capture_output=True, text=True, timeout=120, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def str_of(value):
    """Arguments as JSON takes them."""
    if isinstance(value, list | tuple):
        return [str_of(each) for each in value]
    return str(value) if isinstance(value, Path) else value
