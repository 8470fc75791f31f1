"""Landslides as a Shapefile: both layers, each with all its companions, in one archive."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from landslip.runtime.delivery.archive import write_archive
from landslip.runtime.delivery.layer_files import MapLayer, copy_layer, layer_of
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions

SHORT_NAMES = {
    "perimeter_m": "perim_m",
    "reach_angle": "reach_ang",
    "aspect_mean": "asp_mean",
    "confidence_mean": "conf_mean",
    "confidence_max": "conf_max",
    "confidence_class": "conf_class",
    "class_share": "cl_share",
}
"""Names of fields that are too long for a Shapefile, which cuts them at ten characters."""

SETTINGS = {"ENCODING": "UTF-8", "DBF_DATE_LAST_UPDATE": "1970-01-01"}
"""Options of GDAL's driver: the date in a file would be that of the day."""


def write_shapefile(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write both layers in the CRS of the map, in an archive that GDAL and QGIS open as it is.

    Args:
        run: the run.
        target: path of ``landslides.shp.zip``.
        options: not used.

    Raises:
        OutputError: the file cannot be written.
    """
    del options
    with TemporaryDirectory(dir=target.parent) as folder:
        for name in (LANDSLIDES_LAYER, NOT_OBSERVED_LAYER):
            layer = layer_of(run, name)
            copy_layer(layer, Path(folder) / f"{name}.shp", "ESRI Shapefile", SETTINGS, _short(layer))
        write_archive(target, Path(folder))


def _short(layer: MapLayer) -> list[tuple[str, str]]:
    return [(field, SHORT_NAMES.get(field, field)) for field in layer.fields]
