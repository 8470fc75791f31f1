"""Tracing, against a flood fill and against shapely's own union of pixel squares."""

import math
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.features import rasterize
from rasterio.windows import Window

from helpers.oracles import components
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products.ground_values import GroundValues
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.products.tracing import GROUND_BLOCK, Strip, Tracer, trace, trace_outlines
from landslip.runtime.system.beside import helped

UTM = CRS.from_epsg(32648)
NORTH_UP = Affine(6.0, 0.0, 500_000.0, 0.0, -6.0, 4_600_000.0)
SOUTH_UP = Affine(6.0, 0.0, 500_000.0, 0.0, 6.0, 4_600_000.0)
LEVEL = 50

Confidence = NDArray[np.uint8]


@dataclass(frozen=True)
class Expected:
    pixels: tuple[tuple[int, int], ...]
    confidence_mean: float
    confidence_max: float
    slope_mean: float | None
    lowest: tuple[float, int, int] | None
    highest: tuple[float, int, int] | None
    downhill: tuple[float, float]
    edge: bool


def flood_fill(confidence: Confidence, ground: GroundValues, level: int = LEVEL) -> list[Expected]:
    """The components of a whole map, by last row, then first pixel."""
    return [_expected(pixels, confidence, ground) for pixels in components((confidence >= level) & (confidence <= 100))]


def _expected(pixels: tuple[tuple[int, int], ...], confidence: Confidence, ground: GroundValues) -> Expected:
    elevation, slope, east, north = ground.elevation, ground.slope, ground.rise_east, ground.rise_north
    assert elevation is not None
    assert slope is not None
    assert east is not None
    assert north is not None
    values = [int(confidence[pixel]) for pixel in pixels]
    slopes = [float(slope[pixel]) for pixel in pixels if 0 <= slope[pixel] <= 90]
    heights = [(float(elevation[pixel]), *pixel) for pixel in pixels if np.isfinite(elevation[pixel])]
    rises = [pixel for pixel in pixels if np.isfinite(east[pixel]) and np.isfinite(north[pixel])]
    outside = np.pad(confidence, 1, constant_values=255)
    return Expected(
        pixels,
        confidence_mean=sum(values) / len(values) / 100,
        confidence_max=max(values) / 100,
        slope_mean=sum(slopes) / len(slopes) if slopes else None,
        lowest=min(heights, default=None),
        highest=min(heights, key=lambda one: (-one[0], *one[1:]), default=None),
        downhill=(-sum(float(east[pixel]) for pixel in rises), -sum(float(north[pixel]) for pixel in rises)),
        edge=any((outside[row : row + 3, col : col + 3] == 255).any() for row, col in pixels),
    )


def in_strips(confidence: Confidence, cuts: list[int]) -> Iterator[Strip]:
    rows = [0, *sorted(cuts), len(confidence)]
    for first, last in pairwise(rows):
        yield Strip(first, confidence[first:last])


def grid_of(confidence: Confidence, transform: Affine = NORTH_UP) -> MapGrid:
    return MapGrid(UTM, transform, *confidence.shape)


def even_ground(shape: tuple[int, ...]) -> GroundValues:
    """Ground that rises by one in two towards the north-east, the same everywhere."""
    return GroundValues(*(np.full(shape, value, np.float32) for value in (700, 30, 0.5, 0.5)))


def part_of(ground: GroundValues, window: Window) -> GroundValues:
    rows, cols = window.toslices()
    return GroundValues(
        *(
            None if values is None else values[rows, cols]
            for values in (ground.elevation, ground.slope, ground.rise_east, ground.rise_north)
        )
    )


def traced(
    confidence: Confidence,
    ground: GroundValues | None = None,
    cuts: tuple[int, ...] | list[int] | range = (),
    min_pixels: int = 1,
    transform: Affine = NORTH_UP,
) -> list[Landslide]:
    ground = ground or even_ground(confidence.shape)
    return list(
        trace(
            in_strips(confidence, list(cuts)),
            grid_of(confidence, transform),
            level=LEVEL,
            min_area=min_pixels * 36,  # a pixel is a little larger: the scale is 0.9996 there
            ground_of=lambda window: part_of(ground, window),
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
def maps(draw: st.DrawFn) -> tuple[Confidence, GroundValues, list[int]]:
    """A small map of big lumps and fine grain, with holes in what is observed, and where to cut it into strips."""
    shape = draw(st.tuples(st.integers(1, 14), st.integers(1, 14)))
    values = draw(st.sampled_from([[10, 80], [0, 49, 50, 100, 101, 254, 255], [10, 60, 70, 80, 90]]))
    confidence = draw(hnp.arrays(np.uint8, shape, elements=st.sampled_from(values)))
    nan = float("nan")
    degrees = st.one_of(st.floats(0, 90, width=32), st.sampled_from([nan, -9999.0, 90.5]))
    metres = st.one_of(st.integers(-2000, 36000).map(lambda quarters: quarters / 4), st.sampled_from([nan, 5.0, 6.0]))
    rises = st.one_of(st.floats(-100, 100, width=32), st.sampled_from([nan, 0.0]))
    ground = GroundValues(
        *(draw(hnp.arrays(np.float32, shape, elements=each)) for each in (metres, degrees, rises, rises))
    )
    cuts = draw(st.lists(st.integers(0, shape[0]), max_size=6))
    return confidence, ground, cuts


@pytest.mark.parametrize("helpers", [0, 3])
def test_the_ground_of_a_wide_map_is_asked_for_in_windows_of_several_blocks(helpers):
    shape, asked = (3, 20 * GROUND_BLOCK), []
    confidence = np.full(shape, 10, dtype=np.uint8)
    confidence[1, 5 * GROUND_BLOCK : 18 * GROUND_BLOCK] = 80
    confidence[1, :3] = 80
    slope = np.float32(np.arange(shape[1]) % 90)[None].repeat(3, axis=0)

    def ground_of(window):
        asked.append((int(window.col_off) // GROUND_BLOCK, int(window.width) // GROUND_BLOCK))
        return GroundValues(slope=slope[:, window.col_off : window.col_off + window.width])

    with helped(helpers):
        small, wide = trace(in_strips(confidence, []), grid_of(confidence), level=LEVEL, ground_of=ground_of)
    assert sorted(asked) == [(0, 1), (5, 3), (8, 8), (16, 2)]
    assert small.slope_mean == pytest.approx(1)
    assert wide.slope_mean == pytest.approx(slope[1, 5 * GROUND_BLOCK : 18 * GROUND_BLOCK].mean(dtype=float))


@pytest.mark.slow
@given(maps())
@settings(deadline=None, max_examples=300)
def test_components_and_figures_are_those_of_a_flood_fill(case: tuple[Confidence, GroundValues, list[int]]) -> None:
    confidence, ground, cuts = case
    found, expected = traced(confidence, ground, cuts), flood_fill(confidence, ground)
    assert [one.pixels for one in found] == [len(one.pixels) for one in expected]
    for one, other in zip(found, expected, strict=True):
        mask = rasterize([one.geometry], confidence.shape, transform=NORTH_UP, dtype="uint8")
        assert tuple((int(r), int(c)) for r, c in np.argwhere(mask)) == other.pixels
        assert one.area_m2 == pytest.approx(36 / 0.9996**2 * len(other.pixels), rel=1e-5)
        assert one.confidence_mean == pytest.approx(other.confidence_mean, rel=1e-14)
        assert one.confidence_max == other.confidence_max
        assert (one.slope_mean is None) == (other.slope_mean is None)
        assert one.slope_mean == pytest.approx(other.slope_mean, abs=1e-6)
        assert one.edge == other.edge
        _check_relief(one, other)
        _check_aspect(one, other)


def _check_relief(one: Landslide, other: Expected) -> None:
    if other.lowest is None or other.highest is None:
        assert (one.elev_min, one.elev_max, one.relief_m, one.reach_angle) == (None, None, None, None)
        return
    (low, *lowest), (high, *highest) = other.lowest, other.highest
    assert (one.elev_min, one.elev_max, one.relief_m) == (low, high, high - low)
    if lowest == highest:
        assert one.reach_angle is None
    else:
        angle = math.degrees(math.atan((high - low) / (6 / 0.9996 * math.dist(lowest, highest))))
        assert one.reach_angle == pytest.approx(angle, rel=1e-5)


def _check_aspect(one: Landslide, other: Expected) -> None:
    if math.hypot(*other.downhill) > 1e-3:
        assert one.aspect_mean is not None
        off = one.aspect_mean - math.degrees(math.atan2(*other.downhill))
        assert 0 <= one.aspect_mean < 360
        assert (off + 180) % 360 - 180 == pytest.approx(0, abs=2)


@pytest.mark.slow
@given(maps(), st.sampled_from([NORTH_UP, SOUTH_UP]))
@settings(deadline=None, max_examples=200)
def test_outlines_are_valid_lean_and_the_union_of_their_pixels(
    case: tuple[Confidence, GroundValues, list[int]], transform: Affine
) -> None:
    confidence, ground, cuts = case
    for one, other in zip(
        traced(confidence, ground, cuts, transform=transform), flood_fill(confidence, ground), strict=True
    ):
        assert shapely.is_valid_reason(one.geometry) == "Valid Geometry"
        assert one.geometry.equals(
            shapely.unary_union([pixel_square(row, col, transform) for row, col in other.pixels])
        )
        assert all(turns(ring) for ring in rings(one))
        assert all(part.exterior.is_ccw for part in one.geometry.geoms)
        assert not any(ring.is_ccw for part in one.geometry.geoms for ring in part.interiors)


@pytest.mark.slow
@given(maps(), st.data())
@settings(deadline=None, max_examples=200)
def test_strips_leave_no_trace(case: tuple[Confidence, GroundValues, list[int]], data: st.DataObject) -> None:
    confidence, ground, cuts = case
    min_pixels = data.draw(st.integers(0, 5))
    whole = traced(confidence, ground, min_pixels=min_pixels)
    cut = traced(confidence, ground, cuts, min_pixels)
    assert [shapely.to_wkb(one.geometry) for one in cut] == [shapely.to_wkb(one.geometry) for one in whole]
    assert cut == whole


@given(maps(), st.integers(0, 3))
@settings(deadline=None)
def test_outlines_alone_are_those_of_the_landslides(
    case: tuple[Confidence, GroundValues, list[int]], min_pixels: int
) -> None:
    confidence, ground, cuts = case
    strips, grid = in_strips(confidence, cuts), grid_of(confidence)
    found = list(trace_outlines(strips, grid, NORTH_UP, level=LEVEL, min_area=min_pixels * 36))
    assert found == [one.geometry for one in traced(confidence, ground, min_pixels=min_pixels)]


@pytest.mark.parametrize("height", [1, 2, 5, 64, 300])
def test_a_large_noisy_map_is_the_same_for_every_strip_height(height: int) -> None:
    rng = np.random.default_rng(7)
    confidence = rng.integers(0, 101, (300, 250), dtype=np.uint8)
    ground = GroundValues(*rng.uniform(0, 90, (4, *confidence.shape)).astype(np.float32))
    found = traced(confidence, ground, list(range(height, 300, height)))
    assert found == traced(confidence, ground)
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
    for one in trace(strips(), grid_of(confidence), level=LEVEL):
        came.append((one.pixels, asked[-1]))
    assert came == [(2, 2), (1, 2), (4, 4), (2, 4)]


def test_a_tracer_gives_out_what_is_finished() -> None:
    confidence = picture("#..#..", "#..#.#", "#.....", "#...##", "......")
    tracer = Tracer(grid_of(confidence), level=LEVEL)
    came = [[one.pixels for one in tracer.take(Strip(row, confidence[row : row + 1]))] for row in range(4)]
    assert came == [[], [], [2, 1], []]
    assert [one.pixels for one in tracer.finish()] == [4, 2]


def test_ground_is_read_only_where_there_are_landslides() -> None:
    read = []

    def ground_of(window: Window) -> GroundValues:
        read.append((window.col_off, window.row_off, window.width, window.height))
        return part_of(even_ground((4, 1100)), window)

    confidence = np.zeros((4, 1100), np.uint8)
    confidence[1, [255, 256]] = confidence[1, 1090] = 80
    found = list(
        trace(
            (Strip(row, confidence[row : row + 1]) for row in range(4)),
            grid_of(confidence),
            level=LEVEL,
            ground_of=ground_of,
        )
    )
    assert read == [(0, 1, 512, 1), (1024, 1, 76, 1)]
    assert [(one.slope_mean, one.elev_max, one.aspect_mean) for one in found] == [(30, 700, 225)] * 2


def test_places_in_wide_maps_are_found() -> None:
    confidence = np.zeros((3, 1100), np.uint8)
    confidence[1, 5:1090] = 80
    elevation = np.full(confidence.shape, 100, np.float32)
    elevation[1, 800], elevation[1, 300] = 50, 950
    (one,) = traced(confidence, GroundValues(elevation))
    assert (one.elev_min, one.elev_max, one.relief_m, one.slope_mean, one.aspect_mean) == (50, 950, 900, None, None)
    assert one.reach_angle == pytest.approx(math.degrees(math.atan(900 / (500 * 6 / 0.9996))), rel=1e-5)
    assert (one.length_m, one.width_m) == pytest.approx((1085 * 6 / 0.9996, 6 / 0.9996), rel=1e-5)
    assert one.perimeter_m == pytest.approx(1086 * 12 / 0.9996, rel=1e-5)


def test_without_ground_its_figures_are_unknown() -> None:
    (one,) = trace([Strip(0, picture("##"))], grid_of(picture("##")), level=LEVEL)
    ground = (one.elev_min, one.elev_max, one.relief_m, one.reach_angle, one.slope_mean, one.aspect_mean)
    assert ground == (None,) * 6
    assert (one.date_from, one.date_to) == (None, None)


def test_flat_ground_has_no_direction_and_no_reach_angle() -> None:
    flat = GroundValues(*(np.full((1, 2), value, np.float32) for value in (12, 0, 0, 0)))
    (one,) = traced(picture("##"), flat)
    assert (one.elev_min, one.relief_m, one.slope_mean, one.aspect_mean, one.reach_angle) == (12, 0, 0, None, None)


@pytest.mark.parametrize(
    ("east", "north", "aspect"), [(0, -1, 0), (-1, 0, 90), (0, 1, 180), (1, 0, 270), (1, -1, 315), (2**-20, -8000, 0)]
)
def test_aspect_is_the_direction_downhill(east: float, north: float, aspect: float) -> None:
    ground = GroundValues(rise_east=np.full((1, 2), east, np.float32), rise_north=np.full((1, 2), north, np.float32))
    (one,) = traced(picture("##"), ground)
    assert one.aspect_mean is not None
    assert 0 <= one.aspect_mean < 360
    assert (one.aspect_mean - aspect + 180) % 360 - 180 == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("percent", "name"), [((69, 70), "possible"), ((70, 70), "probable"), ((89, 90), "probable"), ((90, 90), "likely")]
)
def test_classes_begin_at_their_mean_confidence(percent: tuple[int, int], name: str) -> None:
    (one,) = traced(np.array([percent], np.uint8))
    assert one.confidence_class == name


@pytest.mark.parametrize("crs", [32654, 3857, 32601, 32660, 3031])
def test_places_and_true_areas_in_other_projections(crs: int) -> None:
    centre = {32654: (500_000, 4_720_000), 3857: (15_800_000, 5_270_000), 3031: (1_000_000, 1_000_000)}
    x, y = centre.get(crs, (300_000 if crs == 32601 else 700_000, 6_650_000))
    confidence = np.zeros((20, 20), np.uint8)
    confidence[4:12, 6:10] = 80
    grid = MapGrid(CRS.from_epsg(crs), Affine(10, 0, x, 0, -10, y), *confidence.shape)
    (one,) = trace([Strip(0, confidence)], grid, level=LEVEL)
    to_degrees = pyproj.Transformer.from_crs(crs, 4326, always_xy=True)
    lon, lat = to_degrees.transform([x + 60, x + 100, x + 100, x + 60], [y - 40, y - 40, y - 120, y - 120])
    globe = pyproj.Geod(ellps="WGS84")
    area, perimeter = globe.polygon_area_perimeter(lon, lat)
    assert one.area_m2 == pytest.approx(abs(area), rel=1e-4)
    assert one.perimeter_m == pytest.approx(perimeter, rel=1e-4)
    assert (one.length_m, one.width_m) == pytest.approx(
        (perimeter / 3, perimeter / 6), rel=5e-3
    )  # Web Mercator stretches more along y
    assert one.area_ha == one.area_m2 / 1e4
    assert one.lon is not None
    assert one.lat is not None
    assert -180 <= one.lon < 180
    assert min(lon) < one.lon < max(lon)
    assert min(lat) < one.lat < max(lat)


def test_a_map_may_start_at_any_row() -> None:
    strips = [Strip(10, picture("#.")), Strip(11, picture("#."))]
    (one,) = trace(strips, MapGrid(UTM, NORTH_UP, 12, 2), level=LEVEL)
    assert one.geometry.bounds == (500_000, 4_600_000 - 12 * 6, 500_006, 4_600_000 - 10 * 6)


@pytest.mark.parametrize("strips", [[], [Strip(0, np.empty((0, 4), np.uint8))], [Strip(0, picture("...."))]])
def test_nothing_to_trace_gives_nothing(strips: list[Strip]) -> None:
    assert list(trace(strips, MapGrid(UTM, NORTH_UP, 1, 4), level=LEVEL)) == []


@pytest.mark.parametrize("second", [Strip(2, picture("##")), Strip(0, picture("##")), Strip(1, picture("###"))])
def test_strips_that_do_not_follow_are_refused(second: Strip) -> None:
    with pytest.raises(UsageError, match="follow one another"):
        list(trace([Strip(0, picture("##")), second], MapGrid(UTM, NORTH_UP, 2, 2), level=LEVEL))


def test_ground_of_another_shape_is_refused() -> None:
    with pytest.raises(UsageError, match="one value per pixel"):
        list(
            trace(
                [Strip(0, picture("##"))],
                MapGrid(UTM, NORTH_UP, 1, 2),
                level=LEVEL,
                ground_of=lambda _: even_ground((1, 3)),
            )
        )


@pytest.mark.parametrize("level", [0, 101, 255])
def test_levels_out_of_range_are_refused(level: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 100"):
        list(trace([], MapGrid(UTM, NORTH_UP, 1, 2), level=level))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_height_of_the_map() -> None:
    def peak(rows: int) -> int:
        pattern = np.random.default_rng(3).integers(0, 101, (40, 300), dtype=np.uint8)
        pattern[::8] = 0  # landslides end every eight rows
        strips = (Strip(row, pattern) for row in range(0, rows, 40))
        tracemalloc.start()
        for _ in trace(strips, MapGrid(UTM, NORTH_UP, rows, 300), level=LEVEL, min_area=108):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(40)  # compiled and imported
    assert peak(8000) < 1.1 * peak(400)
