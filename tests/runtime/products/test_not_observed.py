"""What was not observed, by reason, against a flood fill of each reason's pixels."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from rasterio.crs import CRS

from helpers.oracles import components
from landslip.runtime.confidence import REASONS
from landslip.runtime.errors import OutputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.products import not_observed, waiting_polygons
from landslip.runtime.products.not_observed import NotObserved, NotObservedTracer

Reasons = NDArray[np.uint8]
PIXEL = 36 / 0.9996**2


def found(reasons: Reasons, folder: Path, cuts: list[int] | range = range(0), min_pixels: int = 1) -> list[NotObserved]:
    """What a map holds; strips that are observed throughout are skipped, as a map does."""
    grid = MapGrid(CRS.from_epsg(32648), Affine(6, 0, 500_000, 0, -6, 4_600_000), *reasons.shape)
    with NotObservedTracer(grid, min_pixels * 36, folder) as tracer:
        for first, last in pairwise([0, *sorted(cuts), len(reasons)]):
            if reasons[first:last].any():
                tracer.take(first, reasons[first:last])
            else:
                tracer.skip(last)
        return list(tracer.found())


def expected(reasons: Reasons) -> Iterator[tuple[str, int]]:
    """Reason and pixels of each set, in order."""
    for code, name in REASONS.items():
        for pixels in components(reasons == code):
            yield name, len(pixels)


maps = hnp.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 0, 1, 2, 3, 4, 5, 6])
)


@given(maps, st.lists(st.integers(0, 12), max_size=5))
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sets_are_those_of_a_flood_fill_however_the_map_is_cut(
    tmp_path: Path, reasons: Reasons, cuts: list[int]
) -> None:
    cuts = [cut for cut in cuts if cut <= len(reasons)]
    whole, cut = found(reasons, tmp_path), found(reasons, tmp_path, cuts)
    assert cut == whole
    assert [(one.reason, round(one.area_m2 / PIXEL)) for one in whole] == list(expected(reasons))
    assert all(one.geometry.is_valid for one in whole)
    for code, name in REASONS.items():
        shapes = [one.geometry for one in whole if one.reason == name]
        if shapes:
            drawn = rasterio.features.rasterize(
                shapes, reasons.shape, transform=Affine(6, 0, 500_000, 0, -6, 4_600_000), dtype="uint8"
            )
            np.testing.assert_array_equal(drawn == 1, reasons == code)


def test_small_groups_are_left_out(tmp_path: Path) -> None:
    reasons = np.zeros((4, 9), np.uint8)
    reasons[1, :2], reasons[1, 3:8] = 2, 3
    assert [one.reason for one in found(reasons, tmp_path, min_pixels=3)] == ["mask"]
    assert found(reasons, tmp_path, min_pixels=6) == []


@pytest.mark.parametrize("height", [1, 10, 64, 100])
def test_what_has_too_many_corners_is_cut_at_the_same_rows_however_strips_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, height: int
) -> None:
    monkeypatch.setattr(not_observed, "MOST_CORNERS", 1000)
    reasons = (np.random.default_rng(1).uniform(size=(400, 100)) < 0.7).astype(np.uint8) * 2
    whole = found(reasons, tmp_path)
    assert found(reasons, tmp_path, range(height, 400, height)) == whole
    assert len([one for one in whole if one.area_m2 > 1000 * PIXEL]) == 7  # 400 / 64
    drawn = rasterio.features.rasterize(
        [one.geometry for one in whole], reasons.shape, transform=Affine(6, 0, 500_000, 0, -6, 4_600_000)
    )
    np.testing.assert_array_equal(drawn == 1, reasons == 2)


def test_what_waits_on_the_disk_is_what_waits_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons = np.random.default_rng(1).integers(0, 7, (80, 80), dtype=np.uint8)
    whole = found(reasons, tmp_path)
    monkeypatch.setattr(waiting_polygons, "_IN_MEMORY", 100)
    assert found(reasons, tmp_path) == whole
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_polygons, "_IN_MEMORY", 1)
    with pytest.raises(OutputError, match="nowhere cannot be written"):
        found(np.full((3, 3), 2, np.uint8), tmp_path / "nowhere")


def test_a_whole_map_of_nothing_is_one_polygon(tmp_path: Path) -> None:
    (one,) = found(np.full((300, 50), 1, np.uint8), tmp_path, range(7, 300, 7))
    assert one.reason == "outside"
    assert one.geometry.equals(shapely.box(500_000, 4_600_000 - 1800, 500_300, 4_600_000))


def test_memory_does_not_grow_with_the_height_of_a_noisy_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(not_observed, "MOST_CORNERS", 20_000)
    monkeypatch.setattr(waiting_polygons, "_IN_MEMORY", 1 << 12)
    rows = (np.random.default_rng(1).uniform(size=(64, 200)) < 0.7).astype(np.uint8) * 2

    def peak(strips: int) -> int:
        grid = MapGrid(CRS.from_epsg(32648), Affine(6, 0, 500_000, 0, -6, 4_600_000), 64 * strips, 200)
        tracemalloc.start()
        with NotObservedTracer(grid, 400, tmp_path) as tracer:
            for number in range(strips):
                tracer.take(64 * number, rows)
            for _ in tracer.found():
                pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(2)  # compiled and imported
    assert peak(100) < 1.2 * peak(20)
