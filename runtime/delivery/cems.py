"""Landslides in the data model of Copernicus EMS Rapid Mapping: observed event, area not analysed, table of sources.

Names, fields and values follow the manual of that service; ``docs/decisions/products.md`` says what is ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.access.bound_pyogrio import pyogrio
from landslip.runtime.delivery.archive import write_archive
from landslip.runtime.delivery.cems_sources import Source, sources_of
from landslip.runtime.delivery.degrees import in_degrees
from landslip.runtime.delivery.layer_files import (
    MapFeatures,
    MapLayer,
    check_count,
    features_of,
    layer_of,
    output_of,
)
from landslip.runtime.delivery.shapefile import SETTINGS
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.styles.palette import REASON_LABELS
from landslip.runtime.untrusted.printable import printable

EVENT_TYPE, OBJECT, METHOD = "6-Mass Movement", "Landslide", "Automatic extraction"
"""Values of the domains of Copernicus EMS for every landslide."""

NOT_ANALYSED = "Not analysed"
"""Value of ``obj_type`` for every part of the area that was not analysed."""

_KIND = 100
"""Most characters of a class: a field of a Shapefile takes 254 bytes."""

Columns = Mapping[str, NDArray[Any]]
"""Values (n,) by the name of the field."""


def write_cems(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write the three layers as Shapefiles in degrees (WGS 84), in one archive.

    Args:
        run: the run.
        target: path of ``cems.zip``.
        options: not used.

    Raises:
        OutputError: the file cannot be written.
    """
    del options
    sources = sources_of(run)
    shown = next((source.number for source in sources if source.phase == "Post-event"), 1)
    with TemporaryDirectory(dir=target.parent) as name:
        folder = Path(name)
        _write_areas(
            folder / "observedEventA_v1.shp", layer_of(run, LANDSLIDES_LAYER), lambda some: _events(some, shown)
        )
        _write_areas(folder / "notAnalysedA_v1.shp", layer_of(run, NOT_OBSERVED_LAYER), lambda some: _gaps(some, shown))
        _write_table(folder / "source_v1.dbf", sources)
        write_archive(target, folder)


def _events(features: MapFeatures, source: int) -> Columns:
    columns, count = features.columns, len(features.geometries)
    classes = columns["confidence_class"].tolist()
    kinds = [
        f"{printable(str(each), _KIND)}; " if each else "" for each in columns.get("class", _same("", count)).tolist()
    ]
    notes = [
        f"{kind}{each}, mean confidence {100 * confidence:.0f} %{'; area is a minimum' if edge else ''}"
        for kind, each, confidence, edge in zip(
            kinds, classes, columns["confidence_mean"].tolist(), columns["edge"].tolist(), strict=True
        )
    ]
    return {
        "event_type": _same(EVENT_TYPE, count),
        "obj_desc": _same(OBJECT, count),
        "det_method": _same(METHOD, count),
        "notation": np.array(notes, dtype=object),
        "dmg_src_id": np.full(count, source, dtype=np.int32),
        "area": columns["area_ha"].astype(np.float64),
    }


def _gaps(features: MapFeatures, source: int) -> Columns:
    columns, count = features.columns, len(features.geometries)
    reasons = [REASON_LABELS.get(str(reason), str(reason)) for reason in columns["reason"].tolist()]
    return {
        "obj_type": _same(NOT_ANALYSED, count),
        "det_method": _same(METHOD, count),
        "notation": np.array(reasons, dtype=object),
        "dmg_src_id": np.full(count, source, dtype=np.int32),
        "area": columns["area_m2"].astype(np.float64) / 1e4,
    }


def _same(text: str, count: int) -> NDArray[np.object_]:
    return np.full(count, text, dtype=object)


def _write_areas(path: Path, layer: MapLayer, values_of: Callable[[MapFeatures], Columns]) -> None:
    nothing = MapFeatures(np.empty(0, dtype=object), dict.fromkeys(layer.fields, np.empty(0)))
    with output_of(path):
        _append(path, nothing.geometries, values_of(nothing))
        for features in features_of(layer):
            _append(path, in_degrees(features.geometries, layer.crs), values_of(features))
        check_count(path, layer.count)


def _append(path: Path, geometries: NDArray[np.object_], columns: Columns) -> None:
    pyogrio.raw.write(
        path,
        shapely.to_wkb(geometries),
        list(columns.values()),
        list(columns),
        layer=path.stem,
        driver="ESRI Shapefile",
        geometry_type="MultiPolygon",
        crs="EPSG:4326",
        append=path.exists(),
        layer_options=SETTINGS,
    )


def _write_table(path: Path, sources: tuple[Source, ...]) -> None:
    columns = {
        "source_nam": [source.name for source in sources],
        "src_date": [source.date for source in sources],
        "source_tm": [source.time for source in sources],
        "sensor_gsd": [source.resolution for source in sources],
        "eventphase": [source.phase for source in sources],
    }
    numbers = np.array([source.number for source in sources], dtype=np.int32)
    with output_of(path):
        pyogrio.raw.write(
            path,
            None,
            [*(np.array(values, dtype=object) for values in columns.values()), numbers],
            [*columns, "src_id"],
            layer=path.stem,
            driver="ESRI Shapefile",
            geometry_type=None,
            crs=None,
            layer_options=SETTINGS,
        )
