"""The same scene wherever its longitudes are counted from: across 180 degrees, from 0 to 360, and beyond."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from helpers.images import read_all, warnings_in
from helpers.rasters import elevation, rgb, write
from landslip.runtime.errors import InputError, UsageError
from landslip.runtime.geo.geodesy import is_metric
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.overlap import share_of_map, share_of_smaller, windows_under
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.terrain.elevation import Elevation
from landslip.runtime.terrain.elevation_sample import look_at

PIXEL = 1e-4
"""Degrees of an image's pixels, about 10 m."""
ROWS, COLS = 120, 150
TOP = -17.0
HOME = 174.0
"""A meridian between two zones of UTM, as 180 is, and far from the date line."""
CENTRES = {"180": 180.0, "-180": -180.0, "540": 540.0}


def at(centre, cols, size):
    """The western edge of so many columns about a meridian, not quite in the middle."""
    return centre - round(cols * 0.6) * size


def scene(folder: Path, pre: float, post: float, rest: float) -> SceneFiles:
    """A scene in degrees about a meridian, its files each by a longitude of their own."""
    folder.mkdir(exist_ok=True)
    place = {"top": TOP, "crs": "EPSG:4326"}
    picture = [(rgb(ROWS, COLS, seed).astype(np.uint16) * 40 + 300) for seed in (1, 2)]
    picture[1][:, :, : COLS // 3] += 1200  # the limits of the stretch depend on where one looks
    hidden = (rgb(ROWS, COLS)[0] > 200).astype(np.uint8)
    return SceneFiles(
        pre=write(folder / "pre.tif", picture[0], PIXEL, left=at(pre, COLS, PIXEL), **place),
        post=write(folder / "post.tif", picture[1], PIXEL, left=at(post, COLS, PIXEL), **place),
        dem=write(
            folder / "dem.tif", elevation(80, 100), 3e-4, left=at(rest, 100, 3e-4), **place | {"top": TOP + 0.004}
        ),
        masks=(write(folder / "mask.tif", hidden, PIXEL, left=at(rest, COLS, PIXEL), **place),),
    )


def same_map(found, expected):
    (scene_there, there), (scene_here, here) = found, expected
    assert scene_there.facts == scene_here.facts
    assert scene_there.grid.transform.almost_equals(scene_here.grid.transform, 1e-6)
    np.testing.assert_array_equal(there.valid, here.valid)
    assert 0.5 < here.valid.mean() < 1
    for role, array in here.arrays.items():
        # The sums of a large longitude and a small one are rounded, which shows in the last digit of a float.
        np.testing.assert_allclose(there.arrays[role], array, rtol=0, atol=1e-4)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """What the scene is where no date line is near."""
    return read_all(scene(tmp_path_factory.mktemp("home"), HOME, HOME, HOME))


@pytest.mark.parametrize("pre", CENTRES)
@pytest.mark.parametrize("post", CENTRES)
def test_a_scene_over_the_date_line_is_the_scene_it_is_elsewhere(tmp_path, home, pre, post, caplog):
    files = scene(tmp_path, CENTRES[pre], CENTRES[post], 180.0)
    same_map(read_all(files), home)
    assert not warnings_in(caplog)


@pytest.mark.parametrize("turn", [-360.0, 360.0])
def test_longitudes_from_0_to_360_and_beyond(tmp_path, home, turn):
    same_map(read_all(scene(tmp_path, HOME + turn, HOME, HOME - turn)), home)


AREAS = {
    "as the images": [shapely.box(179.995, -17.009, 180.003, -17.002)],
    "the other way": [shapely.box(-180.005, -17.009, -179.997, -17.002)],
    "in two halves": [shapely.box(179.995, -17.009, 180, -17.002), shapely.box(-180, -17.009, -179.997, -17.002)],
    "around the globe": [
        shapely.Polygon([(179.995, -17.009), (-179.997, -17.009), (-179.997, -17.002), (179.995, -17.002)])
    ],
}


@pytest.mark.parametrize("outline", AREAS)
@pytest.mark.parametrize("centre", CENTRES)
def test_areas_of_interest_over_the_date_line(tmp_path, outline, centre):
    shapes = shapely.to_wkb([shapely.box(173.995, -17.009, 174.003, -17.002)])
    pyogrio.raw.write(tmp_path / "home.gpkg", shapes, [], [], crs="EPSG:4326", geometry_type="Polygon")
    expected = read_all(replace(scene(tmp_path / "home", HOME, HOME, HOME), aoi=tmp_path / "home.gpkg"))
    shapes = shapely.to_wkb(AREAS[outline])
    pyogrio.raw.write(tmp_path / "aoi.gpkg", shapes, [], [], crs="EPSG:4326", geometry_type="Polygon")
    files = scene(tmp_path / "there", CENTRES[centre], CENTRES[centre], 180.0)
    found = read_all(replace(files, aoi=tmp_path / "aoi.gpkg"))
    same_map(found, expected)
    assert found[0].area.share_near(found[0].grid) == pytest.approx(1.0)


@pytest.mark.parametrize("box", ["179.995,-17.009,-179.997,-17.002", "179.995,-17.009,180.003,-17.002"])
def test_a_box_in_degrees_is_an_area_of_interest(tmp_path, box):
    expected = read_all(replace(scene(tmp_path / "home", HOME, HOME, HOME), aoi="173.995,-17.009,174.003,-17.002"))
    files = scene(tmp_path / "there", -180.0, 180.0, 180.0)
    found = read_all(replace(files, aoi=box))
    same_map(found, expected)
    assert found[0].grid.width * 6.0 == pytest.approx(0.008 * 111_320 * np.cos(np.radians(17)), rel=0.02)


@pytest.mark.parametrize("box", ["1,2,1,3", "1,3,2,2", "1,-91,2,2", "1,2,999,3", "-200,0,200,1"])
def test_boxes_that_are_none_are_refused(tmp_path, box):
    with pytest.raises(UsageError, match=r"is no box in degrees\. Give WEST,SOUTH,EAST,NORTH"):
        replace(scene(tmp_path, HOME, HOME, HOME), aoi=box)


GRIDS = {
    zone: MapGrid.covering((left, 8_117_000.0, left + 1800.0, 8_118_500.0), CRS.from_epsg(32700 + zone), 6.0)
    for zone, left in ((60, 819_000.0), (1, 179_500.0))
}


def globe(folder, west, **options):
    """A raster of a degree per pixel around the globe; each value is the number of its column."""
    values = np.broadcast_to(np.arange(1, 361, dtype=np.uint16), (180, 360))
    return Raster(
        write(folder / "globe.tif", values.copy(), 1.0, left=west, top=90.0, crs="EPSG:4326", **options), "mask"
    )


@pytest.mark.parametrize("west", [-180.0, 0.0, -20.0])
@pytest.mark.parametrize("zone", GRIDS)
def test_a_raster_around_the_globe_covers_every_map(tmp_path, west, zone):
    with globe(tmp_path, west) as raster:
        assert share_of_map(raster, GRIDS[zone]) == pytest.approx(1.0)
        windows = windows_under(raster, GRIDS[zone].crs, GRIDS[zone].bounds)
        cols = {int(col) for window in windows for col in range(window.col_off, window.col_off + window.width)}
    assert cols == {int((longitude - west) % 360) for longitude in (179, 180)}


def test_outlines_on_other_turns_share_what_they_share(tmp_path):
    paths = [
        write(tmp_path / f"{k}.tif", rgb(40, 40), 0.01, left=left, top=0.0, crs="EPSG:4326")
        for k, left in enumerate((179.8, -180.2, -180.0))
    ]
    first, same, half = (Raster(path, "image") for path in paths)
    assert share_of_smaller(first, same) == pytest.approx(1.0)
    assert share_of_smaller(first, half) == share_of_smaller(half, first) == pytest.approx(0.5)


def test_metres_are_metres_at_the_date_line():
    """100 m to the east the longitude may be that of the other side."""
    crs = CRS.from_epsg(32760)
    assert all(is_metric(crs, x, 8_118_000.0) for x in np.arange(815_000.0, 825_000.0, 25.0))


@pytest.mark.parametrize("centre", CENTRES)
def test_undeclared_voids_are_seen_at_the_date_line(tmp_path, caplog, centre):
    ground = elevation(80, 100) + 1000
    ground[20:60, 30:70] = 0
    left = at(CENTRES[centre], 100, 3e-4)
    with Raster(
        write(tmp_path / "dem.tif", ground, 3e-4, left=left, top=TOP + 0.004, crs="EPSG:4326"), "dem"
    ) as raster:
        look_at(Elevation([raster]), GRIDS[1], cliffs=True)
    assert "does not declare 0 as nodata" in caplog.text


@settings(max_examples=60)
@given(
    st.floats(179.0, 181.0), st.floats(0.001, 1.0), st.integers(-2, 2), st.integers(-2, 2), st.floats(-80, 79),
)  # fmt: skip
def test_windows_do_not_depend_on_the_turn(tmp_path_factory, left, width, turns, others, bottom):
    """Of a raster over 178 to 182 degrees east and a box, each on any turn."""
    folder = tmp_path_factory.mktemp("turns")
    degrees, box = CRS.from_epsg(4326), (left, bottom, left + width, bottom + 0.5)
    found = []
    for shift, turn in ((0, 0), (360 * turns, 360 * others)):
        values = np.zeros((160, 400), np.uint8)
        path = write(folder / f"{shift}.tif", values, (0.01, 1.0), left=178.0 + shift, top=80.0, crs="EPSG:4326")
        with Raster(path, "image") as raster:
            moved = (box[0] + turn, box[1], box[2] + turn, box[3])
            found.append([window.flatten() for window in windows_under(raster, degrees, moved)])
    assert len(found[0]) == 1
    # Additions of whole turns round: a box that ends on a pixel's edge, up to that, may have one pixel more.
    assert len(found[1]) == 1
    np.testing.assert_allclose(found[0], found[1], atol=1)


def around_the_globe(path, part, west=-180.0):
    """A VRT around the globe with a file of the scene at both of its ends, as gdalbuildvrt makes it of two tiles."""
    with rasterio.open(part) as dataset:
        size, columns, high, wide = dataset.res[0], round(360 / dataset.res[0]), dataset.height, dataset.width
        first = round((dataset.transform.c - west) / size)
        top, count = dataset.transform.f, dataset.count

    def source(band, start, length, at):
        cut = f'yOff="0" xSize="{length}" ySize="{high}"'
        return (
            f"<SimpleSource><SourceFilename>{part}</SourceFilename><SourceBand>{band}</SourceBand>"
            f'<SrcRect xOff="{start}" {cut}/><DstRect xOff="{at}" {cut}/></SimpleSource>'
        )

    left = min(columns - first, wide)
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{band}"><NoDataValue>0</NoDataValue>'
        f"{source(band, 0, left, first)}{source(band, left, wide - left, 0) if left < wide else ''}</VRTRasterBand>"
        for band in range(1, count + 1)
    )
    path.write_text(
        f'<VRTDataset rasterXSize="{columns}" rasterYSize="{high}"><SRS>EPSG:4326</SRS>'
        f"<GeoTransform>{west},{size},0,{top},0,{-size}</GeoTransform>{bands}</VRTDataset>"
    )
    return path


def test_images_around_the_globe_are_refused_with_what_helps(tmp_path):
    files = scene(tmp_path, 180.0, 180.0, 180.0)
    globe_post = around_the_globe(tmp_path / "post.vrt", files.post)
    with pytest.raises(InputError, match=r"spans 360 degrees of longitude.* gdalwarp -t_srs EPSG:CODE -te WEST"):
        read_all(replace(files, post=globe_post))
    globe_pre = around_the_globe(tmp_path / "pre.vrt", files.pre)
    with pytest.raises(
        InputError, match=r"lies over both of its ends.* gdalwarp -t_srs EPSG:32760 -te \d+ \d+ \d+ \d+ "
    ):
        read_all(replace(files, pre=globe_pre))


def test_an_earlier_image_around_the_globe_limits_nothing(tmp_path):
    files = scene(tmp_path, 180.0, 180.0, 180.0)
    elsewhere = around_the_globe(tmp_path / "pre.vrt", files.pre, west=-20.0)
    expected, found = read_all(files), read_all(replace(files, pre=elsewhere))
    assert found[0].grid == expected[0].grid
    np.testing.assert_array_equal(found[1].arrays["post"], expected[1].arrays["post"])
