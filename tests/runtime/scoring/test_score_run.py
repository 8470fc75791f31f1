"""Scores of whole maps: against numpy on whole arrays, shapely on whole polygons, and counts by hand."""

from __future__ import annotations

import json
import math
import tracemalloc

import numpy as np
import pytest
import rasterio.crs
import rasterio.features
import shapely
from affine import Affine

from helpers.inventories import CRS, LEFT, PIXEL, TOP, pixel_box, pixel_point, write_map, write_truth
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.geo.ground_area import GroundArea
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.scoring.confusion import Scores, confusion
from landslip.runtime.scoring.score_run import score, score_map

PLACE = Affine(PIXEL, 0, LEFT, 0, -PIXEL, TOP)
LEAST = math.ceil(400 / PIXEL**2)
"""Pixels of the least mapped landslide."""


def smooth(noise, width):
    """Noise through a Gaussian filter, around the edges."""
    down, across = (np.fft.fftfreq(length) for length in noise.shape)
    weights = np.exp(-2 * (np.pi * width) ** 2 * (down[:, None] ** 2 + across[None, :] ** 2))
    return np.fft.ifft2(np.fft.fft2(noise) * weights).real


def random_case(folder, seed, rows=700, width=90):
    """A map with blobs and clouds, and known landslides that lie over each other."""
    rng = np.random.default_rng(seed)
    field = smooth(rng.normal(size=(rows, width)), 4)
    values = np.clip(50 + 400 * field, 0, 100).astype(np.uint8)
    values[smooth(rng.normal(size=(rows, width)), 9) > 0.03] = 255
    shapes = []
    for _ in range(40):
        row, col, radius = rng.uniform(0, rows), rng.uniform(0, width), rng.uniform(0.3, 14)
        circle = shapely.Point(LEFT + PIXEL * col, TOP - PIXEL * row).buffer(PIXEL * radius)
        shapes.append(shapely.affinity.scale(circle, rng.uniform(0.3, 1), 1))
    return write_map(folder / "map.tif", values), write_truth(folder / "truth.gpkg", shapes), values, shapes


def burnt(shape, values):
    return rasterio.features.rasterize([shape], values.shape, transform=PLACE).astype(bool)


def large_groups(mapped):
    """Labels of 8-connected groups of pixels that are large enough, by a flood, and how many there are."""
    labels, count, left = np.zeros(mapped.shape, int), 0, {(int(r), int(c)) for r, c in np.argwhere(mapped)}
    while left:
        stack, group = [left.pop()], []
        while stack:
            row, col = stack.pop()
            group.append((row, col))
            beside = {(row + down, col + across) for down in (-1, 0, 1) for across in (-1, 0, 1)} & left
            left -= beside
            stack += beside
        if len(group) >= LEAST:
            count += 1
            labels[tuple(np.transpose(group))] = count
    return labels, count


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("threshold", [0.5, 0.63])
def test_it_is_what_numpy_finds_on_whole_arrays(tmp_path, seed, threshold):
    path, truth, values, shapes = random_case(tmp_path, seed)
    found = score_map(path, truth, threshold)
    observed, mapped = values != 255, (values >= round(100 * threshold)) & (values != 255)
    masks = [burnt(shape, values) for shape in shapes]
    assert found.matrix == confusion(mapped, np.any(masks, axis=0), observed)

    labels, count = large_groups(mapped)
    inside = [mask for mask in masks if mask.any()]
    assert len(inside) >= 30
    seen = [mask for mask in inside if 2 * (mask & observed).sum() >= mask.sum()]
    small = found.landslides.known + found.landslides.not_observed - len(inside)  # without the centre of a pixel
    assert 0 <= small <= len(shapes) - len(inside)
    hits = [(labels[mask & observed] > 0).sum() for mask in seen]
    halves = [2 * hit >= (mask & observed).sum() for hit, mask in zip(hits, seen, strict=True)]
    assert found.landslides.found - np.count_nonzero(hits) in range(small + 1)
    assert found.landslides.found_half - np.count_nonzero(halves) in range(small + 1)
    assert found.landslides.mapped == count
    covered = np.bincount(labels[np.any(masks, axis=0)], minlength=count + 1)[1:]
    assert found.landslides.right - np.count_nonzero(covered) in range(small + 1)
    assert found.landslides.right_half == np.count_nonzero(2 * covered >= np.bincount(labels.ravel())[1:])
    assert sum(each.landslides.mapped for each in found.by_size) == count


def test_it_is_what_shapely_finds_where_outlines_follow_pixels(tmp_path):
    rng = np.random.default_rng(5)
    values = np.zeros((600, 80), np.uint8)
    for _ in range(25):
        row, col, high, wide = (*rng.integers(0, (590, 70)), *rng.integers(4, 20, 2))
        values[row : row + high, col : col + wide] = 90
    boxes = []
    for _ in range(60):
        row, col = rng.integers(0, (595, 75))
        boxes.append((int(row), int(col), int(row + rng.integers(1, 25)), int(col + rng.integers(1, 25))))
    found = score_map(write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "truth.gpkg", boxes))
    mapped = [
        shapely.geometry.shape(shape)
        for shape, value in rasterio.features.shapes((values > 0).astype(np.uint8), connectivity=8, transform=PLACE)
        if value
    ]
    mapped = [shapely.make_valid(shape) for shape in mapped]
    frame = pixel_box(0, 0, *values.shape)
    known = [pixel_box(*box).intersection(frame) for box in boxes]
    everything_mapped, everything_known = shapely.union_all(mapped), shapely.union_all(known)
    shares = [shape.intersection(everything_mapped).area / shape.area for shape in known]
    assert found.landslides.known == len(known)
    assert found.landslides.found == sum(share > 0 for share in shares)
    assert found.landslides.found_half == sum(share > 0.5 - 1e-9 for share in shares)
    shares = [shape.intersection(everything_known).area / shape.area for shape in mapped]
    assert found.landslides.mapped == len(mapped)
    assert found.landslides.right == sum(share > 0 for share in shares)
    assert found.landslides.right_half == sum(share > 0.5 - 1e-9 for share in shares)
    areas = [shape.area for shape in known]
    for each in found.by_size:
        above, below = each.least_m2, each.below_m2 or np.inf
        assert each.landslides.known == sum(above <= area * 0.9998 < below for area in areas)  # true ground areas


def test_areas_are_those_of_true_ground(tmp_path):
    path, truth, values, shapes = random_case(tmp_path, 9)
    found = score_map(path, truth)
    ground = GroundArea(MapGrid(rasterio.crs.CRS.from_user_input(CRS), PLACE, *values.shape))
    pixels = ground.of_pixels(*np.mgrid[: values.shape[0], : values.shape[1]]) / 1e6
    known, mapped = np.any([burnt(shape, values) for shape in shapes], axis=0), (values >= 50) & (values != 255)
    observed = values != 255
    assert found.areas.observed == pytest.approx(pixels[observed].sum(), rel=1e-6)
    assert found.areas.known == pytest.approx(pixels[known & observed].sum(), rel=1e-6)
    assert found.areas.mapped == pytest.approx(pixels[mapped].sum(), rel=1e-6)
    assert found.areas.both == pytest.approx(pixels[mapped & known].sum(), rel=1e-6)
    assert found.areas.observed != pytest.approx(observed.sum() * 36e-6, rel=1e-5)


def test_other_thresholds_are_scored_in_the_same_pass(tmp_path):
    path, truth, values, shapes = random_case(tmp_path, 4)
    found = score_map(path, truth)
    assert [row.threshold for row in found.thresholds] == [round(0.05 * k, 2) for k in range(1, 20)]
    for row in found.thresholds[::6]:
        alone = score_map(path, truth, row.threshold)
        assert (row.precision, row.recall, row.f1, row.iou) == (alone.precision, alone.recall, alone.f1, alone.iou)
        assert row.mapped_km2 == pytest.approx(alone.areas.mapped, rel=1e-12)
    known = np.any([burnt(shape, values) for shape in shapes], axis=0)[values != 255]
    seen = values[values != 255]
    average = before = 0.0
    for level in range(100, -1, -1):  # as scikit-learn's average_precision_score
        mapped = seen >= level
        if mapped.any():
            recall = known[mapped].sum() / known.sum()
            average += (recall - before) * known[mapped].mean()
            before = recall
    assert found.average_precision == pytest.approx(average, abs=1e-12)


def test_a_map_of_several_bands_of_rows(tmp_path):
    values = np.zeros((1300, 40), np.uint8)
    values[500:540, 10:20] = 80  # crosses the border between two bands
    values[505:510, 10:20] = 255
    values[1200:1210, 0:5] = 50
    values[1250:1260, 0:5] = 49
    boxes = [(500, 10, 540, 15), (1195, 0, 1205, 5), (1255, 0, 1260, 5)]
    scores = score_map(write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "truth.gpkg", boxes))
    assert scores.true_positive == 35 * 5 + 5 * 5
    assert scores.false_positive == 35 * 5 + 5 * 5
    assert scores.false_negative == 5 * 5 + 5 * 5
    assert scores.pixels == 1300 * 40 - 50
    # The strip of clouds cuts the first mapped landslide in two, and half of the second known one is covered.
    counts = scores.landslides
    assert (counts.known, counts.found, counts.found_half, counts.missed) == (3, 2, 2, 1)
    assert (counts.mapped, counts.right, counts.right_half, counts.false) == (3, 3, 3, 0)


def test_the_threshold_decides(tmp_path):
    values = np.full((4, 4), 70, np.uint8)
    truth = write_truth(tmp_path / "truth.gpkg", [(0, 0, 4, 2)])
    path = write_map(tmp_path / "map.tif", values)
    assert score_map(path, truth, 0.7).false_positive == 8
    assert score_map(path, truth, 0.71).matrix == Scores(false_negative=8, true_negative=8)


def test_no_known_landslides_is_a_truth_too(tmp_path):
    truth = write_truth(tmp_path / "truth.gpkg", [])
    values = np.zeros((20, 20))
    values[2:8, 2:8] = 100
    found = score_map(write_map(tmp_path / "map.tif", values), truth)
    assert found.matrix == Scores(false_positive=36, true_negative=364)
    assert (found.landslides.known, found.landslides.recall, found.average_precision) == (0, None, None)
    assert (found.landslides.mapped, found.landslides.precision, found.landslides.f1) == (1, 0.0, None)


def test_what_was_not_observed_is_neither_found_nor_missed(tmp_path):
    values = np.zeros((30, 60), np.uint8)
    values[0:10, 0:10] = 255  # all of the first known one
    values[0:10, 20:27] = 255  # seven tenths of the second, whose rest is mapped
    values[0:10, 27:30] = 90
    values[0:10, 40:44] = 255  # four tenths of the third
    boxes = [(0, 0, 10, 10), (0, 20, 10, 30), (0, 40, 10, 50)]
    counts = score_map(write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "t.gpkg", boxes)).landslides
    assert (counts.known, counts.found, counts.not_observed) == (1, 0, 2)
    assert (counts.mapped, counts.right) == (1, 1), "what lies in a known landslide is right"


def test_many_to_many(tmp_path):
    values = np.zeros((40, 60), np.uint8)
    values[5:10, 0:30] = 80  # one mapped landslide over two known ones
    values[20:24, 0:10] = values[26:30, 0:10] = 80  # two mapped ones in one known one
    boxes = [(5, 0, 10, 10), (5, 20, 10, 30), (20, 0, 30, 10), (20, 0, 30, 10)]  # which was drawn twice
    counts = score_map(write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "t.gpkg", boxes)).landslides
    assert (counts.known, counts.found, counts.found_half) == (4, 4, 4)
    assert (counts.mapped, counts.right, counts.right_half) == (3, 3, 3)
    assert (counts.precision, counts.recall, counts.f1) == (1, 1, 1)


def test_small_groups_of_pixels_are_no_landslides(tmp_path):
    values = np.zeros((20, 20), np.uint8)
    values[3:6, 3:6] = 90  # 324 m2
    found = score_map(write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "t.gpkg", [(3, 3, 6, 6)]))
    assert found.true_positive == 9
    assert (found.landslides.mapped, found.landslides.missed) == (0, 1)


def test_a_known_landslide_smaller_than_a_pixel_counts(tmp_path):
    values = np.zeros((20, 40), np.uint8)
    values[2:8, 2:8] = 90
    boxes = [(4.1, 4.1, 4.4, 4.4), (15.1, 30.1, 15.2, 30.4)]
    found = score_map(write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "t.gpkg", boxes))
    assert found.true_positive + found.false_negative == 0
    assert (found.landslides.known, found.landslides.found, found.landslides.right) == (2, 1, 1)
    assert found.by_size[0].landslides.known == 2


def test_a_known_landslide_at_the_edge_counts_with_its_part_inside(tmp_path):
    values = np.zeros((20, 20), np.uint8)
    values[0:5, 0:10] = 90
    boxes = [(-30, 0, 5, 10), (-9, 5, 0.3, 6), (40, 40, 50, 50), (10, 10, 12, 400)]
    found = score_map(write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "t.gpkg", boxes))
    assert (found.inventory.polygons, found.inventory.outside) == (2, 2)
    assert (found.landslides.known, found.landslides.found, found.landslides.found_half) == (2, 1, 1)
    assert found.by_size[0].landslides.known == 1, "20 pixels of the last one lie in the map"
    assert found.by_size[1].landslides.known == 1, "50 pixels of the first one do"


def test_points_are_found_by_what_holds_them_or_is_near(tmp_path):
    values = np.zeros((60, 60), np.uint8)
    values[10:20, 10:20] = 90
    values[40:50, 40:50] = 90
    values[0:5, 50:60] = 255
    points = [
        pixel_point(15.5, 15.5), pixel_point(15.5, 23.0), pixel_point(15.5, 30.5), pixel_point(2, 55),
        pixel_point(900, 2),
    ]  # fmt: skip
    path, truth = write_map(tmp_path / "map.tif", values), tmp_path / "p.gpkg"
    write_truth(truth, points, kind="Point")
    found = score(path, truth)
    counts = found.landslides
    assert (found.inventory.points, found.inventory.outside, found.inventory.tolerance_m) == (4, 1, 30.0)
    assert (counts.known, counts.found, counts.missed, counts.not_observed) == (3, 2, 1, 1)
    assert (counts.mapped, counts.right, counts.false) == (2, 1, 1)
    assert counts.found_half is counts.recall_half is counts.f1_half is None
    assert (found.areas, found.thresholds, found.average_precision) == (None, (), None)
    assert math.isnan(found.f1)
    told = found.as_dict()
    assert (told["f1"], told["pixels"], told["areas"]) == (None, None, None)
    assert "NaN" not in json.dumps(told)
    assert score(path, truth, tolerance=0.0).landslides.found == 1
    assert score(path, truth, tolerance=17.9).landslides.found == 1
    assert score(path, truth, tolerance=63.1).landslides.found == 3


def test_only_what_lies_within_counts(tmp_path):
    values = np.zeros((60, 60), np.uint8)
    values[10:20, 10:20] = values[10:20, 40:50] = values[40:50, 28:32] = 90
    boxes = [(10, 10, 20, 20), (10, 40, 20, 50), (30, 31, 40, 33), (50, 29, 55, 40)]
    path, truth = write_map(tmp_path / "map.tif", values), write_truth(tmp_path / "t.gpkg", boxes)
    half = write_truth(tmp_path / "area.gpkg", [(0, 0, 60, 32)])
    found = score(path, truth, within=half)
    assert found.pixels == 60 * 32
    assert found.true_positive == 100
    counts = found.landslides
    assert (counts.known, counts.found) == (2, 1), "half of the third lies within, and a tenth of the last"
    assert (counts.mapped, counts.right) == (2, 1)
    assert found.inventory.within == str(half)
    west, south, east, north = 9.0, 46.0, 11.0, 48.0
    assert score(path, truth, within=f"{west},{south},{east},{north}").pixels == 3600
    assert score(path, truth, within=[west, south, east, north]).pixels == 3600
    assert score(path, truth, within="3,46,4,48").landslides.mapped == 0


def test_bad_input_is_named(tmp_path):
    path = write_map(tmp_path / "map.tif", np.zeros((4, 4)))
    truth = write_truth(tmp_path / "truth.gpkg", [(0, 0, 1, 1)])
    with pytest.raises(UsageError, match="threshold"):
        score_map(path, truth, 0.0)
    with pytest.raises(UsageError, match="tolerance"):
        score(path, truth, tolerance=math.nan)
    with pytest.raises(InputMissingError, match="no map at"):
        score_map(tmp_path / "none.tif", truth)
    with pytest.raises(InputMissingError, match="no known landslides"):
        score_map(path, tmp_path / "none.gpkg")
    (tmp_path / "text.tif").write_text("text")
    with pytest.raises(InputError, match="cannot be read"):
        score_map(tmp_path / "text.tif", truth)
    with pytest.raises(InputError, match="not a confidence map"):
        score_map(write_map(tmp_path / "three.tif", np.zeros((4, 4)), count=3), truth)
    degrees = write_map(tmp_path / "deg.tif", np.zeros((4, 4)), crs="EPSG:4326", transform=Affine(1, 0, 9, 0, -1, 50))
    with pytest.raises(InputError, match="gdalwarp"):
        score_map(degrees, truth)
    with pytest.raises(InputMissingError, match=r"run\.json"):
        score(tmp_path, truth)


def test_a_score_does_not_depend_on_where_the_map_lies(tmp_path):
    path, truth, *_ = random_case(tmp_path, 6)
    other = tmp_path / "elsewhere" / "draft.tif"
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    assert score(path, truth) == score(other, truth)
    assert json.dumps(score(path, truth).as_dict()) == json.dumps(score(other, truth).as_dict())


def test_memory_does_not_grow_with_the_height_of_the_map(tmp_path):
    truth, peaks = write_truth(tmp_path / "truth.gpkg", [(10, 10, 60, 60)]), []
    for rows in (600, 6000, 600, 6000):
        values = np.zeros((rows, 1500), np.uint8)
        values[20:90, 20:90] = 80
        path = write_map(tmp_path / f"{rows}.tif", values, compress="deflate")
        del values
        tracemalloc.start()
        try:
            assert score_map(path, truth).landslides.found == 1
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[3] < 1.05 * peaks[2]
