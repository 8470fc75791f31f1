"""Settings for all tests."""

from __future__ import annotations

from hypothesis import settings

# No deadline: the first call of a kernel compiles it.
settings.register_profile("landslip", deadline=None, print_blob=True)
settings.load_profile("landslip")
