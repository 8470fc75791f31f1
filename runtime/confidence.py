"""Values of a map: confidence in whole percent, and 255 where nothing is known."""

from __future__ import annotations

NOT_OBSERVED = 255
"""Value of a map pixel of which nothing is known."""
