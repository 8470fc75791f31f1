"""Styles inside a GeoPackage: QGIS takes them by itself when it opens a layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from landslip.runtime.access.bound_pyogrio import pyogrio
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER
from landslip.runtime.styles.vector_qml import landslides_qml, not_observed_qml

STYLES = "layer_styles"
"""Name of the table, as QGIS knows it."""

_GEOMETRY = "geom"
"""Column of geometries of both layers."""
_DATE = "1970-01-01T00:00:00.000"
_UTC = 100
"""GDAL's number for that zone, without which it writes a date that GeoPackage does not allow."""


def write_style_table(path: Path, *, classes: bool = False) -> None:
    """Add the table of styles to a GeoPackage with the layers ``landslides`` and ``not_observed``.

    Equal bytes need settings of GDAL's that the caller makes; see :func:`~.geopackage.same_bytes_anywhere`.

    Args:
        path: a GeoPackage that has no such table yet.
        classes: whether landslides have the fields of maps of several classes.

    Raises:
        pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError: it cannot be written.
    """
    styles = {LANDSLIDES_LAYER: landslides_qml(classes=classes), NOT_OBSERVED_LAYER: not_observed_qml()}
    names, count = list(styles), len(styles)
    # QGIS asks for an empty schema: a style whose schema is null is listed and not applied.
    columns = {
        "f_table_catalog": [""] * count,
        "f_table_schema": [""] * count,
        "f_table_name": names,
        "f_geometry_column": [_GEOMETRY] * count,
        "styleName": names,
        "styleQML": list(styles.values()),
        "styleSLD": [""] * count,
        "useAsDefault": np.ones(count, dtype=np.bool_),
        "description": ["Style by landslip"] * count,
        "owner": [""] * count,
        "ui": [""] * count,
        "update_time": np.full(count, _DATE, dtype="datetime64[ms]"),
    }
    pyogrio.raw.write(
        path,
        None,
        [values if isinstance(values, np.ndarray) else np.array(values, dtype=object) for values in columns.values()],
        list(columns),
        layer=STYLES,
        driver="GPKG",
        geometry_type=None,
        append=True,
        gdal_tz_offsets={"update_time": np.full(count, _UTC, dtype=np.int8)},
        layer_options={"FID": "id"},
    )
