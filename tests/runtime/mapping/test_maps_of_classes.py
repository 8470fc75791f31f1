"""Maps by networks that tell several classes apart, against whole arrays."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pyogrio
import pytest
import rasterio
import rasterio.shutil

import landslip
from helpers.engines import CLASS_SPEC, SPEC, class_engine, class_mixture, mixing_engine, mixture
from helpers.models import class_model
from helpers.oracles import components, tile_of, weighted_mean
from helpers.rasters import scene_mixed
from helpers.results import names_of_results
from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import EngineError, UsageError
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_names import CLASS_PRODUCTS, made_by
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.scene.scene import open_scene
from landslip.runtime.styles.palette import class_colours
from landslip.runtime.tiling.stitch import gaussian_weights
from landslip.runtime.tiling.tile_grid import TileGrid

TILE = 64
LANDSLIDE = [band for band, each in enumerate(CLASS_SPEC.classes) if each.landslide]


def mapped(files, out, engine=None, *, batch=4, **options):
    """A map by the fake engine."""
    opened = EngineOptions(tile=TILE, batch=batch)
    request = MapRequest(out / "no-model", files, out, engine=opened, overwrite=True, **options)
    return map_scene(request, engine=engine or class_engine())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return scene_mixed(tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def out(files, tmp_path_factory):
    out = tmp_path_factory.mktemp("classes") / "out"
    mapped(files, out, min_area=0.0)
    return out


@pytest.fixture(scope="module")
def blended(files):
    """Confidence of each class from whole arrays (4, rows, cols), and which pixels are observed."""
    with open_scene(files, SPEC.resolution) as scene:
        patch = scene.read(scene.grid.rows(0, scene.grid.height))
    grid = TileGrid.even(*patch.valid.shape, TILE, 0.5)
    tiles = {}
    for row, top in enumerate(grid.rows):
        for col, left in enumerate(grid.cols):
            batch = {name: tile_of(array, top, left, TILE)[None] for name, array in patch.arrays.items()}
            tiles[row, col] = class_mixture(batch)[0]
    bands = [{place: tile[band] for place, tile in tiles.items()} for band in range(4)]
    return np.stack([weighted_mean(grid, band, gaussian_weights(TILE)) for band in bands]), patch.valid


def band_of(path):
    with rasterio.open(path) as dataset:
        return dataset.read(1)


def test_the_confidence_is_the_sum_over_the_classes_that_are_landslide(out, blended):
    percent, (confidence, valid) = band_of(out / "confidence.tif"), blended
    expected = 100 * confidence[LANDSLIDE].sum(0)
    np.testing.assert_array_equal(percent == 255, ~valid)
    clear = valid & (np.abs(expected - np.round(expected)) > 2e-3)
    np.testing.assert_array_equal(percent[clear], np.floor(expected[clear]))
    assert np.abs(percent[valid] - expected[valid]).max() <= 1.01


@pytest.mark.parametrize("engine", [FakeEngine(CLASS_SPEC, lambda batch: class_mixture(batch)[:, :1])])
def test_an_engine_that_gives_too_few_classes_is_refused(files, tmp_path, engine):
    with pytest.raises(EngineError, match=r"a batch of \(4, 4, 64, 64\)"):
        mapped(files, tmp_path / "out", engine)


def test_the_class_of_a_pixel_is_the_one_with_the_largest_blended_confidence(out, blended):
    classes, (confidence, valid) = band_of(out / "classes.tif"), blended
    np.testing.assert_array_equal(classes == 255, ~valid)
    first, second = np.sort(confidence, axis=0)[[-1, -2]]
    clear = valid & (first - second > 1e-5)
    np.testing.assert_array_equal(classes[clear], confidence.argmax(0)[clear])
    assert clear.sum() > 0.99 * valid.sum()
    assert set(np.unique(classes)) == {0, 1, 2, 3, 255}


def landslides_of(path):
    meta, _, _, columns = pyogrio.raw.read(path, layer="landslides", read_geometry=False)
    return dict(zip(meta["fields"], columns, strict=True))


def test_each_landslide_has_the_class_that_most_of_its_pixels_have(out):
    percent, classes = band_of(out / "confidence.tif"), band_of(out / "classes.tif")
    expected = []
    for pixels in components((percent >= 50) & (percent <= 100)):
        found = np.bincount([classes[place] for place in pixels], minlength=4)[:4]
        most = max(LANDSLIDE, key=lambda band, found=found: (found[band], -band))
        named = (CLASS_SPEC.classes[most].name, found[most] / len(pixels)) if found[most] else (None, np.nan)
        expected.append((len(pixels) * 36.0, *named))
    fields = landslides_of(out / "landslides.gpkg")
    assert list(fields)[-2:] == ["class", "class_share"]
    assert len(fields["class"]) == len(expected) > 20
    assert {name for _, name, _ in expected} == {"debris flow", "rock fall", None}
    assert fields["class"].tolist() == [name for _, name, _ in expected]
    np.testing.assert_allclose(fields["class_share"], [share for *_, share in expected], rtol=1e-12)
    np.testing.assert_allclose(fields["area_m2"], [area for area, *_ in expected], rtol=0.01)
    shares = fields["class_share"]
    assert (shares[np.isfinite(shares)] < 1).any()


def test_the_record_counts_every_class(out):
    record = RunRecord.read(out / "run.json")
    counts = np.bincount(band_of(out / "classes.tif").ravel(), minlength=256)
    assert [(each.name, each.landslide, each.pixels) for each in record.classes] == [
        (known.name, known.landslide, int(count)) for known, count in zip(CLASS_SPEC.classes, counts, strict=False)
    ]
    assert sum(each.km2 for each in record.classes) == pytest.approx(record.observed_km2, rel=1e-12)
    for each in record.classes:
        assert each.km2 == pytest.approx(each.pixels * 36e-6, rel=0.01)


def test_other_programs_find_names_colours_and_tags(out, tmp_path):
    with rasterio.open(out / "classes.tif") as dataset, rasterio.open(out / "confidence.tif") as confidence:
        assert (dataset.nodata, dataset.dtypes, dataset.descriptions) == (255, ("uint8",), ("class",))
        assert (dataset.crs, dataset.transform, dataset.shape) == (
            confidence.crs, confidence.transform, confidence.shape
        )  # fmt: skip
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert dataset.colorinterp[0].name == "palette"
        colours = dataset.colormap(1)
        tags, of_band = dataset.tags(), dataset.tags(1)
    expected = class_colours([each.landslide for each in CLASS_SPEC.classes])
    assert [colours[value][:3] for value in range(4)] == list(expected)
    assert len({*expected}) == 4
    assert "1 debris flow (landslide); 2 open water;" in tags["TIFFTAG_IMAGEDESCRIPTION"]
    assert tags["MODEL"] == CLASS_SPEC.name
    assert [of_band[f"CLASS_{value}"] for value in range(4)] == [each.name for each in CLASS_SPEC.classes]
    # GDAL's own description of the file has the names that it takes from beside it.
    rasterio.shutil.copy(out / "classes.tif", tmp_path / "classes.vrt", driver="VRT")
    assert "<Category>rock fall</Category>" in (tmp_path / "classes.vrt").read_text(encoding="utf-8")


def test_the_style_names_every_class(out):
    renderer = ET.parse(out / "classes.qml").getroot().find("pipe/rasterrenderer")
    entries = [(int(entry.get("value")), entry.get("label")) for entry in renderer.iter("paletteEntry")]
    assert entries == [*enumerate(each.name for each in CLASS_SPEC.classes), (255, "not observed")]


@pytest.mark.parametrize("options", [{"batch": 7}, {"lanes": 3}])
def test_the_bytes_do_not_depend_on_how_it_is_computed(files, out, tmp_path, options):
    engine = FakeEngine(CLASS_SPEC, class_mixture, lanes=options.get("lanes", 1))
    mapped(files, tmp_path / "out", engine, batch=options.get("batch", 4), min_area=0.0)
    for name in made_by(classes=True):
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes(), name


def test_a_large_map_has_overviews_of_classes_and_not_of_their_means(tmp_path):
    files = scene_mixed(tmp_path, height_m=3600.0, width_m=3600.0)
    mapped(files, tmp_path / "out")
    with rasterio.open(tmp_path / "out" / "classes.tif") as dataset:
        assert dataset.overviews(1)
        classes, half = dataset.read(1), dataset.read(1, out_shape=(dataset.height // 2, dataset.width // 2))
    around = np.stack([classes[top::2, left::2] for top in range(2) for left in range(2)])
    counts = np.stack([(around == value).sum(0) for value in range(4)])
    is_sole_winner = (counts == counts.max(0)).sum(0) == 1
    np.testing.assert_array_equal(half[is_sole_winner], counts.argmax(0)[is_sole_winner])


def test_a_map_without_a_tile_has_no_class_either(tmp_path):
    files = scene_mixed(tmp_path, height_m=200.0, width_m=200.0)
    record = mapped(files, tmp_path / "out", protocol="notebook", force=True)
    assert (band_of(tmp_path / "out" / "classes.tif") == 255).all()
    assert [each["pixels"] for each in record["classes"]] == [0, 0, 0, 0]


def test_without_classes_there_is_nothing_of_them(files, tmp_path):
    record = mapped(files, tmp_path / "out", mixing_engine())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(tmp_path / "out")
    assert "classes" not in json.loads((tmp_path / "out" / "run.json").read_text())
    assert "classes" not in record
    assert not {"class", "class_share"} & set(landslides_of(tmp_path / "out" / "landslides.gpkg"))


def test_another_map_in_the_same_folder_leaves_no_classes_behind(files, tmp_path):
    mapped(files, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(
        tmp_path / "out", *CLASS_PRODUCTS
    )
    mapped(files, tmp_path / "out", mixing_engine())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names_of_results(tmp_path / "out")


def test_a_file_of_others_with_that_name_is_not_replaced(files, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "classes.tif").write_bytes(b"mine")
    request = MapRequest(tmp_path / "no-model", files, tmp_path / "out", engine=EngineOptions(tile=TILE))
    with pytest.raises(UsageError, match=r"holds results already \(classes\.tif\)"):
        map_scene(request, engine=class_engine())
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["classes.tif"]
    map_scene(request, engine=mixing_engine())
    assert (tmp_path / "out" / "classes.tif").read_bytes() == b"mine"


def test_a_model_file_gives_the_same_map_to_python(files, out, tmp_path):
    model = class_model(tmp_path / "m.onnx")
    result = landslip.map_scene(files, model=model, out=tmp_path / "out", tile=TILE, device="cpu", engine="onnxruntime")
    assert result.products["classes.tif"] == tmp_path / "out" / "classes.tif"
    assert [each.name for each in result.classes] == [each.name for each in CLASS_SPEC.classes]
    found, expected = band_of(result.products["classes.tif"]), band_of(out / "classes.tif")
    np.testing.assert_array_equal(found == 255, expected == 255)
    assert (found != expected).mean() < 1e-4


def test_one_class_of_landslides_gives_the_bytes_of_a_single_band(files, tmp_path):
    spec = replace(CLASS_SPEC, classes=(ClassSpec("rest", False), ClassSpec("landslide", True)))
    engine = FakeEngine(spec, lambda batch: np.concatenate([1 - mixture(batch), mixture(batch)], axis=1))
    mapped(files, tmp_path / "classes", engine)
    mapped(files, tmp_path / "alone", mixing_engine())
    for name in ("confidence.tif", "confidence.qml", "quicklook.png"):
        assert (tmp_path / "classes" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes(), name


def test_the_command_tells_the_classes(files, tmp_path, capsys, caplog):
    model, out = class_model(tmp_path / "m.onnx"), tmp_path / "out"
    scene = ["--pre", files.pre, "--post", files.post, "--dem", files.dem]
    assert run([*map(str, ["map", "-m", model, *scene, "--tile", TILE, "--device", "cpu", "-o", out])]) == 0
    record, said = RunRecord.read(out / "run.json"), caplog.messages
    for each in record.classes:
        assert f"{each.name}{' (landslide)' * each.landslide}: {each.km2:.3f} km2" in said
    assert str(out / "classes.tif") in capsys.readouterr().out.splitlines()


def test_a_dry_run_counts_the_memory_and_the_disk_of_classes(files, tmp_path):
    request = MapRequest(tmp_path / "no-model", files, tmp_path / "out", engine=EngineOptions(tile=TILE))
    several, alone = (dry_run(request, engine=engine) for engine in (class_engine(), mixing_engine()))
    width = several["grid"]["width"]
    more = several["memory_bytes"]["stitcher"] - alone["memory_bytes"]["stitcher"]
    assert more >= 3 * TILE * width * 4
    assert several["disk_bytes"]["map"] == pytest.approx(2 * alone["disk_bytes"]["map"], abs=2)
