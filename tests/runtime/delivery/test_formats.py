"""Formats that landslides are handed on in: read back with other readers, equal twice, nothing lost."""

from __future__ import annotations

import json
import subprocess
import time
import xml.etree.ElementTree as ET
import zipfile
from shutil import which

import numpy as np
import pyogrio
import pyogrio.raw
import pytest
import shapely

import landslip
from helpers.finished_runs import finished_run, landslide_scene
from landslip.runtime.delivery.shapefile import SHORT_NAMES
from landslip.runtime.run.finished_run import described
from landslip.runtime.run.product_names import FURTHER, MADE
from landslip.runtime.run.product_options import FORMATS

KML = "{http://www.opengis.net/kml/2.2}"
PLACES = {
    "utm": ("EPSG:32654", (550_000.0, 4_730_000.0)),
    "mercator": ("EPSG:3857", (15_760_000.0, 5_270_000.0)),
    "date line": ("EPSG:32760", (833_550.0, 9_981_000.0)),
}
"""CRS and corner of maps; 180 degrees run through the last one."""
NOTHING = np.full((40, 50), 3, dtype=np.uint8)


@pytest.fixture(scope="module", params=PLACES)
def made(request, tmp_path_factory):
    """A run with all formats, and its layers as they were."""
    crs, corner = PLACES[request.param]
    out = finished_run(tmp_path_factory.mktemp("run") / "out", landslide_scene(), crs=crs, corner=corner)
    landslip.make_products(out, also=FORMATS)
    return out, crs


def read(path, layer):
    meta, _, geometry, columns = pyogrio.raw.read(path, layer=layer)
    return meta["crs"], shapely.from_wkb(geometry), dict(zip(map(str, meta["fields"]), columns, strict=True))


def same(one, other):
    """Whether two columns hold the same, unknown values too, whatever type a format has for them."""
    one, other = (np.asarray(values).tolist() for values in (one, other))
    plain = [[None if value is None or value != value else value for value in values] for values in (one, other)]
    return [str(value)[:10] for value in plain[0]] == [str(value)[:10] for value in plain[1]]


def sorted_by_id(values, columns):
    return np.asarray(values)[np.argsort(columns["id"])]


@pytest.mark.parametrize("layer", ["landslides", "not_observed"])
@pytest.mark.parametrize("file", ["{}.fgb", "landslides.shp.zip"])
def test_files_for_gis_hold_geometries_and_values_as_they_are(made, file, layer):
    out, crs = made
    _, outlines, columns = read(out / "landslides.gpkg", layer)
    found_crs, found, values = read(out / file.format(layer), layer)
    assert found_crs == crs
    ordered = sorted_by_id(found, values)
    for one, other in zip(ordered, outlines, strict=True):
        assert one.equals(other)
        assert one.area == pytest.approx(other.area)
    short = SHORT_NAMES if file.endswith("zip") else {}
    assert list(values) == [short.get(name, name) for name in columns]
    for name, column in columns.items():
        assert same(sorted_by_id(values[short.get(name, name)], values), column), name


@pytest.mark.parametrize("layer", ["landslides", "not_observed"])
def test_geojson_is_rfc_7946(made, layer):
    out, crs = made
    text = (out / f"{layer}.geojson").read_text(encoding="utf-8")
    collection = json.loads(text)
    assert "crs" not in collection
    _, _, columns = read(out / "landslides.gpkg", layer)
    assert [feature["properties"]["id"] for feature in collection["features"]] == columns["id"].tolist()
    for number, feature in enumerate(collection["features"]):
        assert list(feature["properties"]) == list(columns)
        for name, column in columns.items():
            assert same([feature["properties"][name]], column[number : number + 1]), name
        assert_in_order_on_the_globe(shapely.geometry.shape(feature["geometry"]))
        for part in feature["geometry"]["coordinates"]:
            assert all(round(number, 7) == number for ring in part for place in ring for number in place)
    assert_same_places(out, crs, layer, [shapely.geometry.shape(each["geometry"]) for each in collection["features"]])


def assert_in_order_on_the_globe(outline):
    """Section 3.1.6 and 3.1.9: outer rings anticlockwise, holes clockwise, and nothing beyond 180 degrees."""
    west, _, east, _ = outline.bounds
    assert west >= -180
    assert east <= 180
    for part in outline.geoms:
        assert part.exterior.is_ccw
        assert not any(ring.is_ccw for ring in part.interiors)
        assert part.bounds[2] - part.bounds[0] < 1


def assert_same_places(out, crs, layer, outlines):
    """Corners in degrees are those of the map within two centimetres, and a part on each side where it is cut."""
    _, originals, _ = read(out / "landslides.gpkg", layer)
    for original, outline in zip(originals, outlines, strict=True):
        spread = shapely.transform(outline, lambda at: np.column_stack([at[:, 0] % 360, at[:, 1]]))
        corners = shapely.get_coordinates(original)
        lon, lat = in_degrees_by_gdal(crs, corners)
        distance = shapely.distance(shapely.points(lon % 360, lat), spread)
        assert distance.max() < 2e-7
        has_cut = (lon > 0).any() and (lon < 0).any()
        assert has_cut == (outline.bounds[2] - outline.bounds[0] > 180)


def in_degrees_by_gdal(crs, corners):
    from rasterio.warp import transform

    return map(np.asarray, transform(crs, "EPSG:4326", corners[:, 0], corners[:, 1]))


def test_a_map_across_the_date_line_is_cut(made):
    out, crs = made
    _, outlines, _ = read(out / "landslides.geojson", "landslides")
    assert (crs == "EPSG:32760") == any(each.bounds[2] - each.bounds[0] > 180 for each in outlines)


def kml_outlines(folder):
    for mark in folder.findall(f"{KML}Placemark"):
        parts = []
        for polygon in mark.iter(f"{KML}Polygon"):
            rings = [
                [tuple(map(float, place.split(","))) for place in ring.text.split()]
                for ring in polygon.iter(f"{KML}coordinates")
            ]
            parts.append((rings[0], rings[1:]))
        yield mark, shapely.MultiPolygon(parts)


def test_kml_of_a_map_of_one_image_tells_of_one_date(tmp_path):
    after = {"role": "post", "path": "post.tif", "sha256": "b" * 64, "acquired": "2018-09-06", "acquired_from": "user"}
    out = finished_run(tmp_path / "out", landslide_scene(), inputs=[after])
    landslip.make_products(out, also=["kml"])
    text = (out / "landslides.kml").read_text(encoding="utf-8")
    assert "Image after: 2018-09-06." in text
    assert "Image before:" not in text


def test_kml_has_a_folder_for_each_layer_with_names_values_and_colours(made):
    out, crs = made
    document = ET.parse(out / "landslides.kml").getroot().find(f"{KML}Document")
    styles = {each.get("id") for each in document.findall(f"{KML}Style")}
    folders = document.findall(f"{KML}Folder")
    assert [folder.find(f"{KML}name").text for folder in folders] == ["Landslides", "Not observed"]
    for folder, layer in zip(folders, ["landslides", "not_observed"], strict=True):
        _, _, columns = read(out / "landslides.gpkg", layer)
        found = list(kml_outlines(folder))
        for number, (mark, outline) in enumerate(found):
            values = {each.get("name"): each.find(f"{KML}value").text for each in mark.iter(f"{KML}Data")}
            assert values["id"] == str(columns["id"][number])
            assert float(values["area_m2"]) == pytest.approx(columns["area_m2"][number], abs=1e-3)
            assert mark.find(f"{KML}styleUrl").text.removeprefix("#") in styles
            assert_in_order_on_the_globe(outline)
        assert_same_places(out, crs, layer, [outline for _, outline in found])
    first = folders[0].find(f"{KML}Placemark")
    assert first.find(f"{KML}name").text == "Landslide 1"
    assert first.find(f"{KML}description").text.endswith("m²; likely, mean confidence 95 %")
    assert "date_to" not in {each.get("name") for each in first.iter(f"{KML}Data")}  # null


def test_kml_tells_holes_from_outer_rings(tmp_path):
    percent = np.full((40, 50), 3, dtype=np.uint8)
    percent[5:25, 5:25] = 90
    percent[8:12, 8:12] = percent[15:20, 15:20] = 3
    percent[25:30, 25:35] = 90  # touches at a corner: one landslide of two polygons
    out = finished_run(tmp_path / "out", percent)
    landslip.make_products(out, also="kml")
    (mark,) = ET.parse(out / "landslides.kml").getroot().iter(f"{KML}Placemark")
    borders = [[border.tag.removeprefix(KML) for border in polygon] for polygon in mark.iter(f"{KML}Polygon")]
    assert sorted(borders, key=len) == [["outerBoundaryIs"], ["outerBoundaryIs", *["innerBoundaryIs"] * 2]]
    for polygon in mark.iter(f"{KML}Polygon"):
        for border in polygon:
            corners = [place.split(",") for place in border.find(f".//{KML}coordinates").text.split()]
            is_outer = border.tag.endswith("outerBoundaryIs")
            assert shapely.LinearRing([(float(lon), float(lat)) for lon, lat in corners]).is_ccw == is_outer


def test_the_archive_of_copernicus_ems(made):
    out, crs = made
    archive = f"/vsizip/{out / 'cems.zip'}"
    _, _, slides = read(out / "landslides.gpkg", "landslides")
    found_crs, outlines, events = read(f"{archive}/observedEventA_v1.shp", "observedEventA_v1")
    assert found_crs == "EPSG:4326"
    assert list(events) == ["event_type", "obj_desc", "det_method", "notation", "dmg_src_id", "area"]
    assert set(zip(events["event_type"], events["obj_desc"], events["det_method"], strict=True)) == {
        ("6-Mass Movement", "Landslide", "Automatic extraction")
    }
    assert events["area"] == pytest.approx(slides["area_ha"])
    assert events["notation"][1].endswith("; area is a minimum")
    as_parts = [shapely.MultiPolygon(shapely.get_parts(each).tolist()) for each in outlines]
    for outline in as_parts:
        assert_in_order_on_the_globe(shapely.MultiPolygon([shapely.geometry.polygon.orient(p) for p in outline.geoms]))
    assert_same_places(out, crs, "landslides", as_parts)
    _, gaps, unseen = read(f"{archive}/notAnalysedA_v1.shp", "notAnalysedA_v1")
    assert len(gaps) == 1
    assert unseen["notation"].tolist() == ["masked (cloud, shadow, water)"]
    _, _, _, columns = pyogrio.raw.read(f"{archive}/source_v1.dbf")
    assert [list(column) for column in columns] == [
        ["Sentinel-2A", "after & <b>.tif"], ["01/09/2018", "06/09/2018"], ["T01:27:01Z", None], ["10 m", None],
        ["Pre-event", "Post-event"], [1, 2],
    ]  # fmt: skip
    assert set(events["dmg_src_id"]) == {2}


def test_a_shapefile_comes_with_all_its_companions(made):
    out, _ = made
    with zipfile.ZipFile(out / "landslides.shp.zip") as archive:
        names = archive.namelist()
        assert names == [
            f"{layer}.{kind}"
            for layer in ("landslides", "not_observed")
            for kind in ("cpg", "dbf", "prj", "shp", "shx")
        ]
        assert archive.read("landslides.cpg") == b"UTF-8"


def test_every_field_has_a_name_that_a_shapefile_keeps(made):
    out, _ = made
    for layer in ("landslides", "not_observed"):
        short = [SHORT_NAMES.get(name, name) for name in read(out / "landslides.gpkg", layer)[2]]
        assert max(map(len, short)) <= 10
        assert len(set(short)) == len(short)


def test_equal_bytes_twice(tmp_path):
    results = []
    for name in ("one", "other"):
        out = finished_run(tmp_path / name, landslide_scene())
        landslip.make_products(out, also="geojson,fgb,kml,shp,cems")
        results.append({each: (out / each).read_bytes() for key in FORMATS for each in FURTHER[key]})
        time.sleep(2.1)  # the clock of an archive has steps of two seconds
    assert results[0] == results[1]


def test_a_map_without_landslides_and_wholly_observed(tmp_path):
    out = finished_run(tmp_path / "out", NOTHING)
    landslip.make_products(out, also=FORMATS)
    for layer in ("landslides", "not_observed"):
        fields = list(read(out / "landslides.gpkg", layer)[2])
        assert json.loads((out / f"{layer}.geojson").read_text())["features"] == []
        assert list(read(out / f"{layer}.fgb", layer)[2]) == fields
        assert len(read(out / "landslides.shp.zip", layer)[1]) == 0
    for layer in ("observedEventA_v1", "notAnalysedA_v1"):
        crs, outlines, _ = read(f"/vsizip/{out / 'cems.zip'}/{layer}.shp", layer)
        assert (crs, len(outlines)) == ("EPSG:4326", 0)
    document = ET.parse(out / "landslides.kml").getroot()
    assert len(list(document.iter(f"{KML}Folder"))) == 2
    assert not list(document.iter(f"{KML}Placemark"))


HOSTILE = '</name><script>alert("x")</script>&amp;]]> \u202e\x1b[31m'


def test_hostile_names_are_data(tmp_path):
    inputs = [{"role": "post", "path": f"a/{HOSTILE}.tif" + "x" * 400, "sha256": None}]
    model = {"name": HOSTILE, "sha256": None, "precision": "fp32", "notice": HOSTILE * 50}
    out = finished_run(tmp_path / "o'ut & <b> ü", landslide_scene(), title=HOSTILE, inputs=inputs, model=model)
    landslip.make_products(out, also=FORMATS)
    document = ET.parse(out / "landslides.kml").getroot().find(f"{KML}Document")
    assert document.find(f"{KML}name").text == '</name><script>alert("x")</script>&amp;]]> ??[31m'
    assert len(document.find(f"{KML}description").text) < 2000
    assert not list(document.iter("script"))
    assert json.loads((out / "landslides.geojson").read_text(encoding="utf-8"))["description"] == HOSTILE * 50
    _, _, _, columns = pyogrio.raw.read(f"/vsizip/{out / 'cems.zip'}/source_v1.dbf")
    assert columns[0][0].startswith("script>&amp;]]> ??[31m.tifxxx")
    assert len(columns[0][0]) <= 254
    assert columns[1].tolist() == [None]


def test_a_map_of_another_version_is_refused_by_name(tmp_path):
    out = finished_run(tmp_path / "out", landslide_scene())
    (out / "landslides.gpkg").unlink()
    pyogrio.raw.write(
        out / "landslides.gpkg", np.empty(0, dtype=object), [np.empty(0, dtype=np.int64)], ["id"], layer="landslides",
        driver="GPKG", geometry_type="MultiPolygon", crs="EPSG:32654",
    )  # fmt: skip
    record = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**record, "products": described(out, MADE)}))
    with pytest.raises(landslip.InputError, match=r"landslides\.gpkg has no layer not_observed"):
        landslip.make_products(out, also="geojson")
    assert not (out / "landslides.geojson").exists()


@pytest.mark.skipif(which("ogr2ogr") is None, reason="ogr2ogr is not installed")
@pytest.mark.parametrize("file", ["landslides.geojson", "landslides.fgb", "landslides.kml", "landslides.shp.zip"])
def test_ogr2ogr_reads_every_format(made, tmp_path, file):
    out, _ = made
    layer = "Landslides" if file.endswith("kml") else "landslides"
    target = tmp_path / "copy.gpkg"
    done = subprocess.run(
        ["ogr2ogr", "-f", "GPKG", "-nlt", "PROMOTE_TO_MULTI", target, out / file, layer],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert pyogrio.read_info(target)["features"] == 2


@pytest.mark.parametrize("also", ["kml", "cems"])
def test_what_lies_around_a_pole_is_said_to_have_no_outline_in_degrees(tmp_path, also):
    ring = np.full((80, 80), 10, np.uint8)
    ring[20:60, 20:60] = 90
    ring[30:50, 30:50] = 10
    out = finished_run(tmp_path / "out", ring, crs="EPSG:3031", corner=(-400.0, 400.0))
    with pytest.raises(landslip.UsageError, match="at a pole"):
        landslip.make_products(out, also=also)
    landslip.make_products(out, also="fgb,shp")
