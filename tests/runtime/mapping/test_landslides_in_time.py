"""Landslides come out as soon as the tiles that touch them are computed, while the rest of the map is still to do."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from helpers.engines import SPEC
from helpers.rasters import scene_on_grid, write
from landslip.runtime.engines import EngineOptions, FakeEngine
from landslip.runtime.mapping import pipeline
from landslip.runtime.mapping.assemble import read_rows
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.tiling.tile_grid import TileGrid

SMALL = replace(SPEC, tile=64)
HEIGHT, WIDTH = 400, 200
TILES = TileGrid.even(HEIGHT, WIDTH, 64, 0.5)


def scene(folder, last):
    """A scene with one landslide that ends with this map row; the slope of a pixel tells its row."""
    post = np.full((3, HEIGHT, WIDTH), 20, np.uint8)
    post[:, last - 9 : last + 1, 80:120] = 220
    rows = np.repeat(np.arange(HEIGHT, dtype=np.float32)[:, None] / 10, WIDTH, axis=1)
    files = scene_on_grid(folder, HEIGHT, WIDTH)
    return replace(files, post=write(folder / "after.tif", post, 6.0), slope=write(folder / "rows.tif", rows, 6.0))


class Watched:
    """An engine that shows landslides, and computes no tile from some row of tiles on before one has been told."""

    def __init__(self, stop, lanes):
        self.told, self.late, self.computed = threading.Event(), [], []
        self.engine = FakeEngine(SMALL, self.confidence, lanes=lanes)
        self._stop = stop

    def confidence(self, batch):
        rows = [TILES.rows.index(round(10 * float(tile[0, 0, 0]))) for tile in batch["slope"] if tile.any()]
        if any(row >= self._stop for row in rows) and not self.told.wait(60):
            self.late.append(max(rows))
        self.computed += rows
        return np.float32(batch["post"][:, :1]) / np.float32(255)


@pytest.mark.parametrize(
    ("row_in_strip", "batch"),
    [(10, 1), (10, 4), (-1, 1)],
    ids=["inside a strip", "inside a strip, batches", "up to the end of a strip"],
)
@pytest.mark.parametrize("lanes", [1, 2])
def test_a_landslide_comes_before_the_next_row_but_one_is_begun(tmp_path, row_in_strip, batch, lanes):
    strip = range(*TILES.strip(4))
    last = strip[row_in_strip]
    touching = max(row for row in range(len(TILES.rows)) if TILES.rows[row] <= last)
    watched, seen = Watched(touching + 2, lanes), []

    def told(landslide):
        seen.append((landslide, list(watched.computed)))
        watched.told.set()

    request = MapRequest(
        tmp_path / "no-model", scene(tmp_path, last), tmp_path / "out", engine=EngineOptions(batch=batch), force=True
    )
    map_scene(request, engine=watched.engine, listeners=Listeners(told))
    ((landslide, computed),) = seen
    assert not watched.late
    assert landslide.pixels == 10 * 40
    assert all(computed.count(row) == len(TILES.cols) for row in range(touching + 1))
    assert len(watched.computed) == len(TILES)


@pytest.mark.parametrize("lanes", [1, 2])
def test_a_landslide_comes_while_the_rows_below_it_are_waited_for(tmp_path, lanes, monkeypatch):
    last = TILES.strip(4)[0] + 10
    told, in_time = threading.Event(), []

    def read_slowly(*arguments):
        for block in read_rows(*arguments):
            if block.window.row_off >= TILES.rows_to_read(4)[1]:
                in_time.append(told.wait(20))
            yield block

    monkeypatch.setattr(pipeline, "read_rows", read_slowly)
    request = MapRequest(
        tmp_path / "no-model", scene(tmp_path, last), tmp_path / "out", engine=EngineOptions(batch=1), force=True
    )
    engine = FakeEngine(SMALL, lambda batch: np.float32(batch["post"][:, :1]) / np.float32(255), lanes=lanes)
    map_scene(request, engine=engine, listeners=Listeners(lambda _: told.set()))
    assert in_time
    assert all(in_time)
