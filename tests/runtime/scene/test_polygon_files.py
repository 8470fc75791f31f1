"""Files of polygons as people have them, whole and not."""

from __future__ import annotations

import time

import numpy as np
import pyogrio
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.geopackage import write_landslides
from landslip.runtime.products.not_observed import NotObservedTracer
from landslip.runtime.products.tracing import Strip, trace
from landslip.runtime.scene import polygon_files
from landslip.runtime.scene.polygon_files import read_polygons
from landslip.runtime.scene.valid_polygons import TooLongError, made_valid

AREA = shapely.box(9.0, 45.0, 9.03, 45.03)
KML = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'
RING = "<LinearRing><coordinates>9,45 9.03,45 9.03,45.03 9,45.03 9,45</coordinates></LinearRing>"
SHAPE = f"<Polygon><outerBoundaryIs>{RING}</outerBoundaryIs></Polygon>"
POLYGON = f"<Placemark><name>area</name>{SHAPE}</Placemark>"
POINT = "<Placemark><name>place</name><Point><coordinates>9,45</coordinates></Point></Placemark>"
GML = '<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"/>'


def folder(name, content):
    return f"<Folder><name>{name}</name>{content}</Folder>"


def kml(path, *folders):
    path.write_text(KML.format("".join(folders)))
    return path


def fgb(path):
    pyogrio.raw.write(
        path, shapely.to_wkb([AREA]), [], [], geometry_type="Polygon", crs="EPSG:4326", driver="FlatGeobuf"
    )
    return path


@pytest.mark.parametrize(
    "folders",
    [
        [folder("area", POLYGON), folder("places", POINT)],
        [folder("places", POINT), folder("area", POLYGON)],
        [folder("mixed", POINT + POLYGON)],
        [POLYGON, folder("places", POINT)],
    ],
)
def test_the_polygons_among_points_are_found(tmp_path, folders):
    crs, shapes = read_polygons(kml(tmp_path / "a.kml", *folders), "area")
    assert crs == "EPSG:4326"
    assert [shape.equals(AREA) for shape in shapes] == [True]


def test_several_layers_of_polygons_are_refused_by_their_names(tmp_path):
    path = kml(tmp_path / "a.kml", folder("north", POLYGON), folder("south", POLYGON), folder("places", POINT))
    with pytest.raises(InputError, match=r"has several layers of polygons \(north, south\)\. Save the one"):
        read_polygons(path, "area")


@pytest.mark.parametrize(
    "make",
    [
        lambda path: kml(path.with_suffix(".kml")),
        lambda path: kml(path.with_suffix(".kml"), folder("places", POINT)),
        lambda path: path.with_suffix(".gml").write_text(GML) and path.with_suffix(".gml"),
    ],
)
def test_files_without_polygons_or_layers_get_a_sentence(tmp_path, make):
    with pytest.raises(InputError, match=r"holds no polygon.* Give a file with the area as polygons"):
        read_polygons(make(tmp_path / "a"), "area")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_flatgeobufs_get_a_sentence_or_their_polygons(tmp_path_factory, data):
    path = fgb(tmp_path_factory.mktemp("fgb") / "a.fgb")
    content = bytearray(path.read_bytes())
    del content[data.draw(st.integers(8, len(content))) :]
    for place in data.draw(st.lists(st.integers(8, len(content) - 1), max_size=4)) if len(content) > 8 else ():
        content[place] ^= 0xFF
    path.write_bytes(content)
    try:
        found = read_polygons(path, "area")
    except InputError:
        return
    assert found is None or len(found[1])


def crossing(corners):
    return shapely.Polygon(np.random.default_rng(0).random((corners, 2)))


def test_outlines_that_cross_themselves_are_put_right():
    bow = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    shapes = np.array([AREA, bow, crossing(60)])
    found = made_valid(shapes)
    assert found[0] is AREA
    assert shapely.is_valid(found).all()
    assert found[1].area == 2
    assert found[2].equals(shapely.make_valid(shapes[2]))


def test_putting_outlines_right_ends_in_time(tmp_path, monkeypatch):
    began = time.monotonic()
    with pytest.raises(TooLongError):
        made_valid(np.array([crossing(100_000)]), patience=1.0)
    assert time.monotonic() - began < 15
    path = tmp_path / "a.gpkg"
    pyogrio.raw.write(path, shapely.to_wkb([crossing(3000)]), [], [], geometry_type="Polygon", crs="EPSG:4326")

    def impatient(shapes):
        return made_valid(shapes, patience=0.5)

    monkeypatch.setattr(polygon_files, "made_valid", impatient)
    with pytest.raises(InputError, match=r"cross themselves too often .* simplify it, for example with ogr2ogr"):
        read_polygons(path, "area")


@pytest.mark.parametrize("count", [0, 2])
def test_of_a_map_of_landslips_own_the_landslides_are_taken(tmp_path, count):
    box = MapGrid(CRS.from_epsg(32648), Affine(6, 0, 500_000, 0, -6, 4_600_000), 3, 7)
    confidence = np.array([[0, 80, 0, 255, 255, 255, 255]] * count + [[0] * 7] * (3 - count), np.uint8)
    landslides = trace([Strip(0, confidence)], box, level=50)
    with NotObservedTracer(box, 0, tmp_path) as unseen:
        unseen.take(0, np.where(confidence == 255, 2, 0).astype(np.uint8))
        write_landslides(tmp_path / "landslides.gpkg", landslides, box.crs, not_observed=unseen.found())
    if count:
        crs, (shape,) = read_polygons(tmp_path / "landslides.gpkg", "area of interest")
        assert CRS.from_user_input(crs) == box.crs
        assert shape.area == 2 * 36
    else:
        with pytest.raises(InputError, match="holds no polygon"):
            read_polygons(tmp_path / "landslides.gpkg", "area of interest")
