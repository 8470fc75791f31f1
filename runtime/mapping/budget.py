"""Budget of a run: memory and disk, from the geometry alone.

Memory grows with the width of the map, the tile and the batch, never with the height.
"""

from __future__ import annotations

import numpy as np

from landslip.runtime.artifacts.feature_cut import SharedFeatures
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.geo.window_blocks import LARGEST_WINDOW
from landslip.runtime.mapping.assemble import BLOCK_ROWS, rows_at_hand
from landslip.runtime.products.thumbnails import EDGE
from landslip.runtime.tiling.piece_grid import PieceGrid
from landslip.runtime.tiling.plan import Plan
from landslip.runtime.tiling.tile_grid import TileGrid

COMPRESSED = 0.5
"""Bytes per pixel of the map on disk, a guess: maps with little in them take a tenth, noise takes all of 1."""

_WAITING = 3
"""Blocks of rows that exist at once between two stages: one being made, one in the queue, one being taken."""

_RESULTS = 3
"""Results of batches at once besides those with the engine: two in the queue, one being taken."""

_BATCHES = 7
"""Batches at once besides those with the engine: two queues of two, and one in each of the three other hands."""

_BUFFERS = 4
"""Buffers that hold inputs: two in the queue, one being filled, one on its way."""

_READING = 24
"""Bytes per pixel of an input while a window is read: values, their copy in another type, terrain, validity."""

_COORDINATES = 16
"""Bytes per map pixel for its place in an input of another projection."""

_PICTURE = 40
"""Bytes per pixel of the small pictures: thumbnails, panels twice, masks, and the file that they become."""

_KINDS = 12
"""Bytes more per pixel where the map tells classes apart: kinds, the order in which they spread, one more picture."""

_HALVED = 2
"""Bytes per pixel of a strip while the overviews of it are made: a copy of it, and what comes of that."""

_SHEET = 16 << 20
"""Bytes of the paper around them, at the least: of the sheet, and of Pillow's copy of it."""


def memory_needed(
    plan: Plan, spec: ModelSpec, batch: int, lanes: int, input_pixels: int, shared: SharedFeatures | None = None
) -> dict[str, int]:
    """Bytes of the large arrays of a run, at most, apart from the engine and what Python and the libraries take.

    Args:
        plan: the tiles.
        spec: the model.
        batch: tiles per call of the engine.
        lanes: calls of the engine at once.
        input_pixels: of the largest input, or of that part of it that lies below the map.
        shared: features that overlapping tiles share.

    Returns:
        ``reading``: a window being read and resampled. ``queues``: rows and batches between the stages. ``register``:
        the rows of inputs, and of features where these are shared, that a row of tiles shows. ``stitcher``: the sums of
        rows that are not final, the rows made of them, their overviews, and the labels of the landslides there.
        ``quicklook``: the pictures of the whole map in small.
    """
    tiles = plan.tiles
    each = _PICTURE + _KINDS * bool(spec.classes)
    picture = {"quicklook": _SHEET + _thumbnail_pixels(tiles.height, tiles.width) * each}
    if not tiles.rows:
        return dict.fromkeys(("reading", "queues", "register", "stitcher"), 0) | picture
    width, area, last = tiles.width, tiles.tile**2, len(tiles.rows) - 1
    inputs = [entry.bands * np.dtype(entry.dtype).itemsize for entry in spec.inputs]
    per_pixel = sum(inputs) + 1
    pieces = None if shared is None else PieceGrid.of(tiles, shared.reach)
    held = rows_at_hand(tiles, 0, pieces)
    features = [] if shared is None else [each.bands * np.dtype(each.dtype).itemsize for each in shared.values]
    kept = 0 if pieces is None else pieces.rows_at_hand(0) * pieces.width * sum(features)
    strip = max(high - low for low, high in map(tiles.strip, range(last + 1)))
    calls = lanes + (lanes > 1)  # one more waits
    ends = (_BATCHES + calls) * (1 + batch // max(1, len(tiles.cols))) * strip
    finished = ends + _WAITING * strip
    joined = (4 + 1 + 1) * bool(spec.classes)  # confidence before it is percent, classes, and these once more
    reasons = finished + held + 2 * BLOCK_ROWS  # of rows that are read and not yet traced
    return {
        "reading": _reading(tiles, min(BLOCK_ROWS, tiles.height), input_pixels),
        "queues": _WAITING * min(BLOCK_ROWS, tiles.height) * width * per_pixel
        + (finished + reasons + _WAITING * strip * bool(spec.classes)) * width
        + (_BUFFERS + calls) * batch * area * (sum(inputs) + sum(features))
        + (batch * area * (sum(inputs) + sum(features)) if features else 0)
        + (_RESULTS + calls) * batch * area * 4 * spec.output_bands,
        "register": held * width * per_pixel + kept,
        "stitcher": tiles.tile * width * 4 * spec.output_bands + strip * width * (1 + 1 + 4 + _HALVED + joined),
    } | picture


def _reading(tiles: TileGrid, rows: int, input_pixels: int) -> int:
    share = rows / tiles.height
    window = min(LARGEST_WINDOW, int(share * input_pixels))
    return window * _READING + rows * tiles.width * _COORDINATES


def _thumbnail_pixels(height: int, width: int) -> int:
    step = max(1, -(-max(height, width) // EDGE))
    return -(-height // step) * -(-width // step)


def disk_needed(grid: MapGrid, images: int, *, classes: bool = False) -> dict[str, int]:
    """Bytes that a run writes, its map at :data:`COMPRESSED` per pixel; polygons are left out, as nobody knows them.

    Args:
        grid: the map.
        images: how many there are.
        classes: whether the map tells several classes apart, which are a map of their own.

    Returns:
        ``working``: the rows as they are made and their overviews, a byte a pixel; small pictures. Gone at the end.
        ``map``: the finished map. ``quicklook``: its pictures, not compressed.
    """
    maps = 1 + classes
    pixels = grid.height * grid.width * COMPRESSED
    small = 3 * _thumbnail_pixels(grid.height, grid.width)
    # Overviews of half the size, a quarter and so on add a third.
    return {
        "working": int(maps * grid.height * grid.width * 4 / 3 + images * small),
        "map": int(maps * pixels * 4 / 3),
        "quicklook": (images + 1) * small,
    }
