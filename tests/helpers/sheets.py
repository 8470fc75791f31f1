"""Facts and scenes for sheets of maps."""

from __future__ import annotations

import numpy as np
from affine import Affine
from rasterio.crs import CRS

from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.geo.map_grid import MapGrid

FIRST_GROUND, LAST_GROUND = 90, 120
"""Grey of the image before and of the one after."""


def facts_for(height, width, **others):
    """Facts of a map of 6 m, whose panels have these rows and columns."""
    given = {
        "grid": MapGrid(CRS.from_epsg(32632), Affine(6, 0, 500_000, 0, -6, 5_200_000), height, width),
        "landslides": 12,
        "landslide_km2": 0.25,
        "observed_km2": 4.0,
        "not_observed_km2": 1.0,
        "threshold": 0.5,
        "min_area_m2": 400.0,
        "model": "test",
        "version": "1.2.3",
    }
    return MapFacts(**(given | others))


def flat_images(height, width):
    """An image before and one after, each of one grey: (3, height, width) by role."""
    greys = {"pre": FIRST_GROUND, "post": LAST_GROUND}
    return {role: np.full((3, height, width), grey, dtype=np.uint8) for role, grey in greys.items()}
