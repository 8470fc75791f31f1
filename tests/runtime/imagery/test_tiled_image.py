"""Images in tiles: what comes of them is what comes of one file, to the bit."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import rasterio
from affine import Affine

from helpers.engines import SPEC, mixing_engine, mixture
from helpers.images import HIGH, WIDE, hidden, radiance, read_all, warnings_in
from helpers.killing import digests
from helpers.models import brightness_model
from helpers.rasters import LEFT, TOP, elevation, rgb, scene_mixed, write
from landslip.runtime.access.location import several
from landslip.runtime.cli.main import run
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run import run_files
from landslip.runtime.scene.scene import open_scene

OVERLAP = 7
"""Pixels that each tile shares with the next."""
LOSSLESS = {"driver": "JP2OpenJPEG", "quality": "100", "reversible": "YES"}


def cut(path, *, turned=False, **options):
    """Four tiles of a file that overlap: the same pixels, nodata and names."""
    with rasterio.open(path) as source:
        values, place = source.read(), source.transform
        options = {"nodata": source.nodata, "crs": source.crs, **options}
    _, high, wide = values.shape
    paths = []
    for row, (top, bottom) in enumerate(((0, high // 2), (high // 2 - OVERLAP, high))):
        for col, (left, right) in enumerate(((0, wide // 2 + 3), (wide // 2 + 3 - OVERLAP, wide))):
            tile = path.with_name(f"{path.stem}{row}{col}.tif")
            there = place @ Affine.translation(left, top)
            paths.append(write(tile, values[:, top:bottom, left:right], 1.0, transform=there, **options))
    return tuple(paths[::-1] if turned else paths)


def uint16(folder, name="image", seed=0):
    values = np.where(hidden(), radiance(seed=seed)[:3], 0).astype(np.uint16)
    return write(folder / f"{name}.tif", values, 10.0, nodata=0)


def scene_of(folder, make):
    """Two dates of one file each, and elevation."""
    dem = write(folder / "dem.tif", elevation(60, 70), 30.0, left=LEFT - 300, top=TOP + 300)
    return SceneFiles(pre=make(folder, "pre", 1), post=make(folder, "post", 2), dem=dem)


def eight(folder, name, seed):
    return write(folder / f"{name}.tif", rgb(HIGH, WIDE, seed), 10.0)


def floats(folder, name, seed):
    values = np.where(hidden(), radiance(seed=seed)[:3] / 1e4, -9999).astype(np.float32)
    return write(folder / f"{name}.tif", values, 10.0, nodata=-9999)


def infrared(folder, name, seed):
    return write(folder / f"{name}.tif", radiance(seed=seed).astype(np.uint16), 10.0)


KINDS = {"8 bits": eight, "16 bits": uint16, "floats": floats}


def request(files, out, **options):
    return MapRequest(out / "none", files, out, engine=EngineOptions(tile=64, batch=3), **options)


def mapped(files, out, engine=None, **options):
    return map_scene(request(files, out, **options), engine=engine or mixing_engine())


def in_tiles(files, **options):
    return replace(files, pre=cut(files.pre, **options), post=cut(files.post, **options))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turned", [False, True])
def test_tiles_map_to_the_same_bytes_as_the_whole(tmp_path, kind, turned):
    files = scene_of(tmp_path, KINDS[kind])
    expected = mapped(files, tmp_path / "whole")
    record = mapped(in_tiles(files, turned=turned), tmp_path / "tiles")
    assert digests(tmp_path / "tiles") == digests(tmp_path / "whole")
    assert record["grid"] == expected["grid"]
    for role in ("pre", "post"):
        images = [each["reading"]["images"][role] for each in (record, expected)]
        assert images[0]["stretch"] == images[1]["stretch"]


def test_the_record_has_an_entry_for_each_tile(tmp_path):
    files = in_tiles(scene_of(tmp_path, eight))
    record = mapped(files, tmp_path / "out")
    assert record == json.loads((tmp_path / "out" / "run.json").read_text())
    for role in ("pre", "post"):
        entries = [entry for entry in record["inputs"] if entry["role"] == role]
        assert [entry["path"] for entry in entries] == [str(path) for path in getattr(files, role)]
        assert len({entry["sha256"] for entry in entries}) == 4
        facts = record["reading"]["images"][role]
        assert facts["tiles"] == [{"file": str(path), "bands": [1, 2, 3]} for path in getattr(files, role)]


def test_windows_do_not_matter(tmp_path):
    files = in_tiles(scene_of(tmp_path, uint16))
    _, whole = read_all(files)
    with open_scene(files, 6.0) as opened:
        for row, col, high, wide in ((17, 23, 41, 60), (60, 80, 30, 31), (0, 0, 5, 9)):
            part = opened.read(make_window(col, row, wide, high))
            place = (slice(row, row + high), slice(col, col + wide))
            np.testing.assert_array_equal(part.arrays["pre"], whole.arrays["pre"][(slice(None), *place)])
            np.testing.assert_array_equal(part.valid, whole.valid[place])


@pytest.mark.parametrize("known_by", ["nodata", "alpha", "mask", "found"])
def test_what_one_tile_does_not_know_the_next_one_fills(tmp_path, known_by):
    """Corners that a tile leaves out in the overlap; each tile says so in its own way."""
    files = scene_of(tmp_path, eight)
    _, expected = read_all(files)
    values = rgb(HIGH, WIDE, 2)
    left, right = values[:, :, :80].copy(), values[:, :, 50:]
    left[:, :45, 60:] = 0
    path = tmp_path / "left.tif"
    if known_by == "alpha":
        known = np.where(left.any(axis=0), 255, 0).astype(np.uint8)[None]
        write(path, np.concatenate([left, known]), 10.0)
    else:
        write(path, left, 10.0, nodata=0 if known_by == "nodata" else None)
    if known_by == "mask":
        with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
            dataset.write_mask(left.any(axis=0))
    other = write(tmp_path / "right.tif", right, 10.0, left=LEFT + 500)
    for tiles in ((path, other), (other, path)):
        _, patch = read_all(replace(files, post=tiles))
        np.testing.assert_array_equal(patch.arrays["post"], expected.arrays["post"])
        np.testing.assert_array_equal(patch.valid, expected.valid)


def test_gaps_between_tiles_are_not_observed(tmp_path):
    files = scene_of(tmp_path, uint16)
    tiles = cut(files.post)
    opened, patch = read_all(replace(files, post=(tiles[0], tiles[3])))
    _, whole = read_all(files)
    assert (opened.grid.height, opened.grid.width) == patch.valid.shape == whole.valid.shape
    assert not patch.valid[:60, 100:].any()
    assert not patch.valid[80:, :80].any()
    assert patch.valid.any()


def test_colours_are_found_in_each_tile_by_itself(tmp_path):
    files = scene_of(tmp_path, uint16)
    tiles = list(cut(files.post))
    with rasterio.open(tiles[1]) as source:
        values, place = source.read(), source.transform
    write(tiles[1], values[::-1], 1.0, transform=place, nodata=0)
    with rasterio.open(tiles[1], "r+") as dataset:
        dataset.descriptions = ("blue", "green", "red")
    _, expected = read_all(files)
    opened, patch = read_all(replace(files, post=tuple(tiles)))
    np.testing.assert_array_equal(patch.arrays["post"], expected.arrays["post"])
    assert [tile["bands"] for tile in opened.facts["images"]["post"]["tiles"]] == [
        [1, 2, 3],
        [3, 2, 1],
        [1, 2, 3],
        [1, 2, 3],
    ]


def test_chosen_bands_and_a_range_hold_for_all_tiles(tmp_path):
    files = scene_of(tmp_path, infrared)
    files = replace(files, reading=ReadOptions(bands=(4, 3, 2), rgb_range=(500, 2500)))
    _, expected = read_all(files)
    opened, patch = read_all(in_tiles(files))
    np.testing.assert_array_equal(patch.arrays["post"], expected.arrays["post"])
    assert opened.facts["images"]["post"]["bands"] == [4, 3, 2]


@pytest.mark.parametrize("turn", [30.0, 90.0])
def test_tiles_of_a_turned_grid_are_put_together_too(tmp_path, turn):
    place = Affine.translation(LEFT, TOP) @ Affine.rotation(turn) @ Affine.scale(10, -10)
    files = scene_of(tmp_path, eight)
    post = write(tmp_path / "turned.tif", rgb(HIGH, WIDE, 2), 10.0, transform=place)
    pre = write(tmp_path / "wide.tif", rgb(300, 300, 1), 10.0, left=LEFT - 1500, top=TOP + 1500)
    dem = write(tmp_path / "wide_dem.tif", elevation(100, 100), 30.0, left=LEFT - 1500, top=TOP + 1500)
    files = replace(files, pre=pre, post=post, dem=dem)
    _, expected = read_all(files)
    _, patch = read_all(replace(files, post=cut(post)))
    np.testing.assert_allclose(patch.arrays["post"].astype(int), expected.arrays["post"], atol=1)
    assert (patch.valid != expected.valid).mean() < 0.001
    assert patch.valid.mean() > 0.2


def test_tiles_over_the_date_line_are_one_image(tmp_path):
    values, place = rgb(60, 100, 3), {"top": 10.0, "crs": "EPSG:4326"}
    whole = write(tmp_path / "whole.tif", values, 1e-4, left=180 - 50e-4, **place)
    west = write(tmp_path / "west.tif", values[:, :, :55], 1e-4, left=180 - 50e-4, **place)
    east = write(tmp_path / "east.tif", values[:, :, 45:], 1e-4, left=-180 - 5e-4, **place)
    _, expected = read_all(SceneFiles(post=whole))
    for tiles in ((west, east), (east, west)):
        _, patch = read_all(SceneFiles(post=tiles))
        assert patch.valid.shape == expected.valid.shape
        assert (patch.arrays["post"] != expected.arrays["post"]).mean() < 1e-3


PRODUCT = "S2B_MSIL2A_20200101T101319_N0213_R022_{}_20200101T124152.SAFE"


def product(folder, name, values, **place):
    root = folder / PRODUCT.format(name)
    picture = root / f"GRANULE/L2A_{name}_A014741_20200101T101430/IMG_DATA/R10m/{name}_20200101T101319_TCI_10m.jp2"
    picture.parent.mkdir(parents=True)
    write(picture, values, 10.0, **place, **LOSSLESS)
    return root


def zipped(root):
    archive = root.with_name(root.name + ".zip")
    with zipfile.ZipFile(archive, "w") as target:
        for path in root.rglob("*"):
            target.write(path, path.relative_to(root.parent))
    return archive


@pytest.mark.parametrize("given", ["folders", "zips", "mixed"])
def test_two_products_of_one_date_are_one_image(tmp_path, given):
    """Tiles of one zone overlap; beside the swath their pictures are 0, which the other tile may know."""
    files = replace(scene_mixed(tmp_path), masks=())
    values = rgb(240, 300, 1)
    north, south = values[:, :140].copy(), values[:, 110:]
    north[:, 115:, :150] = 0
    products = [product(tmp_path, "T32TNS", north), product(tmp_path, "T32TNR", south, top=TOP - 1100)]
    if given != "folders":
        products[0] = zipped(products[0])
    if given == "zips":
        products[1] = zipped(products[1])
    dated = replace(files, reading=ReadOptions(post_date="2020-01-01T10:13:19Z"))  # as the products say in their names
    expected = mapped(dated, tmp_path / "whole")
    record = mapped(replace(files, post=products), tmp_path / "out")
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")
    assert expected["grid"] == record["grid"]
    entries = [entry for entry in record["inputs"] if entry["role"] == "post"]
    assert [entry["path"] for entry in entries] == [str(path) for path in products]
    assert [entry["acquired"] for entry in entries] == ["2020-01-01T10:13:19Z"] * 2
    assert all(entry["sha256"] for entry in entries)
    assert [tile["file"].endswith("TCI_10m.jp2") for tile in record["reading"]["images"]["post"]["tiles"]] == [True] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crs": "EPSG:32633"}, r"it is in EPSG:32633, not EPSG:32632\."),
        ({"left": LEFT + 503}, r"it lies 0\.30 of a pixel beside it\."),
        ({"resolution": 20.0}, r"its pixels are 20 x -20, not 10 x -10\."),
    ],
)
def test_tiles_off_the_grid_get_the_command_that_joins_them(tmp_path, change, words):
    files = scene_of(tmp_path, eight)
    change = {"resolution": 10.0, "left": LEFT + 500, **change}
    other = write(tmp_path / "other tile.tif", rgb(HIGH, WIDE, 3), **change)
    with pytest.raises(InputError, match=words) as caught:
        read_all(replace(files, post=(files.post, other)))
    command = f"gdalwarp -dstalpha -r bilinear -t_srs EPSG:32632 {files.post} '{other}' post-event-image.tif"
    assert str(caught.value).endswith(command)


def test_a_product_and_a_file_of_two_zones_get_the_command_that_joins_them(tmp_path):
    files = scene_mixed(tmp_path)
    first = product(tmp_path, "T32TNS", rgb(90, 90))
    second = write(tmp_path / "other.tif", rgb(90, 90), 10.0, crs="EPSG:32633")
    words = r"gdalwarp -srcnodata 0 -dstnodata 0 -r bilinear -t_srs EPSG:32632 \S*T32TNS\S* \S*other\.tif post-"
    with pytest.raises(InputError, match=words):
        read_all(replace(files, post=(first, second)))


def another_type(files):
    return files.post, write(files.post.with_name("other.tif"), rgb(HIGH, WIDE), 10.0, left=LEFT + 500)


def another_scale(files):
    other = files.pre
    with rasterio.open(other, "r+") as dataset:
        dataset.offsets = (-0.1,) * 3
        dataset.scales = (1e-4,) * 3
    return files.post, other


def a_band(files):
    return files.post, write(files.post.with_name("band.tif"), rgb(HIGH, WIDE)[0], 10.0)


def two_bands(files):
    folder = files.post.parent
    return tuple(write(folder / f"{number}.tif", rgb(HIGH, WIDE)[number], 10.0) for number in (0, 1))


REFUSED = {
    "type": (another_type, InputError, r"post\.tif is uint16 and .*other\.tif is uint8"),
    "scale": (another_scale, InputError, r"scale 1 and offset 0, .* scale 0\.0001 and offset -0\.1.* gdal_translate"),
    "a band": (a_band, InputError, r"post\.tif has 3 bands, and .*band\.tif has one"),
    "two bands": (two_bands, UsageError, "2 files are given .*`post` TILE"),
    "twice": (lambda files: (files.post, files.post), UsageError, "2 files are given .* different"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_makes_no_image_together_is_refused(tmp_path, kind):
    make, error, words = REFUSED[kind]
    files = scene_of(tmp_path, uint16)
    with pytest.raises(error, match=words):
        read_all(replace(files, post=make(files)))


def test_three_tiles_are_tiles_and_three_bands_are_colours(tmp_path):
    files = scene_of(tmp_path, uint16)
    tiles = cut(files.post)
    opened, _ = read_all(replace(files, post=tiles[:3]))
    assert len(opened.facts["images"]["post"]["tiles"]) == 3
    with rasterio.open(files.post) as source:
        values = source.read()
    bands = [write(tmp_path / f"{n}.tif", band, 10.0, nodata=0) for n, band in enumerate(values)]
    opened, _ = read_all(replace(files, post=bands))
    assert opened.facts["images"]["post"]["bands"] == [1, 1, 1]
    assert "tiles" not in opened.facts["images"]["post"]


def damaged(path):
    """Cut a file off in its pixels."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def test_a_damaged_tile_is_named_and_its_neighbour_fills_what_it_can(tmp_path):
    files = scene_of(tmp_path, eight)
    tiles = cut(files.post, blockysize=4)
    damaged(tiles[0])
    with pytest.raises(InputError, match=r"post00\.tif cannot be read in rows"):
        mapped(replace(files, post=tiles), tmp_path / "out")
    skipping = replace(files, post=tiles, reading=ReadOptions(on_error="skip"))
    record = mapped(skipping, tmp_path / "out")
    assert {entry["path"] for entry in record["damaged"]} == {str(tiles[0])}
    _, patch = read_all(skipping)
    assert not patch.valid[55:60, 20:60].any()
    _, whole = read_all(files)
    np.testing.assert_array_equal(patch.valid[75:], whole.valid[75:])


def test_a_dry_run_reads_tiles_as_the_run_does(tmp_path, caplog):
    files = scene_of(tmp_path, uint16)
    whole = dry_run(request(files, tmp_path / "out"), engine=mixing_engine())
    tiles = dry_run(request(in_tiles(files), tmp_path / "out"), engine=mixing_engine())
    assert tiles["grid"] == whole["grid"]
    assert tiles["tiles"] == whole["tiles"]
    assert not (tmp_path / "out").exists()
    assert {record.getMessage() for record in warnings_in(caplog)} == {
        "No mask is given: clouds and snow may be mapped as landslides."
    }


def test_a_resumed_run_of_tiles_is_the_same_and_knows_its_tiles(tmp_path, monkeypatch):
    monkeypatch.setattr(run_files, "INTERVAL", 0.0)
    files = in_tiles(scene_mixed(tmp_path, height_m=3000.0, width_m=1200.0))
    mapped(files, tmp_path / "whole")
    calls = []

    def function(batch):
        calls.append(1)
        if len(calls) == 12:
            raise KeyboardInterrupt
        return mixture(batch)

    with pytest.raises(KeyboardInterrupt):
        mapped(files, tmp_path / "out", FakeEngine(SPEC, function))
    with pytest.raises(UsageError):
        mapped(replace(files, post=files.post[::-1]), tmp_path / "out", resume=True)
    mapped(files, tmp_path / "out", resume=True)
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_tiles_on_the_command_line_and_in_a_scene_file(tmp_path):
    model = brightness_model(tmp_path / "m.onnx")
    files = scene_of(tmp_path, eight)
    tiled = in_tiles(files)
    options = [text for role in ("pre", "post") for path in getattr(tiled, role) for text in (f"--{role}", path)]
    command = ["map", "-m", model, *options, "--dem", files.dem, "-o", tmp_path / "out"]
    assert run([*map(str, command)]) == 0
    lists = [f"{role} = {[path.name for path in several(getattr(tiled, role))]}" for role in ("pre", "post")]
    (tmp_path / "scene.toml").write_text("\n".join([*lists, 'dem = "dem.tif"']))
    command = ["map", "-m", model, "--scene", tmp_path / "scene.toml", "-o", tmp_path / "again"]
    assert run([*map(str, command)]) == 0
    assert digests(tmp_path / "out") == digests(tmp_path / "again")


def test_exchanged_and_shared_tiles_are_objections(tmp_path):
    files = in_tiles(scene_of(tmp_path, eight))
    with pytest.raises(InputError, match=r"share a file: .*pre00\.tif"):
        mapped(replace(files, post=(files.pre[0], *files.post[1:])), tmp_path / "out")
    with pytest.raises(InputError, match="are the same image"):
        mapped(replace(files, post=files.pre[::-1]), tmp_path / "out")
    days = zip(("0101", "0301", "0201", "0301"), (*files.pre[:2], *files.post[:2]), strict=True)
    dated = [path.rename(path.with_name(f"S2A_MSIL2A_2020{day}T101319_{path.name}")) for day, path in days]
    with pytest.raises(InputError, match=r"2020-03-01T10:13:19Z .*later than.* 2020-02-01T10:13:19Z"):
        mapped(replace(files, pre=(*dated[:2], *files.pre[2:]), post=(*dated[2:], *files.post[2:])), tmp_path / "out")


@pytest.mark.parametrize(
    ("times", "warned"),
    [(("0101T101319", "0106T101319"), True), (("0101T235959", "0102T000012"), False), (("0101T101319", ""), False)],
)
def test_tiles_of_different_days_are_warned_of(tmp_path, times, warned, caplog):
    files = scene_of(tmp_path, eight)
    tiles = cut(files.pre)[:2]
    named = [
        path.rename(path.with_name(f"S2A_MSIL2A_2020{time}_{path.name}" if time else path.name))
        for path, time in zip(tiles, times, strict=True)
    ]
    mapped(replace(files, pre=named), tmp_path / "out")
    assert any("files of several days (2020-01-01T" in record.getMessage() for record in warnings_in(caplog)) == warned
