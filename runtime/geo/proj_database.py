"""The database of coordinate systems that PROJ needs: whether it can be used, said before a file is blamed."""

from __future__ import annotations

import math
import os

from rasterio.crs import CRS

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.errors import InputError, ResourceError
from landslip.runtime.geo.projection import transform_points
from landslip.runtime.system.shortage import shortage

VARIABLES = ("PROJ_DATA", "PROJ_LIB")
"""Variables that say where PROJ looks first: shells of QGIS, conda and others set them for programs of their own."""


def check_projections() -> None:
    """Make sure that coordinates can be brought from one system to another.

    Raises:
        InputError: the database of another installation is in the way, or there is none.
        ResourceError: there is not enough memory to look.
    """
    try:
        xs, ys = transform_points(CRS.from_epsg(4326), CRS.from_epsg(32632), [9.0], [0.0])
    except RASTER_ERRORS as error:
        if (found := shortage(error)) is not None:  # PROJ says of its database whatever befalls it
            raise ResourceError(found) from error
        raise _unusable(f" ({reason(error)})") from error
    if not (math.isclose(xs[0], 500_000.0, abs_tol=1.0) and abs(ys[0]) < 1.0):
        raise _unusable("")


def _unusable(why: str) -> InputError:
    named = [name for name in VARIABLES if os.environ.get(name)]
    if not named:
        return InputError(
            f"PROJ cannot use its database of coordinate systems{why}.",
            "Install rasterio again: pip install --force-reinstall --no-deps rasterio.",
        )
    places = " and ".join(f"{name}={os.environ[name]}" for name in named)
    return InputError(
        f"PROJ cannot use the database of coordinate systems that {places} names{why}: it belongs to another "
        f"installation. Unset that for landslip: env {' '.join(f'-u {name}' for name in named)} landslip ..."
    )
