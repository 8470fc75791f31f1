"""Scenes whose files are as users have them: each with pixels of its own size, to be brought onto the map's grid."""

from __future__ import annotations

from landslip.benchmarks.scenes.pattern_scene import PatternLayout
from landslip.models.synthetic.writing import BLOCK

IMAGE_PIXEL, ELEVATION_PIXEL = 10.0, 30.0
"""Metres of a pixel, as Sentinel-2 and the elevation models of all the world have them."""

DESCRIBED = (
    f"RGB before and after and a cloud mask at {IMAGE_PIXEL:g} m, elevation at {ELEVATION_PIXEL:g} m; a pattern that "
    f"repeats, in deflated tiles of {BLOCK}"
)


def as_users_have(height_m: float, width_m: float) -> PatternLayout:
    """A scene of so many metres from north to south and from west to east."""
    return PatternLayout(height_m, width_m, image=IMAGE_PIXEL, dem=ELEVATION_PIXEL, clouds=True)
