"""Landslides in GeoJSON, for the web, and in FlatGeobuf, for GIS: a file for each layer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from landslip.runtime.delivery.layer_files import copy_layer, layer_of
from landslip.runtime.products.polygon_layers import LANDSLIDES_LAYER, NOT_OBSERVED_LAYER
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions


def write_geojson(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write both layers as RFC 7946 has it: WGS 84, seven decimals, outer rings anticlockwise, cut at 180 degrees.

    Args:
        run: the run.
        target: path of ``landslides.geojson``; that of the other layer lies beside it.
        options: not used.

    Raises:
        OutputError: a file cannot be written.
    """
    del options
    _both(run, target, "GeoJSON", {"RFC7946": "YES", "WRITE_BBOX": "YES"})


def write_flatgeobuf(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write both layers in the CRS of the map, with an index of places.

    Args:
        run: the run.
        target: path of ``landslides.fgb``; that of the other layer lies beside it.
        options: not used.

    Raises:
        OutputError: a file cannot be written.
    """
    del options
    _both(run, target, "FlatGeobuf", {})


def _both(run: FinishedRun, target: Path, driver: str, settings: Mapping[str, str]) -> None:
    notice = run.record.model.notice
    for name in (LANDSLIDES_LAYER, NOT_OBSERVED_LAYER):
        said = {"DESCRIPTION": notice} if notice and name == LANDSLIDES_LAYER else {}
        copy_layer(layer_of(run, name), target.with_name(name + target.suffix), driver, {**settings, **said})
