"""The table of styles in a GeoPackage."""

from __future__ import annotations

import re
import sqlite3
import time
from xml.etree import ElementTree as ET

import numpy as np
import pyogrio.raw
import shapely

from landslip.runtime.products.geopackage import same_bytes_anywhere
from landslip.runtime.products.landslide import CONFIDENCE_CLASSES
from landslip.runtime.products.polygon_layers import ID_FIELD, LANDSLIDE_FIELDS, NOT_OBSERVED_FIELDS
from landslip.runtime.products.style_table import write_style_table
from landslip.runtime.styles import field_labels as words_of
from landslip.runtime.styles.palette import CLASS_LABELS

LAYERS = ("landslides", "not_observed")


def test_every_field_has_words_in_its_order():
    known = {"landslides": (words_of.LANDSLIDE_LABELS, LANDSLIDE_FIELDS)}
    known["not_observed"] = (words_of.NOT_OBSERVED_LABELS, NOT_OBSERVED_FIELDS)
    for words, fields in known.values():
        assert list(words) == [ID_FIELD, *(each.name for each in fields)]


def test_legends_name_the_limits_of_the_classes():
    assert set(CLASS_LABELS) == set(CONFIDENCE_CLASSES)
    for name, label in CLASS_LABELS.items():
        said = {float(number) / 100 for number in re.findall(r"\d+", label)}
        assert CONFIDENCE_CLASSES[name] in {*said, 0.0}


def two_layers(path):
    geometry = np.array([shapely.to_wkb(shapely.MultiPolygon([shapely.box(0, 0, 1, 1)]))], dtype=object)
    with same_bytes_anywhere():
        for layer in LAYERS:
            pyogrio.raw.write(
                path, geometry, [np.array([1])], ["id"], layer=layer, driver="GPKG", geometry_type="MultiPolygon",
                crs="EPSG:32632", append=path.exists(), dataset_options={"VERSION": "1.2"},
            )  # fmt: skip
        write_style_table(path)


def test_each_layer_has_a_style_in_the_way_qgis_asks_for_it(tmp_path):
    two_layers(tmp_path / "layers.gpkg")
    database = sqlite3.connect(tmp_path / "layers.gpkg")
    rows = database.execute(
        "SELECT f_table_name, styleName, useAsDefault, styleQML FROM layer_styles "
        "WHERE f_table_schema = '' AND f_geometry_column = 'geom'"
    ).fetchall()
    kind = database.execute("SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'").fetchone()
    (date,) = database.execute("SELECT DISTINCT update_time FROM layer_styles").fetchone()
    database.close()
    assert [row[:3] for row in rows] == [(layer, layer, 1) for layer in LAYERS]
    assert [ET.fromstring(row[3]).tag for row in rows] == ["qgis", "qgis"]
    assert kind == ("attributes",)
    assert date == "1970-01-01T00:00:00.000Z"  # with its zone: GDAL warns of others


def test_the_same_bytes_at_any_time(tmp_path):
    for name in ("a.gpkg", "b.gpkg"):
        two_layers(tmp_path / name)
        time.sleep(0.01)
    assert (tmp_path / "a.gpkg").read_bytes() == (tmp_path / "b.gpkg").read_bytes()


def test_the_layers_stay_as_they_are(tmp_path):
    two_layers(tmp_path / "layers.gpkg")
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "layers.gpkg")] == [*LAYERS, "layer_styles"]
    for layer in LAYERS:
        assert pyogrio.read_info(tmp_path / "layers.gpkg", layer=layer)["features"] == 1
