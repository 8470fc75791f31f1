"""Scenes as Hypothesis draws them: every file on a grid of its own, with holes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyogrio
import rasterio
import shapely
from affine import Affine
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.warp import transform, transform_bounds

from helpers.rasters import CRS as HOME
from helpers.rasters import LEFT, TOP, elevation, rgb
from landslip.runtime.inputs.scene_files import SceneFiles

RESOLUTION = 6.0
METRES_PER_DEGREE = 111_000.0


@dataclass(frozen=True)
class Place:
    """The grid of a file."""

    kind: str
    """``north up``, ``south up``, ``rotated``, ``other zone`` or ``degrees``."""
    resolution: float
    """Metres."""
    offset: tuple[float, float]
    """Where its corner lies within a pixel, columns and rows."""
    margin: tuple[int, int, int, int]
    """Pixels it reaches beyond the map: left, top, right, bottom; negative where it falls short."""

    def lay(self, height: int, width: int) -> tuple[str, Affine, int, int]:
        """CRS, transform, rows and columns over a map of so many pixels."""
        crs = {"other zone": "EPSG:32633", "degrees": "EPSG:4326"}.get(self.kind, HOME)
        size = self.resolution / (METRES_PER_DEGREE if self.kind == "degrees" else 1)
        box = (LEFT, TOP - height * RESOLUTION, LEFT + width * RESOLUTION, TOP)
        west, south, east, north = transform_bounds(CRS.from_string(HOME), CRS.from_string(crs), *box)
        left, top, right, bottom = self.margin
        cols = max(1, math.ceil((east - west) / size) + left + right)
        rows = max(1, math.ceil((north - south) / size) + top + bottom)
        x, y = west + (self.offset[0] - left) * size, north - (self.offset[1] - top) * size
        placed = Affine(size, 0, x, 0, -size, y)
        if self.kind == "rotated":
            turn = (
                Affine.translation(cols / 2, rows / 2) @ Affine.rotation(17) @ Affine.translation(-cols / 2, -rows / 2)
            )
            placed = placed @ turn
        if self.kind == "south up":
            placed = Affine(size, 0, x, 0, size, y - rows * size)
        return crs, placed, rows, cols


@dataclass(frozen=True)
class File:
    """One raster."""

    place: Place
    dtype: str
    holes: str
    """How it says what is unknown: ``none``, ``nodata``, ``alpha``, ``nan`` or ``mask``."""
    seed: int


@dataclass(frozen=True)
class Case:
    """One scene and how it is mapped."""

    height: int
    width: int
    pre: File
    post: File
    terrain: tuple[File, ...]
    """An elevation model, or hillshade and slope."""
    masks: tuple[File, ...]
    aoi: File | str | None
    """A raster, or ``polygons``, or nothing."""
    tile: int
    overlap: float
    batch: int
    protocol: str

    def write(self, folder: Path) -> SceneFiles:
        """Write every file."""
        shape = (self.height, self.width)
        terrain = {}
        if len(self.terrain) == 1:
            terrain["dem"] = _write(folder / "dem.tif", self.terrain[0], shape, _heights)
        else:
            terrain["hillshade"] = _write(folder / "hillshade.tif", self.terrain[0], shape, _shades)
            terrain["slope"] = _write(folder / "slope.tif", self.terrain[1], shape, _slopes)
        aoi = None
        if self.aoi == "polygons":
            aoi = _polygons(folder / "aoi.gpkg", shape)
        elif isinstance(self.aoi, File):
            aoi = _write(folder / "aoi.tif", self.aoi, shape, _blobs)
        return SceneFiles(
            pre=_write(folder / "pre.tif", self.pre, shape, _picture),
            post=_write(folder / "post.tif", self.post, shape, _picture),
            masks=tuple(
                _write(folder / f"mask-{index}.tif", mask, shape, _clouds) for index, mask in enumerate(self.masks)
            ),
            aoi=aoi,
            **terrain,
        )


def _picture(rows: int, cols: int, file: File) -> np.ndarray:
    return rgb(rows, cols, file.seed)


def _heights(rows: int, cols: int, file: File) -> np.ndarray:
    return np.round(elevation(rows, cols, file.seed) * file.place.resolution / 30, 1)[None].astype(file.dtype)


def _shades(rows: int, cols: int, file: File) -> np.ndarray:
    return np.maximum(rgb(rows, cols, file.seed)[:1], 1)


def _slopes(rows: int, cols: int, file: File) -> np.ndarray:
    return (rgb(rows, cols, file.seed)[:1] / 4).astype(file.dtype)


def _blobs(rows: int, cols: int, file: File) -> np.ndarray:
    """Mostly set."""
    y, x = np.mgrid[:rows, :cols] + 0.0
    return (np.sin(x / 7 + file.seed) * np.cos(y / 5) > -0.6).astype(file.dtype)[None]


def _clouds(rows: int, cols: int, file: File) -> np.ndarray:
    """Mostly clear, some classes."""
    y, x = np.mgrid[:rows, :cols] + 0.0
    return (3 * (np.sin(x / 9 + file.seed) * np.cos(y / 6) > 0.7)).astype(file.dtype)[None]


def _write(path: Path, file: File, shape: tuple[int, int], content: object) -> Path:
    crs, placed, rows, cols = file.place.lay(*shape)
    values = content(rows, cols, file)
    rng = np.random.default_rng(file.seed)
    gone = rng.random((rows, cols)) < 0.002
    row, col = rng.integers(rows), rng.integers(cols)
    gone[row : row + 5, col : col + 9] = True
    options = {}
    if file.holes == "nodata":
        options["nodata"] = _nodata(values.dtype)
        values[:, gone] = options["nodata"]
    elif file.holes == "nan":
        values[:, gone] = np.nan
    elif file.holes == "alpha":
        values = np.concatenate([values, np.where(gone, 0, 255).astype(values.dtype)[None]])
        options |= {"photometric": "RGB", "alpha": "YES"}
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True):
        profile = {"driver": "GTiff", "count": len(values), "height": rows, "width": cols, "dtype": values.dtype}
        with rasterio.open(path, "w", crs=crs, transform=placed, **profile, **options) as dataset:
            dataset.write(values)
            if file.holes == "mask":
                dataset.write_mask(~gone)
    return path


def _nodata(dtype: np.dtype) -> int:
    return {"uint8": 0, "uint16": 65535, "int16": -32768}.get(dtype.name, -9999)


def _polygons(path: Path, shape: tuple[int, int]) -> Path:
    """A lens and a ring over most of the map, in degrees; no edge runs through the centres of pixels."""
    high, wide = shape[0] * RESOLUTION, shape[1] * RESOLUTION
    middle = shapely.Point(LEFT + 0.37 * wide, TOP - 0.4 * high)
    lens = shapely.affinity.scale(middle.buffer(1), 0.4 * wide, 0.45 * high)
    box = shapely.box(LEFT + 0.61317 * wide, TOP - 0.93171 * high, LEFT + 1.1 * wide, TOP - 0.13713 * high)
    ring = box.difference(box.buffer(-0.2 * min(wide, high)))
    shapes = shapely.transform(
        np.array([lens, ring]),
        lambda points: np.column_stack(transform(HOME, "EPSG:4326", points[:, 0], points[:, 1])[:2]),
    )
    pyogrio.raw.write(path, shapely.to_wkb(shapes), [], [], geometry_type="Polygon", crs="EPSG:4326", driver="GPKG")
    return path


KINDS = ("north up", "north up", "north up", "south up", "rotated", "other zone", "degrees")
UPRIGHT = tuple(kind for kind in KINDS if kind != "rotated")
FRACTIONS = (0.0, 0.0, 0.5, 1 / 3, 0.1, 0.77)
IMAGE_RESOLUTIONS = (3.0, 4.8, 5.0, 6.0, 6.0, 7.5, 10.0, 20.0)
TERRAIN_RESOLUTIONS = (3.0, 6.0, 10.0, 12.5, 30.0, 40.0)


@st.composite
def places(
    draw: st.DrawFn, resolutions: tuple[float, ...], margins: tuple[int, int], kinds: tuple[str, ...] = KINDS
) -> Place:
    """A grid over the map."""
    offset = (draw(st.sampled_from(FRACTIONS)), draw(st.sampled_from(FRACTIONS)))
    margin = tuple(draw(st.integers(*margins)) for _ in range(4))
    return Place(draw(st.sampled_from(kinds)), draw(st.sampled_from(resolutions)), offset, margin)


@st.composite
def files(draw: st.DrawFn, grids: st.SearchStrategy[Place], dtypes: tuple[str, ...], holes: tuple[str, ...]) -> File:
    """A file; NaN only where the type has it."""
    dtype, hole = draw(st.sampled_from(dtypes)), draw(st.sampled_from(holes))
    if hole == "nan" and not dtype.startswith("float"):
        hole = "nodata"
    return File(draw(grids), dtype, hole, draw(st.integers(0, 999)))


SIZES = st.one_of(st.integers(1, 200), st.integers(40, 200), st.integers(40, 200), st.integers(1, 600))
IMAGES = files(places(IMAGE_RESOLUTIONS, (-2, 3)), ("uint8",), ("none", "nodata", "alpha", "mask"))
MODELS = files(
    places(TERRAIN_RESOLUTIONS, (1, 5), UPRIGHT),
    ("float32", "int16", "uint16", "float64", "int32"),
    ("none", "nodata", "nan", "mask"),
)
SHADES = files(places(TERRAIN_RESOLUTIONS, (0, 3)), ("uint8",), ("none", "nodata", "mask"))
SLOPES = files(places(TERRAIN_RESOLUTIONS, (0, 3)), ("float32", "float64", "uint8"), ("none", "nan"))
MASKS = files(places(TERRAIN_RESOLUTIONS, (-1, 3)), ("uint8", "int16", "float32"), ("none", "mask"))
AREAS = files(places(TERRAIN_RESOLUTIONS, (-2, 2)), ("uint8",), ("none", "nodata"))


@st.composite
def cases(draw: st.DrawFn, sizes: st.SearchStrategy[int] = SIZES) -> Case:
    """A scene, most often a small one."""
    protocol = draw(st.sampled_from(("gaussian", "gaussian", "gaussian", "gaussian", "notebook")))
    case = Case(
        height=draw(sizes),
        width=draw(sizes),
        pre=draw(IMAGES),
        post=draw(IMAGES),
        terrain=draw(st.one_of(st.tuples(MODELS), st.tuples(MODELS), st.tuples(SHADES, SLOPES))),
        masks=tuple(draw(st.lists(MASKS, max_size=2))),
        aoi=draw(st.one_of(st.none(), st.none(), st.just("polygons"), AREAS)),
        tile=draw(st.sampled_from((32, 64, 96))),
        overlap=draw(st.sampled_from((0.0, 0.25, 0.5, 0.6, 0.75))),
        batch=draw(st.integers(1, 9)),
        protocol=protocol,
    )
    # Different pictures, or they would be one image twice.
    return case if case.pre.seed != case.post.seed else replace(case, pre=replace(case.pre, seed=case.post.seed + 1))
