"""Elevation models, and what is computed from them or given in their place: slope and hillshade.

STAC Items of models name ``landslip.runtime.terrain:horn``, so that name is kept here.
"""

from landslip.runtime.terrain.slope_and_hillshade import horn

__all__ = ["horn"]
