"""Settings for all tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# No deadline: the first call of a kernel compiles it. The same examples every time where a machine runs the tests.
settings.register_profile("landslip", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("landslip")


@pytest.fixture(scope="session", autouse=True)
def _no_config_of_the_user(tmp_path_factory):
    """What was tuned on this machine neither decides a test nor is changed by one, in processes of their own too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield
