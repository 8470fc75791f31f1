"""Inventories as people have them: formats, layers, coordinate reference systems, dates, damage."""

from __future__ import annotations

import os
import shutil
import zipfile

import numpy as np
import pyogrio
import pytest
import rasterio.crs
import shapely
from affine import Affine
from rasterio.warp import transform_geom

from helpers.inventories import CRS, LEFT, PIXEL, TOP, pixel_box, pixel_point, write_truth
from helpers.range_server import serving_folder, status
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.scene.valid_polygons import made_valid
from landslip.runtime.scoring import inventory, inventory_files
from landslip.runtime.scoring.given_truth import Truth
from landslip.runtime.scoring.inventory import read_inventory
from landslip.runtime.scoring.inventory_dates import Interval, day_of

GRID = MapGrid(rasterio.crs.CRS.from_user_input(CRS), Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP), 200, 300)
ANY_TIME = Interval()


def pixels(found):
    """Pixels in each known landslide."""
    count = np.zeros(len(found.shapes), dtype=int)
    for shape, _, first, end in found.outlines.spans(0, GRID.height, GRID.width):
        count[shape] += end - first
    return count.tolist()


def read(path, grid=GRID, interval=ANY_TIME, **options):
    return read_inventory(Truth(path, **options), grid, interval)


def in_degrees(shape):
    return shapely.geometry.shape(transform_geom(CRS, "EPSG:4326", shapely.geometry.mapping(shape)))


BOXES = [pixel_box(10, 20, 20, 40), pixel_box(50, 60, 55, 70)]
FORMATS = {
    "gpkg": "GPKG",
    "geojson": "GeoJSON",
    "shp": "ESRI Shapefile",
    "kml": "KML",
    "fgb": "FlatGeobuf",
    "gdb": "OpenFileGDB",
}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_gives_the_same_pixels(tmp_path, ending):
    shapes = [in_degrees(shapely.segmentize(box, 6)) for box in BOXES]
    path = write_truth(tmp_path / f"a.{ending}", shapes, crs="EPSG:4326", driver=FORMATS[ending], layer="slides")
    found = read(path)
    assert sorted(pixels(found)) == [50, 200]
    assert (found.used.polygons, found.used.features, found.used.repaired) == (2, 2, 0)
    assert found.used.crs == "EPSG:4326"
    assert found.used.layer in ("slides", "a")


def test_a_zip_of_a_shapefile(tmp_path):
    (tmp_path / "s").mkdir()
    write_truth(tmp_path / "s" / "known.shp", BOXES)
    with zipfile.ZipFile(tmp_path / "known.zip", "w") as archive:
        for part in (tmp_path / "s").iterdir():
            archive.write(part, part.name)
    assert pixels(read(tmp_path / "known.zip")) == [200, 50]


def test_the_only_layer_of_polygons_is_taken_and_else_one_has_to_be_named(tmp_path):
    path = tmp_path / "a.gpkg"
    write_truth(path, [pixel_point(5, 5)], kind="Point", layer="photos")
    assert read(path).used.points == 1
    write_truth(path, BOXES, layer="north", append=True)
    assert read(path).used.layer == "north"
    write_truth(path, BOXES[:1], layer="south", append=True)
    with pytest.raises(InputError, match=r"north, south.*`layer`"):
        read(path)
    assert read(path, layer="south").used.polygons == 1
    assert read(path, layer="photos").used.points == 1
    with pytest.raises(UsageError, match=r"no layer east .* photos, north, south"):
        read(path, layer="east")


def test_landslips_own_file_is_an_inventory(tmp_path):
    path = tmp_path / "landslides.gpkg"
    write_truth(path, BOXES, layer="landslides")
    write_truth(path, [pixel_box(0, 0, 200, 300)], layer="not_observed", append=True)
    assert read(path).used.layer == "landslides"


def test_lines_are_refused_and_among_others_left_out(tmp_path):
    line = shapely.LineString([(LEFT, TOP), (LEFT + 100, TOP - 100)])
    with pytest.raises(InputError, match="holds lines"):
        read(write_truth(tmp_path / "a.gpkg", [line], kind="LineString"))
    with pytest.raises(InputError, match="holds lines"):
        read(write_truth(tmp_path / "b.gpkg", [line], kind="Unknown"))
    shapes = [line, *BOXES, pixel_point(15, 30), shapely.MultiPoint([pixel_point(100, 100), pixel_point(120, 9)]), None]
    used = read(write_truth(tmp_path / "c.gpkg", shapes, kind="Unknown")).used
    assert (used.lines, used.polygons, used.points, used.labels, used.without_geometry) == (1, 2, 2, 1, 1)


def test_a_file_without_a_crs_needs_one(tmp_path):
    path = tmp_path / "a.shp"
    with pytest.warns(UserWarning, match="crs"):
        write_truth(path, BOXES, crs=None)
    with pytest.raises(InputError, match=r"no coordinate reference system\. .*`truth_crs`") as error:
        read(path)
    assert error.value.option == "truth_crs"
    assert pixels(read(path, crs=CRS)) == [200, 50]
    with pytest.raises(UsageError, match="not known"):
        read(path, crs="EPSG:1")
    assert read(path, crs="EPSG:4326").used.polygons == 0


def test_outlines_that_cross_themselves_are_put_right_and_said(tmp_path):
    x, y = LEFT, TOP
    bow = shapely.Polygon([(x, y), (x + 60, y - 60), (x + 60, y), (x, y - 60)])
    angles = np.linspace(0, 4 * np.pi, 160)  # with more corners than are put right here
    twice = shapely.Polygon(np.column_stack([x + 600 + 90 * np.cos(angles), y - 600 + (80 + angles) * np.sin(angles)]))
    found = read(write_truth(tmp_path / "a.gpkg", [bow, *BOXES, *[twice] * 30]))
    assert found.used.repaired == 31
    assert pixels(found)[:3] == [50, 200, 50]


def test_dates_outside_the_interval_are_left_out_and_counted(tmp_path):
    days = ["2018-09-05", "2018-09-06", "2018/09/11", "2018-09-12T00:00:00Z", "20180801", "06/09/2018", "", "soon"]
    boxes = [pixel_box(10 * k, 0, 10 * k + 5, 10) for k in range(len(days))]
    path = write_truth(tmp_path / "a.gpkg", boxes, day=np.array(days, dtype=object))
    used = read(path, interval=Interval.of("2018-09-06T01:00:00Z", "2018-09-11"), date_field="day").used
    assert (used.older, used.younger, used.undated, used.polygons, used.dated) == (2, 1, 3, 5, True)
    used = read(path, interval=Interval.of(None, "2018-09-11"), date_field="day").used
    assert (used.older, used.younger) == (0, 1)
    assert read(path).used.polygons == len(days)
    with pytest.raises(UsageError, match=r"not known.*`pre_date`"):
        read(path, date_field="day")
    with pytest.raises(UsageError, match=r"no attribute when; it has day"):
        read(path, date_field="when", interval=Interval.of("2018-01-01", None))


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (np.datetime64("2018-09-06T23:00:00"), "2018-09-06"), (np.datetime64("NaT"), None), (20180906, "2018-09-06"),
        (20180906.0, "2018-09-06"), (float("nan"), None), (None, None), (2018, None), ("2018-13-40", None),
        ("9" * 10_000, None), ("2018-09-06 +junk", None), (np.int32(20180906), "2018-09-06"),
    ],
)  # fmt: skip
def test_days(value, day):
    assert str(day_of(value)) == str(day)


@pytest.mark.parametrize("kind", ["datetime64[D]", "datetime64[ms]", "int64"])
def test_dates_of_every_type_of_attribute(tmp_path, kind):
    days = [20180905, 20180907] if kind == "int64" else ["2018-09-05", "2018-09-07"]
    path = write_truth(tmp_path / "a.gpkg", BOXES, day=np.array(days).astype(kind))
    used = read(path, date_field="day", interval=Interval.of("2018-09-06", "2018-09-11")).used
    assert (used.older, used.undated, used.polygons) == (1, 0, 1)


def test_over_the_date_line(tmp_path):
    grid = MapGrid(
        rasterio.crs.CRS.from_epsg(32601), Affine(10, 0, 375_000, 0, -10, 8_000_000), 4000, 4000
    )  # 179.4 E to 179.5 W
    across = [(179.5, 71.9), (-179.5, 71.9), (-179.5, 71.95), (179.5, 71.95), (179.5, 71.9)]
    turned = [(x % 360, y) for x, y in across]
    west = [(-180.2, 71.96), (-180.1, 71.96), (-180.1, 71.97), (-180.2, 71.97), (-180.2, 71.96)]
    found = [
        read(write_truth(tmp_path / f"{k}.gpkg", [shapely.Polygon(ring)], crs="EPSG:4326"), grid)
        for k, ring in enumerate((across, turned, west, [((x + 360) % 360, y) for x, y in west]))
    ]
    areas = [float(shapely.area(each.shapes).sum()) for each in found]
    assert areas[0] == pytest.approx(areas[1], rel=1e-6)
    assert areas[0] > 0
    assert areas[2] == pytest.approx(areas[3], rel=1e-6)
    assert areas[2] == pytest.approx(3.46e3 * 1.115e3 / 100, rel=0.02)
    points = [shapely.Point(-180.15, 71.95), shapely.Point(179.85, 71.95), shapely.Point(0, 71.95)]
    used = read(write_truth(tmp_path / "p.gpkg", points, crs="EPSG:4326", kind="Point"), grid).used
    assert (used.points, used.outside) == (2, 1)


def test_the_whole_world_as_one_landslide(tmp_path):
    world = shapely.box(-180, -90, 180, 90)
    found = read(write_truth(tmp_path / "a.gpkg", [world], crs="EPSG:4326"))
    assert pixels(found) == [GRID.height * GRID.width]


def test_coordinates_that_are_no_numbers(tmp_path):
    endless = shapely.transform(BOXES[0], lambda points: np.where(points == points.max(), np.inf, points))
    used = read(write_truth(tmp_path / "a.gpkg", [*BOXES, endless, shapely.Polygon()])).used
    assert (used.polygons, used.without_geometry) == (2, 2)


def test_too_much_is_refused(tmp_path, monkeypatch):
    same = write_truth(tmp_path / "a.gpkg", [pixel_box(0, 0, 200, 300)] * 65)
    with pytest.raises(InputError, match="over each other more than 64 times"):
        read(same)
    monkeypatch.setattr(inventory_files, "_CHUNK", 10)
    assert read(write_truth(tmp_path / "b.gpkg", BOXES * 20)).used.polygons == 40
    monkeypatch.setattr(inventory_files, "MOST_FEATURES", 30)
    with pytest.raises(InputError, match=r"too large.*ogr2ogr -spat"):
        read(tmp_path / "b.gpkg")


def test_files_that_are_no_inventory(tmp_path):
    (tmp_path / "text.gpkg").write_text("text")
    with pytest.raises(InputError, match=r"text\.gpkg cannot be read"):
        read(tmp_path / "text.gpkg")
    whole = write_truth(tmp_path / "a.fgb", BOXES * 50, driver="FlatGeobuf").read_bytes()
    (tmp_path / "cut.fgb").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"cut\.fgb"):
        read(tmp_path / "cut.fgb")
    (tmp_path / "empty.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    assert read(tmp_path / "empty.geojson").used.features == 0
    os.mkfifo(tmp_path / "pipe.gpkg")
    with pytest.raises(InputError, match="no regular file"):
        read(tmp_path / "pipe.gpkg")


def test_hostile_names_are_data(tmp_path):
    path = write_truth(tmp_path / "a.gpkg", BOXES, layer="x\x1b[31m" + "y" * 300)
    assert read(path).used.polygons == 2
    assert "\x1b" not in read(path).used.layer
    assert len(read(path).used.layer) < 100
    shutil.copy(path, tmp_path / "b.gpkg")
    write_truth(tmp_path / "b.gpkg", BOXES, layer="z", append=True)
    with pytest.raises(InputError) as error:
        read(tmp_path / "b.gpkg")
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 500


def test_a_raster_is_no_inventory(tmp_path):
    import rasterio

    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", height=4, width=4, count=1, dtype="uint8", crs=CRS,
        transform=GRID.transform,
    ) as target:  # fmt: skip
        target.write(np.ones((1, 4, 4), np.uint8))
    with pytest.raises(InputError, match="gdal_polygonize"):
        read(tmp_path / "a.tif")


def test_the_file_is_as_it_was(tmp_path):
    path = write_truth(tmp_path / "a.gpkg", BOXES)
    before = path.read_bytes()
    read(path)
    assert path.read_bytes() == before
    assert pyogrio.read_info(path)["features"] == 2


def test_curves_are_polygons_and_what_is_none_is_left_out(tmp_path):
    path = tmp_path / "a.csv"
    x, y = LEFT + 300, TOP - 300
    circle = f"CIRCULARSTRING({x - 60} {y},{x} {y + 60},{x + 60} {y},{x} {y - 60},{x - 60} {y})"
    tin = f"TIN((({x} {y} 0,{x + 9} {y} 0,{x + 9} {y + 9} 0,{x} {y} 0)))"
    path.write_text(f'id,WKT\n1,"CURVEPOLYGON({circle})"\n2,"{tin}"\n3,"{circle}"\n')
    found = read(path, crs=CRS)
    assert (found.used.polygons, found.used.without_geometry, found.used.lines) == (1, 1, 1)
    assert pixels(found)[0] == pytest.approx(np.pi * 100, rel=0.03)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[" * 100_000, "cannot be read"),
        ('{"type": "FeatureCollection", "features": [1, {"type": "Feature"}]}', None),
        ('{"type": "Polygon", "coordinates": [[[10, 46], [10, 46], [10, 46], [10, 46]]]}', None),
        ('{"type": "Polygon", "coordinates": [[[10, 46], [11, 47]]]}', None),
    ],
)
def test_damaged_texts_get_a_sentence_or_hold_nothing(tmp_path, content, said):
    path = tmp_path / "a.geojson"
    path.write_text(content)
    if said is None:
        assert read(path).used.polygons == 0
        return
    with pytest.raises(InputError, match=said) as error:
        read(path)
    assert error.value.where == str(path)


@pytest.mark.parametrize("name", ["x" * 300, os.fsdecode(b"caf\xe9.gpkg")], ids=["long", "no text"])
def test_names_that_no_library_takes(tmp_path, name):
    if len(name) < 300:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError):
        read(tmp_path / name)


def test_outlines_that_cannot_be_put_right_in_time(tmp_path, monkeypatch):
    corners = np.random.default_rng(0).uniform(0, 1200, (3000, 2)) * [1, -1] + [LEFT, TOP]
    path = write_truth(tmp_path / "a.gpkg", [shapely.Polygon(corners)])

    def impatient(shapes):
        return made_valid(shapes, patience=0.5)

    monkeypatch.setattr(inventory, "made_valid", impatient)
    with pytest.raises(InputError, match=r"a\.gpkg cross themselves too often"):
        read(path)


def test_over_a_network_and_where_that_fails(tmp_path, monkeypatch):
    monkeypatch.setenv("GDAL_HTTP_RETRY_DELAY", "0.01")
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "2")
    write_truth(tmp_path / "a.gpkg", BOXES)
    with serving_folder(tmp_path) as server:
        found = read(server.url("a.gpkg?key=secret"))
        assert pixels(found) == [200, 50]
        assert "secret" not in found.used.path
        with pytest.raises(InputMissingError, match="does not exist"):
            read(server.url("none.gpkg"))
        server.fail(then=status(403))
        with pytest.raises(InputError, match="refuses"):
            read(server.url("a.gpkg?key=other"))
