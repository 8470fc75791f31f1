"""Settings for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: the first call of a kernel compiles it. The same examples every time where a machine runs the tests.
settings.register_profile("landslip", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("landslip")
