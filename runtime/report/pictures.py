"""Pictures of a scene, encoded level by level while its images are read once from the top down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from landslip.runtime.artifacts.channels import Date
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.windows import make_window
from landslip.runtime.report.picture_store import PER_TILE, PictureStore
from landslip.runtime.report.tile_places import TILE, Pyramid, TilePlace
from landslip.runtime.report.webp import QUALITIES, Picture, base64_length, blank, encoded, halved, picture_of

_ROWS = 64
"""Map rows that are read at a time: as many as for the map, so that GDAL's cache is as large as is needed."""

_TRIED = 12
"""Tiles that are encoded to see how large they are, at the most; fewer of small maps."""

_EASILY = 0.6
"""Share of the page that all tiles may take as tried, so that they fit as they are."""

_AHEAD = 24
"""Tiles that may wait for being encoded."""

_ENCODERS = 2
"""Threads that encode, besides the one that reads."""


class ImageSource(Protocol):
    """Images of a scene on a map grid, as :class:`landslip.runtime.scene.scene.Scene` gives them."""

    grid: MapGrid

    @property
    def images(self) -> tuple[Date, ...]:
        """Roles of the images in the order of time."""
        ...

    def read_images(self, window: Window) -> dict[Date, NDArray[np.uint8]]:
        """The images alone on a window: (3, rows, cols) each."""
        ...


def affordable(source: ImageSource, pyramid: Pyramid, budget: int) -> tuple[int, float]:
    """Quality at which all tiles fit into a page, or the lowest one, with the bytes that a tile takes then.

    Args:
        source: the images; a few tiles of the finest level are tried.
        pyramid: the levels.
        budget: bytes of the page.
    """
    pictures = list(_tried(source, pyramid))
    count = sum(rows * cols for rows, cols in map(pyramid.counts, range(pyramid.top)))
    cost = 0.0
    for quality in QUALITIES:
        sizes = [base64_length(len(encoded(picture, quality))) + PER_TILE for picture in pictures]
        cost = float(np.mean(sizes)) * len(source.images)
        if cost * count <= _EASILY * budget:
            return quality, cost
    return QUALITIES[-1], cost


def _tried(source: ImageSource, pyramid: Pyramid) -> Iterator[Picture]:
    """Pictures of a few tiles, of each image."""
    grid = source.grid
    high, wide = min(TILE, grid.height), min(TILE, grid.width)
    rows, cols = pyramid.counts(0)
    steps = np.linspace(0, 1, min(_TRIED, 1 + rows * cols // 8))
    # Along a line that comes by every part of the map.
    tops = np.rint(steps * (grid.height - high)).astype(int)
    lefts = np.rint(steps * 5 % 1 * (grid.width - wide)).astype(int)
    for top, left in zip(tops.tolist(), lefts.tolist(), strict=True):
        yield from map(picture_of, source.read_images(make_window(left, top, wide, high)).values())


def encode_tiles(
    source: ImageSource, pyramid: Pyramid, wanted: set[TilePlace], quality: int, store: PictureStore
) -> dict[Date, Picture]:
    """Read the images once, and keep the tiles that are wanted.

    Args:
        source: the images.
        pyramid: the levels.
        wanted: tiles that are encoded.
        quality: 0 to 100.
        store: where they are kept.

    Returns:
        The top of the pyramid of each image: the whole map, small.
    """
    with ThreadPoolExecutor(_ENCODERS) as pool:
        queue = _Encoding(pool, quality, store)
        stacks: dict[Date, _Level] = {role: _Level(pyramid, 0, wanted, _sink(queue, role)) for role in source.images}
        for window in _strips(source.grid):
            for role, bands in source.read_images(window).items():
                stacks[role].add(picture_of(bands))
        tops: dict[Date, Picture] = {role: stack.end() for role, stack in stacks.items()}
        queue.drain()
    return tops


def _strips(grid: MapGrid) -> Iterator[Window]:
    for top in range(0, grid.height, _ROWS):
        yield grid.rows(top, min(top + _ROWS, grid.height))


_Sink = Callable[[TilePlace, Picture], None]


def _sink(queue: _Encoding, role: Date) -> _Sink:
    return lambda place, picture: queue.put(role, place, picture)


class _Encoding:
    """Tiles that are being encoded; kept in the order in which they came, so that the store is always the same."""

    def __init__(self, pool: ThreadPoolExecutor, quality: int, store: PictureStore) -> None:
        self._pool, self._quality, self._store = pool, quality, store
        self._waiting: deque[tuple[Date, TilePlace, Future[bytes]]] = deque()

    def put(self, role: Date, place: TilePlace, picture: Picture) -> None:
        self._waiting.append((role, place, self._pool.submit(encoded, picture, self._quality)))
        while len(self._waiting) > _AHEAD:
            self._keep_next()

    def drain(self) -> None:
        while self._waiting:
            self._keep_next()

    def _keep_next(self) -> None:
        role, place, data = self._waiting.popleft()
        self._store.add(role, place, data.result())


class _Level:
    """Rows of one level of one image: cut into tiles as soon as they are full, and halved for the level above."""

    def __init__(self, pyramid: Pyramid, level: int, wanted: set[TilePlace], sink: _Sink) -> None:
        self._level, self._sink = level, sink
        height, self._width = pyramid.size(level)
        self._is_top = level >= pyramid.top
        self._wanted = wanted
        self._cols = pyramid.counts(level)[1]
        self._buffer = blank(self._width, height if self._is_top else TILE)
        self._filled, self._tile_row = 0, 0
        self._above = None if self._is_top else _Level(pyramid, level + 1, wanted, sink)

    def add(self, rows: Picture) -> None:
        """Take the next rows, as many as there are."""
        start = 0
        while start < rows.height:
            count = min(rows.height - start, self._buffer.height - self._filled)
            part = rows if count == rows.height else rows.crop((0, start, self._width, start + count))
            self._buffer.paste(part, (0, self._filled))
            self._filled += count
            start += count
            if self._filled == self._buffer.height and not self._is_top:
                self._give_on()

    def end(self) -> Picture:
        """The top of the pyramid once all rows have come."""
        if self._above is None:
            return self._buffer
        if self._filled:
            self._buffer = self._buffer.crop((0, 0, self._width, self._filled))
            self._give_on()
        return self._above.end()

    def _give_on(self) -> None:
        for place in self._row_of_places():
            if place in self._wanted:
                left = place.col * TILE
                box = (left, 0, min(left + TILE, self._width), self._filled)
                self._sink(place, self._buffer.crop(box))
        if self._above is not None:
            self._above.add(halved(self._buffer))
        self._filled, self._tile_row = 0, self._tile_row + 1

    def _row_of_places(self) -> Sequence[TilePlace]:
        return [TilePlace(self._level, self._tile_row, col) for col in range(self._cols)]
