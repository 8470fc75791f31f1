"""Mark of every test in this folder, so that ``make test`` leaves it to ``make test-apps``."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.apps)
