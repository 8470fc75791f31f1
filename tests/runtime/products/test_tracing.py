"""Tracing, against a flood fill and against shapely's own union of pixel squares."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from rasterio.features import rasterize

from landslip.runtime.errors import UsageError
from landslip.runtime.products.tracing import Landslide, Strip, trace

NORTH_UP = Affine(6.0, 0.0, 500_000.0, 0.0, -6.0, 4_600_000.0)
SOUTH_UP = Affine(6.0, 0.0, 500_000.0, 0.0, 6.0, 4_600_000.0)
LEVEL = 50

Confidence = NDArray[np.uint8]
Slope = NDArray[np.float32]


@dataclass(frozen=True)
class Expected:
    pixels: tuple[tuple[int, int], ...]
    confidence_mean: float
    confidence_max: float
    slope_mean: float | None


def flood_fill(confidence: Confidence, slope: Slope, level: int = LEVEL) -> list[Expected]:
    """The components of a whole map, by last row, then first pixel."""
    todo = {(int(r), int(c)) for r, c in np.argwhere((confidence >= level) & (confidence <= 100))}
    found = []
    while todo:
        front = [min(todo)]
        todo.remove(front[0])
        pixels = []
        while front:
            row, col = front.pop()
            pixels.append((row, col))
            near = {(row + i, col + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & todo
            todo -= near
            front.extend(near)
        found.append(_expected(tuple(sorted(pixels)), confidence, slope))
    return sorted(found, key=lambda one: (one.pixels[-1][0], one.pixels[0]))


def _expected(pixels: tuple[tuple[int, int], ...], confidence: Confidence, slope: Slope) -> Expected:
    values = [int(confidence[pixel]) for pixel in pixels]
    slopes = [float(slope[pixel]) for pixel in pixels if 0 <= slope[pixel] <= 90]
    mean = sum(slopes) / len(slopes) if slopes else None
    return Expected(pixels, sum(values) / len(values) / 100, max(values) / 100, mean)


def in_strips(confidence: Confidence, cuts: list[int]) -> Iterator[Strip]:
    rows = [0, *sorted(cuts), len(confidence)]
    for first, last in pairwise(rows):
        yield Strip(first, confidence[first:last])


def traced(
    confidence: Confidence,
    slope: Slope | None = None,
    cuts: tuple[int, ...] | list[int] = (),
    min_pixels: int = 1,
    transform: Affine = NORTH_UP,
) -> list[Landslide]:
    slope = np.full(confidence.shape, 30, np.float32) if slope is None else slope
    return list(
        trace(
            in_strips(confidence, list(cuts)),
            level=LEVEL,
            min_pixels=min_pixels,
            transform=transform,
            slope_of=lambda first, last: slope[first:last],
        ),
    )


def picture(*rows: str) -> Confidence:
    """A map from text: ``#`` is landslide, ``?`` not observed."""
    values = {"#": 80, ".": 10, "?": 255}
    return np.array([[values[mark] for mark in row] for row in rows], dtype=np.uint8)


def pixel_square(row: int, col: int, transform: Affine) -> shapely.Polygon:
    x, y = transform.c + transform.a * col, transform.f + transform.e * row
    return shapely.box(
        min(x, x + transform.a), min(y, y + transform.e), max(x, x + transform.a), max(y, y + transform.e)
    )


def turns(ring: shapely.LinearRing) -> bool:
    """Whether an axis-parallel ring turns at every vertex."""
    steps = np.diff(shapely.get_coordinates(ring), axis=0)
    along_x = steps[:, 0] != 0
    along_y = steps[:, 1] != 0
    return bool((along_x != along_y).all() and (along_x != np.roll(along_x, 1)).all())


def rings(landslide: Landslide) -> list[shapely.LinearRing]:
    return [ring for part in landslide.geometry.geoms for ring in (part.exterior, *part.interiors)]


@st.composite
def maps(draw: st.DrawFn) -> tuple[Confidence, Slope, list[int]]:
    """A small map of big lumps and fine grain, with holes in what is observed, and where to cut it into strips."""
    shape = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    values = draw(st.sampled_from([[10, 80], [0, 49, 50, 100, 101, 254, 255], [10, 60, 70, 80, 90]]))
    confidence = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from(values)))
    degrees = st.one_of(st.floats(0, 90, width=32), st.sampled_from([float("nan"), -9999.0, 90.5]))
    slope = draw(hnp.arrays(np.float32, shape, elements=degrees))
    cuts = draw(st.lists(st.integers(0, shape[0]), max_size=6))
    return confidence, slope, cuts


@given(maps())
@settings(deadline=None, max_examples=300)
def test_components_and_figures_are_those_of_a_flood_fill(case: tuple[Confidence, Slope, list[int]]) -> None:
    confidence, slope, cuts = case
    found, expected = traced(confidence, slope, cuts), flood_fill(confidence, slope)
    assert [one.pixels for one in found] == [len(one.pixels) for one in expected]
    for one, other in zip(found, expected, strict=True):
        mask = rasterize([one.geometry], confidence.shape, transform=NORTH_UP, dtype="uint8")
        assert tuple((int(r), int(c)) for r, c in np.argwhere(mask)) == other.pixels
        assert one.area_m2 == 36 * len(other.pixels)
        assert one.confidence_mean == pytest.approx(other.confidence_mean, rel=1e-14)
        assert one.confidence_max == other.confidence_max
        assert (one.slope_mean is None) == (other.slope_mean is None)
        assert one.slope_mean == pytest.approx(other.slope_mean, abs=1e-6)


@given(maps(), st.sampled_from([NORTH_UP, SOUTH_UP]))
@settings(deadline=None, max_examples=200)
def test_outlines_are_valid_lean_and_the_union_of_their_pixels(
    case: tuple[Confidence, Slope, list[int]], transform: Affine
) -> None:
    confidence, slope, cuts = case
    for one, other in zip(
        traced(confidence, slope, cuts, transform=transform), flood_fill(confidence, slope), strict=True
    ):
        assert shapely.is_valid_reason(one.geometry) == "Valid Geometry"
        assert one.geometry.equals(
            shapely.unary_union([pixel_square(row, col, transform) for row, col in other.pixels])
        )
        assert all(turns(ring) for ring in rings(one))
        assert all(part.exterior.is_ccw for part in one.geometry.geoms)
        assert not any(ring.is_ccw for part in one.geometry.geoms for ring in part.interiors)


@given(maps(), st.data())
@settings(deadline=None, max_examples=200)
def test_strips_leave_no_trace(case: tuple[Confidence, Slope, list[int]], data: st.DataObject) -> None:
    confidence, slope, cuts = case
    min_pixels = data.draw(st.integers(0, 5))
    whole = traced(confidence, slope, min_pixels=min_pixels)
    cut = traced(confidence, slope, cuts, min_pixels)
    assert [shapely.to_wkb(one.geometry) for one in cut] == [shapely.to_wkb(one.geometry) for one in whole]
    assert cut == whole


@pytest.mark.parametrize("height", [1, 2, 5, 64, 300])
def test_a_large_noisy_map_is_the_same_for_every_strip_height(height: int) -> None:
    rng = np.random.default_rng(7)
    confidence = rng.integers(0, 101, (300, 250), dtype=np.uint8)
    slope = rng.uniform(0, 90, confidence.shape).astype(np.float32)
    found = traced(confidence, slope, list(range(height, 300, height)))
    assert found == traced(confidence, slope)
    assert sum(one.pixels for one in found) == np.count_nonzero(confidence >= LEVEL)
    assert all(one.geometry.is_valid for one in found)
    drawn = rasterize([one.geometry for one in found], confidence.shape, transform=NORTH_UP, dtype="uint8")
    np.testing.assert_array_equal(drawn == 1, confidence >= LEVEL)


def test_a_spiral_across_every_strip_is_one_ring() -> None:
    spiral = picture(
        "#########",
        "........#",
        "#######.#",
        "#.....#.#",
        "#.###.#.#",
        "#.#...#.#",
        "#.#####.#",
        "#.......#",
        "#########",
    )
    (one,) = traced(spiral, cuts=range(1, 9))
    (part,) = one.geometry.geoms
    assert one.pixels == np.count_nonzero(spiral == 80)
    assert not part.interiors
    assert turns(part.exterior)


def test_parts_that_touch_at_a_corner_are_one_landslide_of_two_polygons() -> None:
    (one,) = traced(picture("##..", "##..", "..##", "..##"), cuts=[2])
    assert [part.area for part in one.geometry.geoms] == [4 * 36, 4 * 36]
    assert all(len(part.exterior.coords) == 5 for part in one.geometry.geoms)


def test_a_hole_that_touches_the_outside_at_a_corner_stays_a_hole() -> None:
    (one,) = traced(picture("###", "#.#", "##."), cuts=[1, 2])
    (part,) = one.geometry.geoms
    assert part.is_valid
    assert [shapely.Polygon(hole).area for hole in part.interiors] == [36]


def test_a_landslide_inside_the_hole_of_another_is_its_own() -> None:
    outer, inner = sorted(traced(picture("#####", "#...#", "#.#.#", "#...#", "#####")), key=lambda one: -one.pixels)
    assert (outer.pixels, inner.pixels) == (16, 1)
    assert outer.geometry.disjoint(inner.geometry)


def test_not_observed_is_no_landslide() -> None:
    left, right = traced(picture("##?##", "???##"))
    assert (left.pixels, right.pixels) == (2, 4)


def test_small_landslides_are_left_out() -> None:
    ground = picture("#....##", ".......", "###....")
    assert [one.pixels for one in traced(ground, min_pixels=2)] == [2, 3]
    assert [one.pixels for one in traced(ground, min_pixels=3)] == [3]
    assert traced(ground, min_pixels=4) == []


def test_landslides_come_as_soon_as_they_are_finished_and_in_order() -> None:
    confidence = picture("#..#..", "#..#.#", "#.....", "#...##", "......")
    asked: list[int] = []

    def strips() -> Iterator[Strip]:
        for row in range(len(confidence)):
            asked.append(row)
            yield Strip(row, confidence[row : row + 1])

    came = []
    for one in trace(strips(), level=LEVEL, min_pixels=1, transform=NORTH_UP):
        came.append((one.pixels, asked[-1]))
    assert came == [(2, 2), (1, 2), (4, 4), (2, 4)]


def test_slope_is_read_only_where_there_are_landslides() -> None:
    read = []

    def slope_of(first: int, last: int) -> Slope:
        read.append((first, last))
        return np.full((last - first, 4), 20, np.float32)

    strips = [Strip(row, picture(mark)) for row, mark in enumerate(["....", ".##.", "??..", "...."])]
    (one,) = trace(strips, level=LEVEL, min_pixels=1, transform=NORTH_UP, slope_of=slope_of)
    assert read == [(1, 2)]
    assert one.slope_mean == 20


def test_without_slopes_the_mean_is_unknown() -> None:
    (one,) = trace([Strip(0, picture("##"))], level=LEVEL, min_pixels=1, transform=NORTH_UP)
    assert one.slope_mean is None


def test_a_map_may_start_at_any_row() -> None:
    strips = [Strip(10, picture("#.")), Strip(11, picture("#."))]
    (one,) = trace(strips, level=LEVEL, min_pixels=1, transform=NORTH_UP)
    assert one.geometry.bounds == (500_000, 4_600_000 - 12 * 6, 500_006, 4_600_000 - 10 * 6)


@pytest.mark.parametrize("strips", [[], [Strip(0, np.empty((0, 5), np.uint8))], [Strip(0, picture("...."))]])
def test_nothing_to_trace_gives_nothing(strips: list[Strip]) -> None:
    assert list(trace(strips, level=LEVEL, min_pixels=1, transform=NORTH_UP)) == []


@pytest.mark.parametrize("second", [Strip(2, picture("##")), Strip(0, picture("##")), Strip(1, picture("###"))])
def test_strips_that_do_not_follow_are_refused(second: Strip) -> None:
    with pytest.raises(UsageError, match="follow one another"):
        list(trace([Strip(0, picture("##")), second], level=LEVEL, min_pixels=1, transform=NORTH_UP))


def test_slopes_of_another_shape_are_refused() -> None:
    def slope_of(first: int, last: int) -> Slope:
        return np.zeros((last - first, 3), np.float32)

    with pytest.raises(UsageError, match="one slope per pixel"):
        list(trace([Strip(0, picture("##"))], level=LEVEL, min_pixels=1, transform=NORTH_UP, slope_of=slope_of))


@pytest.mark.parametrize("level", [0, 101, 255])
def test_levels_out_of_range_are_refused(level: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 100"):
        list(trace([], level=level, min_pixels=1, transform=NORTH_UP))


def test_memory_does_not_grow_with_the_height_of_the_map() -> None:
    def peak(rows: int) -> int:
        pattern = np.random.default_rng(3).integers(0, 101, (40, 300), dtype=np.uint8)
        pattern[::8] = 0  # landslides end every eight rows
        strips = (Strip(row, pattern) for row in range(0, rows, 40))
        tracemalloc.start()
        for _ in trace(strips, level=LEVEL, min_pixels=3, transform=NORTH_UP):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(40)  # compiled and imported
    assert peak(8000) < 1.1 * peak(400)
