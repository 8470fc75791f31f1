"""Events: files as a user has them, the same pixels however they are written, and a truth that is true."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields, replace

import numpy as np
import pyogrio
import pytest
import rasterio
import rasterio.features
import shapely

from landslip.models.synthetic import EventFiles, EventSpec, write_event
from landslip.runtime.errors import OutputError, UsageError

SPEC = EventSpec(seed=5, width_m=2600.0, height_m=3100.0, landslides_per_km2=5.0)


def read(path):
    with rasterio.open(path) as dataset:
        return dataset.read()


def outlines(files):
    return shapely.from_wkb(pyogrio.raw.read(files.truth)[2])


@pytest.fixture(scope="module")
def event(tmp_path_factory):
    return write_event(tmp_path_factory.mktemp("event"), SPEC)


def assert_same(a: EventFiles, b: EventFiles):
    for name in ("pre", "post", "dem", "clouds"):
        np.testing.assert_array_equal(read(getattr(a, name)), read(getattr(b, name)), err_msg=name)
    assert shapely.equals_exact(outlines(a), outlines(b)).all()


def test_files_are_what_users_have(event):
    for path, count, dtype, pixel in (
        (event.pre, 3, "uint8", 10.0),
        (event.post, 3, "uint8", 10.0),
        (event.clouds, 1, "uint8", 10.0),
        (event.dem, 1, "float32", 30.0),
    ):
        with rasterio.open(path) as dataset:
            assert (dataset.count, dataset.dtypes[0], dataset.res) == (count, dtype, (pixel, pixel))
            assert dataset.crs.to_epsg() == SPEC.epsg
            assert dataset.profile["tiled"]
            assert dataset.profile["compress"] == "deflate"
    with rasterio.open(event.pre) as image, rasterio.open(event.dem) as dem:
        assert image.shape == (310, 260)
        assert image.bounds[:4] == (600_000.0, 5_196_900.0, 602_600.0, 5_200_000.0)
        margins = np.abs(np.subtract(image.bounds, dem.bounds))
        assert (margins > 400.0).all()
        assert dem.bounds.left % 30.0 != image.bounds.left % 30.0, "the grids should not be aligned"


def test_masks_are_zero_and_one_and_images_never_zero(event):
    assert set(np.unique(read(event.clouds))) == {0, 1}
    assert read(event.pre).min() > 0
    assert read(event.post).min() > 0


@pytest.mark.parametrize("window", [(77, 101), (310, 33)])
def test_pixels_do_not_depend_on_the_window(event, tmp_path, window):
    assert_same(event, write_event(tmp_path, SPEC, window=window))


def test_another_seed_is_another_event(event, tmp_path):
    other = write_event(tmp_path, replace(SPEC, seed=6))
    for name in ("pre", "post", "dem"):
        assert (read(getattr(event, name)) != read(getattr(other, name))).mean() > 0.5


def test_the_truth_is_the_same_bytes_at_any_time(tmp_path):
    spec = EventSpec(seed=5, width_m=1200.0, height_m=1200.0)
    first, second = (write_event(tmp_path / name, spec).truth.read_bytes() for name in ("a", "b"))
    assert first == second


def test_a_smaller_scene_is_the_corner_of_a_larger_one(tmp_path):
    # Without clouds, whose threshold is that of the whole scene.
    small = write_event(tmp_path / "small", replace(SPEC, width_m=900.0, height_m=700.0, cloud_cover=0.0))
    large = write_event(tmp_path / "large", replace(SPEC, width_m=1500.0, height_m=1300.0, cloud_cover=0.0))
    for name in ("pre", "post"):
        np.testing.assert_array_equal(read(getattr(small, name)), read(getattr(large, name))[:, :70, :90])


def test_truth_is_polygons_inside_the_images(event):
    info = pyogrio.read_info(event.truth)
    assert (info["geometry_type"], info["crs"], info["layer_name"]) == ("Polygon", "EPSG:32632", "landslides")
    found = outlines(event)
    assert len(found) > 5
    assert shapely.is_valid(found).all()
    assert shapely.within(found, shapely.box(600_000, 5_196_900, 602_600, 5_200_000)).all()
    areas = pyogrio.raw.read(event.truth)[3][0]
    np.testing.assert_allclose(areas, shapely.area(found))


def test_landslides_show_in_the_second_image_and_only_there(tmp_path):
    spec = replace(SPEC, cloud_cover=0.0)
    with_slides = write_event(tmp_path / "with", spec)
    without = write_event(tmp_path / "without", replace(spec, landslides_per_km2=0.0))
    np.testing.assert_array_equal(read(with_slides.pre), read(without.pre))
    assert len(outlines(without)) == 0
    inside = rasterio.features.rasterize(
        outlines(with_slides), out_shape=(310, 260), transform=spec.transform, all_touched=True
    )
    differs = (read(with_slides.post) != read(without.post)).any(axis=0)
    assert not differs[inside == 0].any()
    assert differs[inside == 1].mean() > 0.9


def test_landslides_lie_on_slopes(event):
    with rasterio.open(event.dem) as dem:
        slope = np.degrees(np.arctan(np.hypot(*np.gradient(dem.read(1), 30.0))))
        inside = rasterio.features.rasterize(outlines(event), out_shape=dem.shape, transform=dem.transform) == 1
    assert np.median(slope[inside]) > 25.0 > np.percentile(slope[inside], 1)


@pytest.mark.slow
def test_clouds_are_as_many_as_asked_for(tmp_path):
    def masked(cover):
        spec = EventSpec(seed=8, width_m=4000.0, height_m=3000.0, cloud_cover=cover)
        return read(write_event(tmp_path / str(cover), spec).clouds).mean()

    # The mask holds clouds and their shadows of both dates.
    assert masked(0.0) == 0.0
    assert 0.05 < masked(0.06) < 0.3
    assert masked(0.3) > 0.4


def test_progress_ends_at_the_last_row(tmp_path):
    said = []
    write_event(
        tmp_path, replace(SPEC, width_m=300.0, height_m=600.0), lambda *rows: said.append(rows), window=(25, 16)
    )
    assert said == [(25, 60), (50, 60), (60, 60)]


@pytest.mark.slow
def test_memory_does_not_grow_with_the_scene(tmp_path):
    def peak(height_m):
        spec = EventSpec(seed=2, width_m=1000.0, height_m=height_m)
        tracemalloc.start()
        write_event(tmp_path / str(height_m), spec, window=(128, 128))
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    peak(1500.0)  # compiles the kernels, whose machine code would count
    assert peak(24_000.0) < 1.5 * peak(4000.0)


@pytest.mark.parametrize(
    "change",
    [{"seed": -1}, {"width_m": 0.0}, {"landslides_per_km2": 7.0}, {"scars_per_km2": -0.1}, {"cloud_cover": 0.95}],
    ids=lambda change: next(iter(change)),
)
def test_impossible_specs_are_refused(tmp_path, change):
    with pytest.raises(UsageError):
        write_event(tmp_path / "new", replace(SPEC, **change))
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_event(tmp_path / "file", SPEC)


def test_a_failure_on_the_way_leaves_no_file(tmp_path):
    def fail(done, _):
        if done >= 50:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_event(tmp_path, replace(SPEC, width_m=300.0, height_m=900.0), fail, window=(25, 30))
    assert list(tmp_path.iterdir()) == []


def test_every_file_is_named(event):
    assert all(getattr(event, field.name).exists() for field in fields(EventFiles))
