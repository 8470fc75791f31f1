"""Products of maps of several classes: every format tells them, and changed files are refused."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import numpy as np
import pyogrio
import pytest
from PIL import Image

import landslip
from helpers.engines import CLASS_SPEC, class_engine
from helpers.rasters import scene_mixed
from helpers.stac import problems_of_a_run
from landslip.runtime.engines import EngineOptions
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.styles.palette import class_colours, hexadecimal

ALL = ProductOptions(also="geojson,fgb,kml,shp,cems", density=250, project=True, report=True, catalog=True)
NAMES = [each.name for each in CLASS_SPEC.classes]


def made(out, files, products):
    request = MapRequest(out / "no-model", files, out, engine=EngineOptions(tile=64), products=products)
    map_scene(request, engine=class_engine())
    return out


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return scene_mixed(tmp_path_factory.mktemp("scene"), height_m=1800.0, width_m=1800.0)


@pytest.fixture(scope="module")
def out(files, tmp_path_factory):
    return made(tmp_path_factory.mktemp("products") / "out", files, ALL)


def column(path, name, **how):
    meta, _, _, columns = pyogrio.raw.read(path, read_geometry=False, **how)
    return list(columns[list(meta["fields"]).index(name)])


@pytest.fixture(scope="module")
def classes(out):
    """Class of each landslide."""
    found = column(out / "landslides.gpkg", "class", layer="landslides")
    assert {"debris flow", "rock fall"} <= {*found}
    return found


@pytest.mark.parametrize("name", ["landslides.geojson", "landslides.fgb", "landslides.shp.zip"])
def test_every_format_has_the_class(out, classes, name):
    found = column(out / name, "class", layer="landslides")
    assert sorted(map(str, found)) == sorted(map(str, classes))  # FlatGeobuf sorts by place
    share = column(out / name, "cl_share" if "shp" in name else "class_share", layer="landslides")
    assert all(0 < each <= 1 for each, known in zip(share, found, strict=True) if known)


def test_kml_says_the_class_in_words(out, classes):
    text = (out / "landslides.kml").read_text(encoding="utf-8")
    words = re.findall(r'<Data name="class"><displayName>Class</displayName>\s*<value>(.*?)</value>', text)
    assert words == list(filter(None, classes))
    assert len(re.findall(r"<description>(?:debris flow|rock fall); [\d]", text)) == sum(map(bool, classes))


def test_the_notes_of_copernicus_begin_with_the_class(out, classes):
    notes = column(f"/vsizip/{out / 'cems.zip'}/observedEventA_v1.shp", "notation")
    for note, known in zip(notes, classes, strict=True):
        assert note.startswith(f"{known}; ") == bool(known)


def test_the_project_shows_the_classes(out):
    root = ET.parse(out / "landslides.qgs").getroot()
    layer = next(each for each in root.iter("maplayer") if each.findtext("datasource") == "./classes.tif")
    entries = [(entry.get("label"), entry.get("color")) for entry in layer.iter("paletteEntry")]
    colours = map(hexadecimal, class_colours([each.landslide for each in CLASS_SPEC.classes]))
    assert entries[:4] == list(zip(NAMES, colours, strict=True))
    landslides = next(each for each in root.iter("maplayer") if each.findtext("layername") == "Landslides")
    assert {"class": "Class"}.items() <= {
        each.get("field"): each.get("name") for each in landslides.iter("alias")
    }.items()


def test_the_report_tells_them(out):
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "Surest class of the pixels, by area" in text
    assert re.search(r"debris flow \(landslide\): [\d.,\u202f]+", text)
    assert re.search(r"<td[^>]*>rock fall</td>", text)
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert {"class", "class_share"} <= {*data["shown"]}
    assert data["texts"]["field_class"] == "Kind"
    assert data["kinds"][:2] == ["debris flow", "rock fall"]
    colours = [hexadecimal(each) for each in class_colours([each.landslide for each in CLASS_SPEC.classes])]
    assert [data["colours"][key] for key in data["classes"][:2]] == [colours[1], colours[3]]


def test_the_sheet_has_the_colours_of_the_kinds(out):
    with Image.open(out / "quicklook.png") as picture:
        sheet = np.asarray(picture).astype(int)
    colours = class_colours([each.landslide for each in CLASS_SPEC.classes])
    for number, each in enumerate(CLASS_SPEC.classes):
        tint = np.rint(0.35 * 150 + 0.65 * np.array(colours[number]))  # as on the grey of a sample
        in_legend = np.count_nonzero((np.abs(sheet - tint) <= 1).all(axis=2)) > 1000
        assert in_legend == each.landslide, each.name


def test_the_item_lists_them(out):
    item = json.loads(next(out.glob("landslip-*.json")).read_text(encoding="utf-8"))
    assert problems_of_a_run(item) == []
    asset = item["assets"]["classes"]
    listed = asset["classification:classes"]
    assert [(each["value"], each.get("title")) for each in listed] == [*enumerate(NAMES), (255, "Not observed")]
    assert listed[1]["name"] == "debris_flow"
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert [each["count"] for each in listed[:4]] == [each["pixels"] for each in record["classes"]]
    assert {"classes_style", "classes_names"} <= {*item["assets"]}


def test_made_afterwards_they_are_the_same(files, out, tmp_path):
    made(tmp_path / "out", files, ProductOptions())
    result = landslip.make_products(
        tmp_path / "out", also=ALL.also, density=250, project=True, report=True, catalog=True, scene=files
    )
    for name in ALL.names:
        if name not in {"report.html", "catalog.json"}:  # which tell when the map was made
            assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes(), name
    assert [each.name for each in result.classes] == NAMES
    assert result.products["classes.tif"] == tmp_path / "out" / "classes.tif"


@pytest.mark.parametrize("name", ["classes.tif", "classes.qml", "classes.tif.aux.xml"])
def test_a_changed_file_is_refused(files, tmp_path, name):
    out = made(tmp_path / "out", files, ProductOptions())
    path = out / name
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    with pytest.raises(landslip.InputError, match=re.escape(f"{path} is not the file that")):
        landslip.make_products(out, also="kml")
    path.unlink()
    with pytest.raises(landslip.InputError, match="is not there"):
        landslip.make_products(out, also="kml")
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    del record["products"][name]
    (out / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(landslip.InputError, match=f"lists no {re.escape(name)}"):
        landslip.make_products(out, also="kml")


@pytest.mark.parametrize(
    "names", [["a"], ["a", "a"], ["a", ""], ["a", "b\x1b[31m"], [str(number) for number in range(33)]]
)
def test_classes_that_no_network_has_are_refused(files, tmp_path, names):
    out = made(tmp_path / "out", files, ProductOptions())
    record = json.loads((out / "run.json").read_text(encoding="utf-8"))
    record["classes"] = [{"name": name, "landslide": True, "pixels": 1, "km2": 1.0} for name in names]
    (out / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(landslip.InputError, match="classes that no network has"):
        landslip.make_products(out, also="kml")
