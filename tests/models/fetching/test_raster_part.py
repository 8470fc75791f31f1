from __future__ import annotations

import numpy as np
import pytest
import rasterio
from rasterio.warp import transform_bounds

from helpers.sentinel2_catalogue import CRS, LEFT, TOP, write_raster
from landslip.models.fetching.raster_part import copy_part
from landslip.runtime.errors import InputError, InputMissingError, OutputError


def box_of(left, bottom, right, top):
    return transform_bounds(CRS, "EPSG:4326", left, bottom, right, top)


@pytest.fixture
def source(tmp_path):
    values = np.arange(1300 * 1400, dtype=np.float32).reshape(1, 1300, 1400)
    write_raster(tmp_path / "source.tif", values, LEFT, TOP, 10.0, nodata=-1.0)
    return tmp_path / "source.tif"


def test_many_rows_are_copied_as_they_are(source, tmp_path):
    box = box_of(LEFT + 1000, TOP - 12_000, LEFT + 9000, TOP - 500)
    assert copy_part(source, "dem", box, tmp_path / "part.tif")
    with rasterio.open(tmp_path / "part.tif") as part, rasterio.open(source) as whole:
        col, row = ~whole.transform @ (part.transform.c, part.transform.f)
        assert (round(col), round(row)) == pytest.approx((col, row))
        assert col <= 100 - 8
        assert row <= 50 - 8
        assert part.height > 1150 + 16
        window = rasterio.windows.Window(round(col), round(row), part.width, part.height)
        np.testing.assert_array_equal(part.read(), whole.read(window=window))
        assert (part.nodata, part.crs, part.dtypes) == (-1.0, whole.crs, ("float32",))


def test_the_part_ends_where_the_file_ends(source, tmp_path):
    assert copy_part(source, "dem", box_of(LEFT - 5000, TOP - 500, LEFT + 500, TOP + 5000), tmp_path / "part.tif")
    with rasterio.open(tmp_path / "part.tif") as part:
        assert (part.transform.c, part.transform.f) == (LEFT, TOP)
        assert 58 <= part.width < 70


def test_nothing_is_written_where_the_file_does_not_reach(source, tmp_path):
    assert not copy_part(source, "dem", (20.0, 10.0, 20.1, 10.1), tmp_path / "part.tif")
    assert [path.name for path in tmp_path.iterdir()] == ["source.tif"]


def test_scales_and_colours_are_kept(tmp_path):
    write_raster(tmp_path / "rgb.tif", np.full((3, 300, 300), 9, np.uint8), LEFT, TOP, 10.0)
    with rasterio.open(tmp_path / "rgb.tif", "r+") as file:
        file.scales, file.offsets = (0.5, 0.5, 0.5), (1.0, 2.0, 3.0)
    assert copy_part(tmp_path / "rgb.tif", "x", box_of(LEFT, TOP - 3000, LEFT + 3000, TOP), tmp_path / "part.tif")
    with rasterio.open(tmp_path / "part.tif") as part:
        assert (part.scales, part.offsets) == ((0.5, 0.5, 0.5), (1.0, 2.0, 3.0))
        assert [colour.name for colour in part.colorinterp] == ["red", "green", "blue"]


def test_what_cannot_be_read_or_written_is_said(source, tmp_path):
    box = box_of(LEFT, TOP - 3000, LEFT + 3000, TOP)
    with pytest.raises(InputMissingError, match=r"post red: .*gone\.tif does not exist"):
        copy_part(tmp_path / "gone.tif", "post red", box, tmp_path / "part.tif")
    (tmp_path / "no.tif").write_text("none")
    with pytest.raises(InputError, match="cannot be read as a raster"):
        copy_part(tmp_path / "no.tif", "post red", box, tmp_path / "part.tif")
    with pytest.raises(OutputError, match="cannot be written"):
        copy_part(source, "dem", box, tmp_path / "nowhere" / "part.tif")
