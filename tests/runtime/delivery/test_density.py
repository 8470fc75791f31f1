"""The density of landslides: the same as of the whole array at once."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rasterio

import landslip
from helpers.finished_runs import finished_run, landslide_scene
from landslip.runtime.delivery import density
from landslip.runtime.styles.raster_qml import density_qml


def of_the_whole(percent, slid, pixels):
    """Shares by cell, of the whole array."""
    rows, cols = -(-percent.shape[0] // pixels), -(-percent.shape[1] // pixels)
    big = np.full((rows * pixels, cols * pixels), 255, dtype=np.uint8)
    big[: percent.shape[0], : percent.shape[1]] = percent
    marked = np.zeros(big.shape, dtype=bool)
    marked[: percent.shape[0], : percent.shape[1]] = slid
    cells = big.reshape(rows, pixels, cols, pixels) != 255
    observed = cells.sum(axis=(1, 3))
    counted = marked.reshape(rows, pixels, cols, pixels).sum(axis=(1, 3))
    share = np.where(observed > 0, counted / np.maximum(observed, 1), np.nan)
    return share.astype(np.float32), (observed / pixels**2).astype(np.float32)


def noisy_scene(rows=700, cols=333):
    """A map with many landslides of all sizes, and parts that were not observed, across blocks of rows."""
    chance = np.random.default_rng(7)
    percent = chance.integers(0, 50, (rows, cols)).astype(np.uint8)
    for _ in range(120):
        row, col, high, wide = chance.integers(0, rows), chance.integers(0, cols), *chance.integers(1, 40, 2)
        percent[row : row + high, col : col + wide] = chance.integers(50, 100)
    percent[chance.random((rows, cols)) < 0.02] = 255
    percent[480:560, 100:300] = 255
    return percent


def landslides_of(percent):
    """Pixels of landslides of 400 m² and more, by labels of SciPy or by hand: pixels of 10 m, 8-connected."""
    high = (percent >= 50) & (percent != 255)
    kept, seen = np.zeros_like(high), np.zeros_like(high)
    for start in zip(*np.nonzero(high), strict=True):
        if seen[start]:
            continue
        seen[start] = True
        group, waiting = [], [start]
        while waiting:
            row, col = waiting.pop()
            group.append((row, col))
            for near in ((row + i, col + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
                inside = 0 <= near[0] < high.shape[0] and 0 <= near[1] < high.shape[1]
                if inside and high[near] and not seen[near]:
                    seen[near] = True
                    waiting.append(near)
        if len(group) >= 4:
            kept[tuple(np.transpose(group))] = True
    return kept


@pytest.mark.parametrize("metres", [250, 90, 14, 3, 4000, 1e12])
def test_the_density_is_that_of_the_whole_array(tmp_path, metres):
    percent = noisy_scene()
    out = finished_run(tmp_path / "out", percent)
    landslip.make_products(out, density=metres)
    with rasterio.open(out / "density.tif") as dataset:
        share, observed = dataset.read()
        pixels = int(dataset.tags()["CELL_PIXELS"])
        assert pixels == max(1, min(round(metres / 10), 700))
        assert dataset.tags()["CELL_METRES"] == str(10 * pixels)
        assert dataset.res == (10 * pixels, 10 * pixels)
        assert (dataset.bounds.left, dataset.bounds.top) == (550_000, 4_730_000)
        assert dataset.crs.to_epsg() == 32654
        assert dataset.dtypes == ("float32", "float32")
        assert np.isnan(dataset.nodata)
        assert dataset.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    expected = of_the_whole(percent, landslides_of(percent), pixels)
    np.testing.assert_array_equal(share, expected[0])
    np.testing.assert_array_equal(observed, expected[1])


@pytest.mark.parametrize(
    ("metres", "said"),
    [(3, "Cells of 3 m are smaller than a pixel of the map: density.tif has cells of 10 m."),
     (1e6, "Cells of 1e+06 m are larger than the map: density.tif has cells of 7000 m."), (14, ""), (250, "")],
)  # fmt: skip
def test_cells_that_cannot_be_are_told_of(tmp_path, caplog, metres, said):
    out = finished_run(tmp_path / "out", noisy_scene())
    landslip.make_products(out, density=metres)
    assert [record.getMessage() for record in caplog.records if "Cells" in record.msg] == ([said] if said else [])


def test_it_does_not_depend_on_how_the_map_is_read(tmp_path, monkeypatch):
    made = []
    for block in (512, 37):
        monkeypatch.setattr(density, "BLOCK", block)
        out = finished_run(tmp_path / str(block), noisy_scene())
        landslip.make_products(out, density=70)
        made.append((out / "density.tif").read_bytes())
    assert made[0] == made[1]


def test_its_statistics_are_there_so_that_no_program_writes_them_beside_it(tmp_path):
    out = finished_run(tmp_path / "out", landslide_scene())
    landslip.make_products(out, density=100)
    with rasterio.open(out / "density.tif") as dataset:
        for band in (1, 2):
            values = dataset.read(band)
            tags = dataset.tags(band)
            assert float(tags["STATISTICS_MEAN"]) == pytest.approx(np.nanmean(values))
            assert float(tags["STATISTICS_STDDEV"]) == pytest.approx(np.nanstd(values), abs=1e-6)
            assert float(tags["STATISTICS_MAXIMUM"]) == pytest.approx(np.nanmax(values))
    assert not (out / "density.tif.aux.xml").exists()
    assert (out / "density.qml").read_text(encoding="utf-8") == density_qml()


def test_nothing_observed_is_unknown_and_not_zero(tmp_path):
    out = finished_run(tmp_path / "out", np.full((30, 30), 255, dtype=np.uint8))
    landslip.make_products(out, density=100)
    with rasterio.open(out / "density.tif") as dataset:
        share, observed = dataset.read()
    assert np.isnan(share).all()
    assert not observed.any()


def test_another_size_replaces_it_and_its_entry(tmp_path):
    out = finished_run(tmp_path / "out", landslide_scene())
    landslip.make_products(out, density=100)
    first = json.loads((out / "run.json").read_text())["products"]["density.tif"]
    result = landslip.make_products(out, density=200)
    second = json.loads((out / "run.json").read_text())["products"]["density.tif"]
    assert first != second
    assert result.products["density.tif"].stat().st_size == second["bytes"]


@pytest.mark.parametrize("metres", [0, -5, float("nan"), float("inf")])
def test_sizes_that_make_no_grid_are_refused(tmp_path, metres):
    out = finished_run(tmp_path / "out", landslide_scene())
    with pytest.raises(landslip.UsageError, match="make no grid"):
        landslip.make_products(out, density=metres)
