"""Formats that landslides are handed on in, as GeoPandas opens them: without a word on how."""

from __future__ import annotations

import numpy as np
import pytest

import landslip
from helpers.finished_runs import finished_run, landslide_scene
from landslip.runtime.delivery.shapefile import SHORT_NAMES
from landslip.runtime.run.product_options import FORMATS

geopandas = pytest.importorskip("geopandas", reason="GeoPandas is not installed (make test-apps)")

pytestmark = pytest.mark.apps

PLACES = {
    "utm": ("EPSG:32654", (550_000.0, 4_730_000.0)),
    "mercator": ("EPSG:3857", (15_760_000.0, 5_270_000.0)),
    "date line": ("EPSG:32760", (833_550.0, 9_981_000.0)),
}


@pytest.fixture(scope="module", params=PLACES)
def made(request, tmp_path_factory):
    crs, corner = PLACES[request.param]
    out = finished_run(tmp_path_factory.mktemp("run") / "out", landslide_scene(), crs=crs, corner=corner)
    landslip.make_products(out, also=FORMATS)
    return out, geopandas.read_file(out / "landslides.gpkg", layer="landslides")


@pytest.mark.parametrize(
    ("file", "layer"),
    [
        ("landslides.geojson", None),
        ("landslides.fgb", None),
        ("landslides.shp.zip", "landslides"),
        ("cems.zip", "observedEventA_v1"),
        ("landslides.kml", "Landslides"),
    ],
)
def test_each_has_the_landslides_where_they_are(made, file, layer):
    out, slides = made
    found = geopandas.read_file(out / file, **({} if layer is None else {"layer": layer}))
    assert len(found) == len(slides) == 2
    expected = slides.crs if file.endswith(("fgb", "shp.zip")) else "EPSG:4326"
    assert found.crs == expected
    if file.endswith("fgb"):  # ordered by place
        found = found.sort_values("id", ignore_index=True)
    back = found.to_crs(slides.crs) if slides.crs.to_epsg() != 32760 else found
    if expected == slides.crs or back is not found:
        overlap = back.geometry.make_valid().intersection(slides.geometry.make_valid()).area
        assert np.allclose(overlap, slides.area, rtol=1e-3)


@pytest.mark.parametrize("file", ["landslides.geojson", "landslides.fgb", "landslides.shp.zip"])
def test_attributes_come_with_their_types_and_nulls(made, file):
    out, slides = made
    found = geopandas.read_file(out / file, **({"layer": "landslides"} if file.endswith("zip") else {}))
    found = found.sort_values("id", ignore_index=True)
    for name in slides.columns.drop("geometry"):
        column = found[SHORT_NAMES.get(name, name) if file.endswith("zip") else name]
        assert (column.isna() == slides[name].isna()).all(), name
        if slides[name].dtype.kind == "f":
            assert np.allclose(column, slides[name], equal_nan=True), name
    assert found["edge"].astype(bool).tolist() == [False, True]
    assert str(found["date_from"][0])[:10] == "2018-09-01"
