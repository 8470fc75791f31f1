"""A whole map the slow and plain way, from what the documentation says: whole arrays, numpy, float64, tile by tile.

Nothing of the runtime is used but the type of the request. Where a decision hangs by less than the runtime promises to
be exact (a coordinate on the border of a pixel, after a projection), the map says so instead of deciding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform, transform_bounds

from helpers.engines import mixture
from helpers.reference_terrain import terrain
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.scene_files import SceneFiles

Bounds = tuple[float, float, float, float]

PROJECTED = 1e-3
"""Source pixels: how far the runtime's coordinates may be from PROJ's own."""
ROUNDED = 1e-9
"""Source pixels: floating point, where the filter ends on a pixel centre."""


@dataclass(frozen=True)
class Grid:
    """North up, square pixels."""

    crs: CRS
    left: float
    top: float
    resolution: float
    height: int
    width: int

    def centres(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y of every pixel's centre: (height, width) each."""
        cols, rows = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        return self.left + cols * self.resolution, self.top - rows * self.resolution


@dataclass(frozen=True)
class Known:
    """What is known of every pixel (height, width): for sure, and perhaps."""

    surely: np.ndarray
    perhaps: np.ndarray

    def __and__(self, other: Known) -> Known:
        return Known(self.surely & other.surely, self.perhaps & other.perhaps)


@dataclass(frozen=True)
class Source:
    """A whole file."""

    crs: CRS
    transform: Affine
    values: np.ndarray
    """(bands, rows, cols)."""
    valid: np.ndarray
    """(rows, cols): not nodata, not masked, finite."""
    masked: bool = False
    """Whether a mask or an alpha band says what is valid."""


@dataclass(frozen=True)
class ReferenceMap:
    """The map as it should be."""

    grid: Grid
    percent: np.ndarray
    """(height, width) float64, not truncated; means nothing where not observed."""
    observed: Known


def load(path: Path) -> Source:
    """Read a whole file."""
    with rasterio.open(path) as dataset:
        values, valid = dataset.read(), dataset.dataset_mask() != 0
        finite = np.isfinite(values)
        flags = {flag.name for flags in dataset.mask_flag_enums for flag in flags}
        valid &= finite.all(axis=0)
        masked = not flags.isdisjoint({"per_dataset", "alpha"})
        return Source(dataset.crs, dataset.transform, np.where(finite, values, 0), valid, masked)


def _clear(source: Source) -> np.ndarray:
    """Where a mask hides nothing; its nodata decides nothing, but what a mask of its own hides is unknown."""
    return (source.values[0] == 0) & (source.valid | (not source.masked))


def reference_map(
    files: SceneFiles, *, resolution: float, tile: int, overlap: float, protocol: str = "gaussian"
) -> ReferenceMap | None:
    """Make a map of a scene with both images, by the mixing engine; None where no pixel is common to the images.

    Args:
        files: local files; each image, mask and elevation model is one file.
        resolution: metres.
        tile: pixels.
        overlap: of the gaussian protocol.
        protocol: ``gaussian`` or ``notebook``.
    """
    images = {role: load(getattr(files, role)) for role in ("pre", "post")}
    area = None if files.aoi is None else _Area(files.aoi)
    grid = _grid(images["post"], [images["pre"], images["post"]], area, resolution)
    if grid is None:
        return None
    everywhere = np.ones((grid.height, grid.width), bool)
    arrays, observed = {}, Known(everywhere, everywhere)
    for role, source in {**images, **_terrain(files)}.items():
        values = source.values[:3] if role in images else source.values
        arrays[role], known = _triangle(source, values, grid)
        observed &= known
    for mask in files.masks:
        observed &= _nearest(load(mask), grid, _clear)
    if area is not None:
        observed &= area.inside(grid)
    percent, covered = _mapped(arrays, observed, tile, overlap, protocol)
    return ReferenceMap(grid, percent, observed & covered)


def _terrain(files: SceneFiles) -> dict[str, Source]:
    if files.dem is not None:
        dem = load(files.dem)
        hillshade, slope, known = terrain(dem.values[0], dem.valid, dem.crs, dem.transform)
        return {
            "hillshade": Source(dem.crs, dem.transform, hillshade[None], known),
            "slope": Source(dem.crs, dem.transform, slope[None], known),
        }
    shaded, steep = load(files.hillshade), load(files.slope)
    return {
        "hillshade": replace(shaded, valid=shaded.valid & (shaded.values[0] != 0)),
        "slope": replace(steep, values=steep.values.astype(np.float64)),
    }


def on_map(source: Source, grid: MapGrid) -> tuple[np.ndarray, np.ndarray]:
    """Values (bands, rows, cols) of a whole file on the grid of a map, and where (rows, cols) they surely are known."""
    own = Grid(grid.crs, grid.transform.c, grid.transform.f, grid.resolution, grid.height, grid.width)
    values, known = _triangle(source, source.values, own)
    return values, known.surely


def _outline(source: Source, crs: CRS) -> Bounds:
    rows, cols = source.valid.shape
    xs, ys = zip(*(source.transform @ corner for corner in ((0, 0), (cols, 0), (0, rows), (cols, rows))), strict=True)
    box = (min(xs), min(ys), max(xs), max(ys))
    return box if source.crs == crs else transform_bounds(source.crs, crs, *box, densify_pts=21)


def _grid(leading: Source, images: list[Source], area: _Area | None, resolution: float) -> Grid | None:
    crs = leading.crs if leading.crs.is_projected else CRS.from_epsg(32632)
    left, bottom, right, top = _common([_outline(image, crs) for image in images])
    if area is not None:
        left, bottom, right, top = _common(
            [(left, bottom, right, top), area.bounds_near(crs, left, bottom, right, top)]
        )
    placed = leading.transform
    own = leading.crs == crs and placed[:2] == (resolution, 0) and placed[3:5] == (0, -resolution)
    x, y = (placed.c, placed.f) if own else (0.0, 0.0)

    def first_centre(distance: float) -> int:
        return int(np.ceil(distance / resolution - 0.5 - 1e-6))

    first_col, last_col = first_centre(left - x), first_centre(right - x)
    first_row, last_row = first_centre(y - top), first_centre(y - bottom)
    height, width = last_row - first_row, last_col - first_col
    if height < 1 or width < 1:
        return None
    return Grid(crs, x + first_col * resolution, y - first_row * resolution, resolution, height, width)


def _common(boxes: list[Bounds]) -> Bounds:
    if any(not all(map(np.isfinite, box)) for box in boxes):
        return 0.0, 0.0, -1.0, -1.0
    left, bottom = (max(box[side] for box in boxes) for side in (0, 1))
    right, top = (min(box[side] for box in boxes) for side in (2, 3))
    return left, bottom, right, top


class _Area:
    """An area of interest: polygons, or the nonzero pixels of a raster."""

    def __init__(self, path: Path) -> None:
        self._raster = load(path) if path.suffix == ".tif" else None
        if self._raster is None:
            meta, _, shapes, _ = pyogrio.raw.read(path)
            self._crs, self._shape = CRS.from_user_input(meta["crs"]), shapely.union_all(shapely.from_wkb(shapes))

    def bounds_near(self, crs: CRS, left: float, bottom: float, right: float, top: float) -> Bounds:
        """Of what lies near a box: a tenth of its size around it. What is further away has no say."""
        if self._raster is not None:
            return _outline(self._raster, crs)
        wide, high = (right - left) / 10, (top - bottom) / 10
        if not (wide > 0 and high > 0):
            return 0.0, 0.0, -1.0, -1.0
        return shapely.clip_by_rect(self._moved(crs), left - wide, bottom - high, right + wide, top + high).bounds

    def inside(self, grid: Grid) -> Known:
        if self._raster is not None:
            return _nearest(self._raster, grid, lambda source: source.valid & (source.values[0] != 0))
        shape, (xs, ys) = self._moved(grid.crs), grid.centres()
        surely, perhaps = (shapely.contains_xy(shape.buffer(reach), xs, ys) for reach in (-0.01, 0.01))
        return Known(surely, perhaps)

    def _moved(self, crs: CRS) -> shapely.Geometry:
        """Sides are straight in the CRS of the file."""
        left, bottom, right, top = self._shape.bounds
        return shapely.transform(
            shapely.segmentize(self._shape, max(right - left, top - bottom) / 2000),
            lambda points: np.column_stack(transform(self._crs, crs, points[:, 0], points[:, 1])[:2]),
        )


def _places(source: Source, grid: Grid) -> tuple[np.ndarray, np.ndarray, float]:
    """Row and column of every map pixel in a source, from its first pixel's centre, and how sure that is."""
    xs, ys = grid.centres()
    inverse = ~source.transform
    if source.crs != grid.crs:
        moved = transform(grid.crs, source.crs, xs.ravel(), ys.ravel())
        xs, ys = (np.reshape(part, xs.shape) for part in moved[:2])
    cols = inverse.a * xs + inverse.b * ys + inverse.c - 0.5
    rows = inverse.d * xs + inverse.e * ys + inverse.f - 0.5
    if source.crs == grid.crs and inverse.b == 0 == inverse.d:
        return np.round(rows, 6), np.round(cols, 6), 0.0
    return rows, cols, PROJECTED


def _reaches(place: np.ndarray, length: int, slack: float) -> np.ndarray:
    return (place >= -0.5 - slack) & (place < length - 0.5 + slack)


def _nearest(source: Source, grid: Grid, usable: object) -> Known:
    rows, cols, unsure = _places(source, grid)
    height, width = source.valid.shape
    good = usable(source)
    surely, perhaps = np.ones(rows.shape, bool), np.zeros(rows.shape, bool)
    for down in (-unsure, unsure):
        for right in (-unsure, unsure):
            row, col = np.floor(rows + down + 0.5).astype(int), np.floor(cols + right + 0.5).astype(int)
            inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
            here = inside & good[np.clip(row, 0, height - 1), np.clip(col, 0, width - 1)]
            surely &= here
            perhaps |= here
    return Known(surely, perhaps)


def _spans(rows: np.ndarray, cols: np.ndarray, source: Source, grid: Grid) -> tuple[float, float]:
    """Size of a map pixel in source pixels, (rows, columns), in the middle of the map."""
    middle = Grid(
        grid.crs,
        grid.left + grid.width // 2 * grid.resolution,
        grid.top - grid.height // 2 * grid.resolution,
        grid.resolution,
        2,
        2,
    )
    rows, cols, _ = _places(source, middle)
    down, across = (float(np.hypot(part[0, 1] - part[0, 0], part[1, 0] - part[0, 0])) for part in (rows, cols))
    return down, across


def _triangle(source: Source, values: np.ndarray, grid: Grid) -> tuple[np.ndarray, Known]:
    """Values (bands, height, width) in float64, whole where the source is whole numbers, 0 where nothing is known."""
    rows, cols, unsure = _places(source, grid)
    radius = [span if span > 1 / 0.95 else 1.0 for span in _spans(rows, cols, source, grid)]
    unsure = unsure or (ROUNDED if radius != [1.0, 1.0] else 0.0)
    height, width = source.valid.shape
    total, weights = np.zeros((len(values), *rows.shape)), np.zeros(rows.shape)
    surely, perhaps = (_reaches(rows, height, slack) & _reaches(cols, width, slack) for slack in (-unsure, unsure))
    reach_down, reach_right = (int(np.ceil(part)) + 1 for part in radius)
    for down in range(-reach_down, reach_down + 1):
        for right in range(-reach_right, reach_right + 1):
            row, col = np.floor(rows).astype(int) + down, np.floor(cols).astype(int) + right
            inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
            far_down, far_right = np.abs(row - rows), np.abs(col - cols)
            row, col = np.clip(row, 0, height - 1), np.clip(col, 0, width - 1)
            unknown = inside & ~source.valid[row, col]
            surely &= ~(unknown & (far_down < radius[0] + unsure) & (far_right < radius[1] + unsure))
            perhaps &= ~(unknown & (far_down < radius[0] - unsure) & (far_right < radius[1] - unsure))
            weight = np.maximum(0, 1 - far_down / radius[0]) * np.maximum(0, 1 - far_right / radius[1]) * inside
            total += weight * values[:, row, col].astype(np.float64)
            weights += weight
    found = np.divide(total, weights, out=np.zeros_like(total), where=weights > 0)
    if np.issubdtype(values.dtype, np.integer):
        found = np.floor(found + 0.5)
    return np.where(perhaps, found, 0), Known(surely, perhaps)


def _starts(length: int, tile: int, overlap: float) -> list[int]:
    if length <= tile:
        return [-((tile - length) // 2)]
    hop = max(1, round(tile * (1 - overlap)))
    steps = -(-(length - tile) // hop)
    return [round(step * (length - tile) / steps) for step in range(steps + 1)]


def _mirrored(start: int, tile: int, length: int) -> np.ndarray:
    places = np.arange(start, start + tile)
    if length == 1:
        return np.zeros_like(places)
    places = np.abs(places) % (2 * length - 2)
    return np.minimum(places, 2 * length - 2 - places)


def _mapped(
    arrays: Mapping[str, np.ndarray], observed: Known, tile: int, overlap: float, protocol: str
) -> tuple[np.ndarray, Known]:
    """Percent (height, width) float64, and which pixels are covered by a tile that is predicted."""
    height, width = observed.surely.shape
    half = tile // 2
    distance = (np.arange(tile) - (tile - 1) / 2) / (tile / 8)
    line, least = np.maximum(np.exp(-(distance**2) / 2), 1e-3), 1
    rows, cols = (_starts(length, tile, overlap) for length in (height, width))
    if protocol == "notebook":
        line, least = np.zeros(tile), half * tile
        line[half // 2 : half // 2 + half] = 1
        rows, cols = (range(1, length - tile - 1, half) for length in (height, width))
    window = np.outer(line, line)
    total, weight = np.zeros((height, width)), np.zeros((height, width))
    surely, perhaps = np.ones((height, width), bool), np.zeros((height, width), bool)
    for top in rows:
        for left in cols:
            y, x = slice(max(0, top), top + tile), slice(max(0, left), left + tile)
            inner = (slice(y.start - top, min(tile, height - top)), slice(x.start - left, min(tile, width - left)))
            share = window[inner]
            surely[y, x] &= (observed.surely[y, x].sum() >= least) | (share == 0)
            if observed.perhaps[y, x].sum() < least:
                continue
            place = np.ix_(_mirrored(top, tile, height), _mirrored(left, tile, width))
            batch = {role: np.stack([band[place] for band in array])[None] for role, array in arrays.items()}
            total[y, x] += share * mixture(batch)[0, 0][inner].astype(np.float64)
            weight[y, x] += share
            perhaps[y, x] |= share > 0
    percent = 100 * np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return percent, Known(surely & perhaps, perhaps)
