"""Images that are placed by control points or by a model of the sensor alone, and how to bring them onto a grid."""

from __future__ import annotations

from collections.abc import Sequence

from rasterio.crs import CRS
from rasterio.io import DatasetReader

from landslip.runtime.access.gdal import RASTER_ERRORS
from landslip.runtime.geo.map_grid import utm_crs
from landslip.runtime.geo.projection import to_degrees


def remedy_for(dataset: DatasetReader) -> str | None:
    """Sentence on what says where such an image lies, and the command that brings it onto a grid; None where none does.

    The form follows a colon: ``it is placed by 210 control points alone. …``.
    """
    points, crs = dataset.gcps
    if len(points) and crs is not None:
        target = _utm_of([point.x for point in points], [point.y for point in points], crs)
        return (
            f"it is placed by {len(points)} ground control points alone. Bring it onto a grid first: "
            f"gdalwarp -tps -r bilinear -t_srs {target} FILE NEW.tif"
        )
    if dataset.rpcs is not None:
        target = _utm_of([dataset.rpcs.long_off], [dataset.rpcs.lat_off], CRS.from_epsg(4326))
        return (
            "it is placed by a model of its sensor (RPC) alone. Bring it onto a grid first, with the elevation model: "
            f"gdalwarp -rpc -to RPC_DEM=DEM.tif -r bilinear -t_srs {target} FILE NEW.tif"
        )
    return None


def _utm_of(xs: Sequence[float], ys: Sequence[float], crs: CRS) -> str:
    """The UTM zone in the middle of some places."""
    try:
        longitudes, latitudes = to_degrees(crs, xs, ys)
        zone = utm_crs(float(longitudes[len(xs) // 2]), float(latitudes[len(xs) // 2]))
    except (*RASTER_ERRORS, ValueError, OverflowError):
        return "EPSG:CODE"
    return str(zone)
