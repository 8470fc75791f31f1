"""Landslides: they start on steep ground, run down, and do not depend on who looks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely

from landslip.models.synthetic.debris import paint_debris, pixel_cover
from landslip.models.synthetic.relief import height_at, steepest
from landslip.models.synthetic.slide_sweep import SlideSweep, lattice_range
from landslip.models.synthetic.slides import CELL, MIN_AREA, REACH, run_out, scars_of_row, slides_of_row

SEED = 3


@pytest.fixture(scope="module")
def slides():
    found = [(row, slide) for row in range(24) for slide in slides_of_row(row, range(24), 4.0, SEED)]
    assert len(found) > 40
    return found


def test_they_start_on_steep_ground_and_end_lower(slides):
    for _, slide in slides:
        start, end = slide.path[0], slide.path[-1]
        assert 28.0 < math.degrees(math.atan(np.hypot(*steepest(*start, 15.0, SEED)))) < 55.0
        assert height_at(*end, SEED) < height_at(*start, SEED) - 5.0


def test_paths_are_even_and_fall_at_least_by_the_angle_of_reach():
    path = run_out(3000.0, 1200.0, 600.0, math.tan(math.radians(22.0)), SEED)
    steps = np.hypot(*np.diff(path, axis=0).T)
    np.testing.assert_allclose(steps, 8.0)
    fall = height_at(*path[0], SEED) - height_at(*path[-2], SEED)
    assert fall >= math.tan(math.radians(22.0)) * steps[:-1].sum() or len(path) <= 3


def test_outlines_are_sound_and_near_their_cell(slides):
    for row, slide in slides:
        assert slide.outline.is_valid
        assert slide.outline.area >= MIN_AREA
        west, north, east, south = slide.outline.bounds
        assert row * CELL - REACH < north < south < (row + 1) * CELL + REACH
        assert -REACH < west < east < 24 * CELL + REACH


def test_sizes_range_over_two_orders_of_magnitude(slides):
    areas = np.array([slide.outline.area for _, slide in slides])
    assert np.median(areas) < 5000.0
    assert 30_000.0 < areas.max() < 500_000.0


def test_a_wider_search_finds_the_same_landslides_and_more():
    narrow = [slide.outline for slide in slides_of_row(5, range(10), 4.0, SEED)]
    wide = [slide.outline for slide in slides_of_row(5, range(-10, 20), 4.0, SEED)]
    assert len(wide) > len(narrow) > 0
    assert all(any(a.equals(b) for b in wide) for a in narrow)


def test_density_zero_is_none_and_more_is_more():
    def count(density):
        return sum(1 for row in range(12) for _ in slides_of_row(row, range(24), density, SEED))

    assert count(0.0) == 0 < count(1.0) < count(5.0)


def test_old_scars_lie_elsewhere(slides):
    scars = [scar for row in range(24) for scar in scars_of_row(row, range(24), 4.0, SEED)]
    assert len(scars) > 20
    assert not {tuple(scar.path[0]) for scar in scars} & {tuple(slide.path[0]) for _, slide in slides}


@pytest.mark.parametrize(
    "outline",
    [shapely.box(12.5, -7.5, 42.5, 27.5), shapely.Point(55.0, 61.0).buffer(33.0)],
    ids=["across the edge", "round"],
)
def test_pixel_cover_adds_up_to_the_area(outline):
    cover, (row, col) = pixel_cover(outline, 10.0)
    assert cover.sum() * 100.0 == pytest.approx(outline.area, rel=0.02)
    assert (row, col) == (math.floor(outline.bounds[1] / 10.0), math.floor(outline.bounds[0] / 10.0))
    assert cover.dtype == np.float32


def test_debris_changes_what_it_covers_and_nothing_else(slides):
    slide = slides[0][1]
    cover, corner = pixel_cover(slide.outline, 10.0)
    albedo = np.full((3, *cover.shape), 40.0, np.float32)
    paint_debris(albedo, cover, corner, 10.0, slide.path, slide.half_width, 0.0, slide.seed)
    assert (albedo[:, cover == 0.0] == 40.0).all()
    assert np.median(albedo[0, cover == 1.0]) > 100.0
    assert np.isfinite(albedo).all()


def test_a_sweep_gives_every_landslide_to_every_band_it_touches():
    def one_kilometre(row, cols):
        return slides_of_row(row, cols, 4.0, SEED)

    everything = [
        slide for row in lattice_range(0.0, 4000.0) for slide in one_kilometre(row, lattice_range(0.0, 3000.0))
    ]
    sweep = SlideSweep(one_kilometre, 3000.0, 10.0)
    for top in range(0, 400, 80):
        expected = [
            slide
            for slide in everything
            if slide.outline.bounds[3] > 10.0 * top and slide.outline.bounds[1] < 10.0 * (top + 80)
        ]
        placed = [item.slide for item in sweep.through(top, top + 80)]
        assert [slide.seed for slide in placed] == [slide.seed for slide in expected]
