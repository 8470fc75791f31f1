"""Styles as real QGIS takes them by itself: what it makes of the files, and what it draws."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace

import numpy as np
import pyogrio.raw
import pytest
import rasterio
import shapely
from affine import Affine
from PIL import Image
from rasterio.crs import CRS

from helpers import qgis
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.cartography.scale_bar import round_length
from landslip.runtime.confidence import REASONS
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.classes_tif import write_class_names, write_class_style
from landslip.runtime.products.confidence_tif import write_cog
from landslip.runtime.products.geopackage import same_bytes_anywhere
from landslip.runtime.products.map_tags import MapOrigin, map_tags
from landslip.runtime.products.overviews import mode_rows
from landslip.runtime.products.style_table import write_style_table
from landslip.runtime.run.rows_file import RowsFile
from landslip.runtime.run.virtual_raster import RowsBand
from landslip.runtime.styles.field_labels import LANDSLIDE_LABELS, NOT_OBSERVED_LABELS
from landslip.runtime.styles.map_sheet import MapSheet, SystemUsed
from landslip.runtime.styles.palette import (
    CLASS_COLOURS,
    DENSITY,
    NOT_OBSERVED_FILL,
    OBSERVED,
    RAMP,
    class_colours,
    hexadecimal,
)
from landslip.runtime.styles.qgis_layout import room_for_bar
from landslip.runtime.styles.qgis_project import project_text
from landslip.runtime.styles.raster_qml import confidence_qml, density_qml

pytestmark = [pytest.mark.apps, qgis.needs_qgis]

CRSES = {"utm": CRS.from_epsg(32632), "laea": CRS.from_proj4("+proj=laea +lat_0=33 +lon_0=9 +datum=WGS84 +units=m")}
EDGE, PIXEL = 120, 10.0
BACKGROUND = (180, 220, 120)
CELL = 20
"""Pixels of a cell: the map is six by six of them."""
CLASS_CELLS = {name: (0, column) for column, name in enumerate(CLASS_COLOURS)}
REASON_CELLS = {name: (2, column) for column, name in enumerate(REASONS.values())}
PERCENT_CELLS = {(4, 0): 0, (4, 1): 49, (4, 2): 50, (4, 3): 75, (4, 4): 100}
HOSTILE = "Ätsuma <b>&\"' [% 1 + 1 %]"


def grid_of(crs):
    return MapGrid(crs, Affine(PIXEL, 0, 500_000, 0, -PIXEL, 5_000_000), EDGE, EDGE)


def square(grid, row, col):
    """A square in the middle of a cell, with a margin of a quarter around it."""
    left, top = grid.transform @ ((col + 0.25) * CELL, (row + 0.25) * CELL)
    return shapely.MultiPolygon([shapely.box(left, top - CELL / 2 * PIXEL, left + CELL / 2 * PIXEL, top)])


def write_layer(path, layer, grid, cells, columns):
    geometry = np.array([shapely.to_wkb(square(grid, *cell)) for cell in cells.values()], dtype=object)
    pyogrio.raw.write(
        path, geometry, list(columns.values()), list(columns), layer=layer, driver="GPKG",
        geometry_type="MultiPolygon", crs=grid.crs.to_wkt(), append=path.exists(), nan_as_null=True,
        dataset_options={"VERSION": "1.2"},
    )  # fmt: skip


def numbers(count, value=1.0):
    return np.full(count, value)


def write_polygons(path, grid):
    classes, reasons = len(CLASS_CELLS), len(REASON_CELLS)
    words = {
        "confidence_class": list(CLASS_CELLS),
        "date_from": ["2018-08-01"] * classes,
        "date_to": ["<b>&"] * classes,
    }
    columns = dict.fromkeys(LANDSLIDE_LABELS, numbers(classes, 1234.5)) | {
        "confidence_mean": numbers(classes, 0.93),
        "id": np.arange(1, classes + 1), "edge": np.array([True, False, False]),
        "reach_angle": numbers(classes, np.nan), "length_m": numbers(classes, np.nan),
        **{name: np.array(values, dtype=object) for name, values in words.items()},
    }  # fmt: skip
    with same_bytes_anywhere():
        write_layer(path, "landslides", grid, CLASS_CELLS, columns)
        unseen = {"id": np.arange(1, reasons + 1), "reason": np.array(list(REASON_CELLS), dtype=object)}
        write_layer(path, "not_observed", grid, REASON_CELLS, {**unseen, "area_m2": numbers(reasons, 10_000.0)})
        write_style_table(path)


def write_map(folder, grid):
    percent = np.zeros((EDGE, EDGE), dtype=np.uint8)
    for (row, col), value in PERCENT_CELLS.items():
        percent[row * CELL : (row + 1) * CELL, col * CELL : (col + 1) * CELL] = value
    for row, col in REASON_CELLS.values():
        percent[row * CELL : (row + 1) * CELL, col * CELL : (col + 1) * CELL] = 255
    with RowsFile(folder / "rows.raw", grid) as rows:
        rows.append(percent)
        write_cog(rows.as_raster(map_tags(MapOrigin(50, "demo"))), folder / "confidence.tif", "given")
    (folder / "rows.raw").unlink()
    (folder / "rows.vrt").unlink()


def sheet_of(grid):
    code = grid.crs.to_epsg()
    return MapSheet(
        title=HOSTILE, subtitle="Images of 2018-08-01 and 2018-09-08", findings=("3 landslides", "6 not observed"),
        provenance="landslip", notice="a demonstration", level=50, bounds=grid.bounds,
        bar_metres=200.0, system=SystemUsed(grid.crs.to_wkt(), f"EPSG:{code}" if code else ""),
    )  # fmt: skip


def moved_products(made, crs):
    """Products with a square of every class, reason and confidence, moved so that every path has to be relative."""
    made.mkdir()
    grid = grid_of(crs)
    write_polygons(made / "landslides.gpkg", grid)
    write_map(made, grid)
    (made / "confidence.qml").write_text(confidence_qml(50), encoding="utf-8")
    (made / "landslides.qgs").write_text(project_text(sheet_of(grid)), encoding="utf-8")
    return shutil.move(made, made.with_name(f"{made.name} moved elsewhere"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Folders of products by the name of their CRS: one with a code, and one without."""
    base = tmp_path_factory.mktemp("products")
    return {name: moved_products(base / name, crs) for name, crs in CRSES.items()}


@pytest.fixture(scope="module")
def folder(folders):
    return folders["utm"]


def centre(picture, cell, size=6 * CELL * 5):
    """Colours (n, 3) in the middle of a cell of a picture of the whole map."""
    step = size // 6
    row, col = (round((each + 0.5) * step) for each in cell)
    return picture[row - step // 6 : row + step // 6, col - step // 6 : col + step // 6].reshape(-1, 3).astype(int)


def read_picture(path):
    with Image.open(path) as picture:
        return np.array(picture.convert("RGB"))


def mixed(colour, opacity):
    return opacity * np.array(colour) + (1 - opacity) * np.array(BACKGROUND)


def is_grey(colours):
    """Tell whether all colours are near grey, or between grey and the little that shines through."""
    return (colours.max(axis=1) - colours.min(axis=1)).max() < 30


def test_layers_come_with_renderer_words_and_names(folder, tmp_path):
    layers = [f"{folder / 'landslides.gpkg'}|layername={name}" for name in ("landslides", "not_observed")]
    landslides, unseen = qgis.steps(tmp_path, *(("layer_facts", {"path": path}) for path in layers))
    for found, field, values in (
        (landslides, "confidence_class", CLASS_CELLS), (unseen, "reason", REASON_CELLS),
    ):  # fmt: skip
        assert found["renderer"] == "categorizedSymbol"
        assert found["field"] == field
        assert set(found["categories"]) == set(values)
    assert {name: alias for name, alias in landslides["aliases"].items() if name != "fid"} == LANDSLIDE_LABELS
    assert {name: alias for name, alias in unseen["aliases"].items() if name != "fid"} == NOT_OBSERVED_LABELS
    for name, colours in landslides["colours"].items():
        assert hexadecimal(CLASS_COLOURS[name]) in colours
    assert all(hexadecimal(NOT_OBSERVED_FILL) in colours for colours in unseen["colours"].values())


def test_tips_have_figures_and_no_markup_of_others(folder, tmp_path):
    ((first, second, _), (unseen, *_)) = qgis.steps(
        tmp_path,
        ("tips", {"path": f"{folder / 'landslides.gpkg'}|layername=landslides"}),
        ("tips", {"path": f"{folder / 'landslides.gpkg'}|layername=not_observed"}),
    )
    name, tip = first
    assert name == "Landslide 1"
    assert "1,235 m² or more" in tip or "1234 m² or more" in tip or "1,234 m² or more" in tip
    assert "or more" not in second[1]
    assert "93 % (likely)" in tip
    assert "<td>unknown" in tip
    assert "2018-08-01 to &lt;b>&amp;" in tip
    assert unseen[0] == "Not observed: outside"


def test_polygons_have_their_colours_and_clear_ground_shows_what_lies_below(folder, tmp_path):
    layers = [f"{folder / 'landslides.gpkg'}|layername={name}" for name in ("landslides", "not_observed")]
    with rasterio.open(folder / "confidence.tif") as dataset:
        extent = list(dataset.bounds)
    qgis.steps(
        tmp_path, ("picture", {"paths": layers, "target": tmp_path / "p.png", "size": (600, 600), "extent": extent})
    )
    picture = read_picture(tmp_path / "p.png")
    for name, cell in CLASS_CELLS.items():
        np.testing.assert_allclose(
            centre(picture, cell), [mixed(CLASS_COLOURS[name], 0.6)] * len(centre(picture, cell)), atol=4
        )
    for cell in REASON_CELLS.values():
        assert is_grey(centre(picture, cell))
    assert (centre(picture, (4, 0)) == BACKGROUND).all()


def test_the_smallest_landslide_is_seen_from_far(folder, tmp_path):
    with rasterio.open(folder / "confidence.tif") as dataset:
        x, y = dataset.xy(0.5 * CELL, 0.5 * CELL)
    far = [x - 400_000, y - 400_000, x + 400_000, y + 400_000]
    layer = f"{folder / 'landslides.gpkg'}|layername=landslides"
    qgis.steps(tmp_path, ("picture", {"paths": [layer], "target": tmp_path / "p.png", "extent": far}))
    picture = read_picture(tmp_path / "p.png").reshape(-1, 3).astype(int)
    assert np.abs(picture - CLASS_COLOURS["likely"]).sum(axis=1).min() < 90


def test_classes_have_their_names_and_colours(tmp_path):
    known = (ClassSpec("ground", False), ClassSpec('rock "fall" & <b>', True), ClassSpec("debris flow", True))
    grid = grid_of(CRSES["utm"])
    classes = np.full((EDGE, EDGE), 255, dtype=np.uint8)
    for number in range(len(known)):
        classes[:CELL, number * CELL : (number + 1) * CELL] = number
    colours = class_colours([each.landslide for each in known])
    with RowsFile(tmp_path / "rows.raw", grid, mode_rows) as rows:
        rows.append(classes)
        write_cog(rows.as_raster({}, RowsBand("class", colours=colours)), tmp_path / "classes.tif", "given")
    write_class_style(tmp_path / "classes.qml", known)
    write_class_names(tmp_path / "classes.tif.aux.xml", known)
    found, _ = qgis.steps(
        tmp_path,
        ("layer_facts", {"path": tmp_path / "classes.tif"}),
        ("picture", {"paths": [tmp_path / "classes.tif"], "target": tmp_path / "p.png", "size": (600, 600)}),
    )
    assert found["renderer"] == "paletted"
    entries = [
        [number, hexadecimal(colour), 255, each.name]
        for number, (each, colour) in enumerate(zip(known, colours, strict=True))
    ]
    assert found["classes"] == [*entries, [255, hexadecimal(NOT_OBSERVED_FILL), 255, "not observed"]]
    assert found["nodata"] == hexadecimal(NOT_OBSERVED_FILL)
    picture = read_picture(tmp_path / "p.png")
    for number, colour in enumerate(colours):
        np.testing.assert_allclose(centre(picture, (0, number)), [colour] * len(centre(picture, (0, number))), atol=4)
    assert is_grey(centre(picture, (3, 3)))


def test_confidence_hides_nothing_below_the_threshold_and_unseen_ground_is_grey(folder, tmp_path):
    found, _ = qgis.steps(
        tmp_path,
        ("layer_facts", {"path": folder / "confidence.tif"}),
        ("picture", {"paths": [folder / "confidence.tif"], "target": tmp_path / "p.png", "size": (600, 600)}),
    )
    assert (found["renderer"], found["nodata"]) == ("singlebandpseudocolor", hexadecimal(NOT_OBSERVED_FILL))
    picture = read_picture(tmp_path / "p.png")
    colours = {percent: centre(picture, cell) for cell, percent in PERCENT_CELLS.items()}
    for percent, expected in {0: BACKGROUND, 49: BACKGROUND, 50: RAMP[0], 75: RAMP[1], 100: RAMP[2]}.items():
        np.testing.assert_allclose(colours[percent], [expected] * len(colours[percent]), atol=1)
    for cell in REASON_CELLS.values():
        assert (centre(picture, cell) == NOT_OBSERVED_FILL).all()


def test_in_another_projection_only_the_map_is_grey(folder, tmp_path):
    """Corners that the turned map does not reach are not those of which nothing is known."""
    qgis.steps(
        tmp_path,
        ("picture", {"paths": [folder / "confidence.tif"], "target": tmp_path / "p.png", "crs": "EPSG:3413"}),
    )
    picture = read_picture(tmp_path / "p.png")
    for corner in (picture[:5, :5], picture[-5:, :5], picture[:5, -5:], picture[-5:, -5:]):
        assert (corner == BACKGROUND).all()
    assert (picture == NOT_OBSERVED_FILL).all(axis=-1).any()


def test_looking_leaves_nothing_beside_the_files(folder, tmp_path):
    before = sorted(path.name for path in folder.iterdir())
    plain = tmp_path / "without a style"
    plain.mkdir()
    shutil.copy(folder / "confidence.tif", plain)
    qgis.steps(
        tmp_path,
        *(
            ("picture", {"paths": [each], "target": tmp_path / "p.png"})
            for each in (plain / "confidence.tif", folder / "confidence.tif")
        ),
        ("project", {"path": folder / "landslides.qgs", "pdf": tmp_path / "l.pdf", "png": tmp_path / "l.png"}),
    )
    assert sorted(path.name for path in folder.iterdir()) == before
    assert [path.name for path in plain.iterdir()] == ["confidence.tif"]


@pytest.mark.parametrize("crs", CRSES)
def test_a_project_that_was_moved_opens_without_a_word(folders, crs, tmp_path):
    folder = folders[crs]
    (found,) = qgis.steps(
        tmp_path,
        ("project", {"path": folder / "landslides.qgs", "canvas": tmp_path / "c.png", "pdf": tmp_path / "l.pdf"}),
    )
    assert found["said"] == []
    assert found["title"] == HOSTILE
    assert found["order"] == ["Landslides", "Not observed", "Confidence (percent)", "Observed"]
    assert all(found["valid"].values())
    assert all(str(folder) in source for source in found["sources"])
    assert {found["layers"][name]["renderer"] for name in ("Landslides", "Not observed")} == {"categorizedSymbol"}
    with rasterio.open(folder / "confidence.tif") as dataset:
        inner, code = dataset.bounds, dataset.crs.to_epsg()
    assert found["extent"][0] < inner.left
    assert found["extent"][2] > inner.right
    assert found["crs"] == f"EPSG:{code}" if code else "Lambert" in found["crs"]
    assert (tmp_path / "l.pdf").read_bytes().startswith(b"%PDF")
    colours = {tuple(each) for each in read_picture(tmp_path / "c.png").reshape(-1, 3)}
    assert {OBSERVED, (255, 255, 255)} <= colours


def test_the_layout_shows_map_legend_scale_north_and_the_words_as_they_are(folder, tmp_path):
    (found,) = qgis.steps(tmp_path, ("project", {"path": folder / "landslides.qgs", "png": tmp_path / "l.png"}))
    assert found["layouts"] == ["Landslide map"]
    kinds = {"Map", "Legend", "ScaleBar", "Picture", "Label"}
    assert kinds <= {name.removeprefix("QgsLayoutItem") for name in found["items"]}
    assert HOSTILE in found["texts"]
    picture = read_picture(tmp_path / "l.png")
    assert abs(picture.shape[1] / picture.shape[0] - 297 / 210) < 0.01
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    common = {tuple(colour): count for colour, count in zip(colours.tolist(), counts.tolist(), strict=True)}
    assert common[OBSERVED] > 0.1 * counts.sum()
    assert common.get((255, 255, 255), 0) > 0.1 * counts.sum()


@pytest.mark.parametrize("wider", [1, 100, 3000])
def test_the_scale_bar_fits_its_place_at_every_size(folder, tmp_path, wider):
    sheet = sheet_of(grid_of(CRSES["utm"]))
    left, bottom, right, top = sheet.bounds
    bounds = left, bottom, left + (right - left) * wider, bottom + (top - bottom) * wider
    sheet = replace(sheet, bounds=bounds, bar_metres=round_length(room_for_bar(bounds)))
    project = folder / f"{wider} times.qgs"
    project.write_text(project_text(sheet), encoding="utf-8")
    try:
        (found,) = qgis.steps(tmp_path, ("project", {"path": project}))
    finally:
        project.unlink()
    (bar,) = found["bars"]
    assert 25 < bar["width"] < 66
    assert bar["unit"] == ("m" if wider == 1 else "km")
    assert str(bar["each"]).strip("0.") in {"1", "2", "5"}


SHARES = {
    math.nan: NOT_OBSERVED_FILL,
    0.0: BACKGROUND,
    0.004: DENSITY[0],
    0.03: DENSITY[1],
    0.2: DENSITY[3],
    1.0: DENSITY[4],
}


def test_density_is_clear_where_nothing_slid_and_grey_where_unknown(tmp_path):
    path = tmp_path / "density.tif"
    profile = {"driver": "GTiff", "dtype": "float32", "nodata": math.nan, "crs": CRSES["utm"], "count": 1}
    place = Affine(250, 0, 500_000, 0, -250, 5_000_000)
    with rasterio.open(path, "w", width=len(SHARES), height=len(SHARES), transform=place, **profile) as dataset:
        dataset.write(np.tile(np.array(list(SHARES), dtype=np.float32), (1, len(SHARES), 1)))
    path.with_suffix(".qml").write_text(density_qml(), encoding="utf-8")
    qgis.steps(tmp_path, ("picture", {"paths": [path], "target": tmp_path / "p.png", "size": (600, 600)}))
    row = read_picture(tmp_path / "p.png")[300, 50::100]
    assert [tuple(colour) for colour in row.tolist()] == list(SHARES.values())
    assert sorted(each.name for each in tmp_path.glob("density*")) == ["density.qml", "density.tif"]
