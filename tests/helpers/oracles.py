"""Slow, plain, whole-array twins of what the runtime does in pieces."""

from __future__ import annotations

import numpy as np

from landslip.runtime.tiling.tile_grid import TileGrid, reflect


def tile_of(image: np.ndarray, row: int, col: int, tile: int) -> np.ndarray:
    """(bands, tile, tile) cut from a whole image (bands, h, w), reflected where it reaches over the edge."""
    rows = [reflect(row + i, image.shape[1]) for i in range(tile)]
    cols = [reflect(col + j, image.shape[2]) for j in range(tile)]
    return image[:, rows][:, :, cols]


def weighted_mean(grid: TileGrid, tiles: dict[tuple[int, int], np.ndarray], weights: np.ndarray) -> np.ndarray:
    """sum(w p) / sum(w) in float64, scattered tile by tile: (height, width), NaN where no tile lies."""
    total = np.zeros((grid.height, grid.width))
    weight = np.zeros_like(total)
    window = np.outer(weights, weights)
    for (row, col), values in tiles.items():
        top, left = grid.rows[row], grid.cols[col]
        y = slice(max(0, top), min(grid.height, top + grid.tile))
        x = slice(max(0, left), min(grid.width, left + grid.tile))
        inner = (slice(y.start - top, y.stop - top), slice(x.start - left, x.stop - left))
        total[y, x] += window[inner] * values[inner].astype(np.float64)
        weight[y, x] += window[inner]
    return np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)


def components(mask: np.ndarray) -> list[tuple[tuple[int, int], ...]]:
    """Pixels (row, col) of each 8-connected set of a mask, by last row, then first pixel; a flood fill."""
    todo = {(int(row), int(col)) for row, col in np.argwhere(mask)}
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
        found.append(tuple(sorted(pixels)))
    return sorted(found, key=lambda pixels: (pixels[-1][0], pixels[0]))
