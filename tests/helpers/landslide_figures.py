"""Figures of one landslide, computed anew from the files of its map, slowly and with other libraries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyproj
import rasterio
import rasterio.features
import shapely

GLOBE = pyproj.Geod(ellps="WGS84")
CLASSES = (("likely", 0.9), ("probable", 0.7), ("possible", 0.0))


@dataclass(frozen=True)
class MapFiles:
    """Confidence of a map, and the ground below each of its pixels: arrays (rows, cols) float64, NaN where unknown."""

    confidence: np.ndarray
    transform: rasterio.Affine
    crs: str
    elevation: np.ndarray
    slope: np.ndarray
    east: np.ndarray
    north: np.ndarray


def opened(confidence, dem):
    """A map and its elevation model; gradients on the model's own grid (Horn), then bilinearly to the map."""
    with rasterio.open(confidence) as dataset:
        values, transform, crs = dataset.read(1), dataset.transform, dataset.crs.to_wkt()
    with rasterio.open(dem) as dataset:
        heights = dataset.read(1).astype(np.float64)
        if dataset.nodata is not None:
            heights[heights == dataset.nodata] = np.nan
        rows, cols = np.mgrid[: len(values), : values.shape[1]] + 0.5
        xs, ys = transform @ (cols, rows)
        there = pyproj.Transformer.from_crs(crs, dataset.crs.to_wkt(), always_xy=True).transform(xs, ys)
        on_dem = [part - 0.5 for part in reversed(~dataset.transform @ there)]
        wide, high = _cells(dataset)
    columns, lines = np.full(heights.shape, np.nan), np.full(heights.shape, np.nan)
    z = heights
    columns[1:-1] = z[:-2] + 2 * z[1:-1] + z[2:]
    lines[:, 1:-1] = z[:, :-2] + 2 * z[:, 1:-1] + z[:, 2:]
    east, north = np.full(heights.shape, np.nan), np.full(heights.shape, np.nan)
    east[:, 1:-1] = (columns[:, 2:] - columns[:, :-2]) / (8 * wide[:, None])
    north[1:-1] = (lines[:-2] - lines[2:]) / (8 * high[1:-1, None])
    steep = np.degrees(np.arctan(np.hypot(east, north)))
    return MapFiles(values, transform, crs, *(_bilinear(array, *on_dem) for array in (heights, steep, east, north)))


def _bilinear(array, rows, cols):
    top, left = np.floor(rows).astype(int), np.floor(cols).astype(int)
    down, across = rows - top, cols - left
    padded = np.pad(array, 1, mode="edge")

    def at(row, col):
        return padded[np.clip(row + 1, 0, len(padded) - 1), np.clip(col + 1, 0, padded.shape[1] - 1)]

    upper = at(top, left) * (1 - across) + at(top, left + 1) * across
    lower = at(top + 1, left) * (1 - across) + at(top + 1, left + 1) * across
    return upper * (1 - down) + lower * down


def _cells(dataset):
    """Width and height of the model's cells in metres, by row."""
    transform, rows = dataset.transform, dataset.height
    if dataset.crs.is_projected:
        return np.full(rows, transform.a), np.full(rows, -transform.e)
    latitudes = transform.f + transform.e * (np.arange(rows) + 0.5)
    wide = [GLOBE.inv(10, latitude, 10 + transform.a, latitude)[2] for latitude in latitudes]
    high = [GLOBE.inv(10, latitude + transform.e / 2, 10, latitude - transform.e / 2)[2] for latitude in latitudes]
    return np.array(wide), np.array(high)


def figures(outline, files):
    """What the file should say of a landslide; lengths by the scale in its middle."""
    inside = rasterio.features.rasterize([outline], files.confidence.shape, transform=files.transform) == 1
    around = np.pad(inside, 1)
    reached = np.any([np.roll(around, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)
    unseen = np.pad(files.confidence == 255, 1, constant_values=True)
    elevation, confidence = np.where(inside, files.elevation, np.nan), files.confidence[inside].astype(int)
    mean = confidence.sum() / (100 * len(confidence))
    to_degrees = pyproj.Transformer.from_crs(files.crs, 4326, always_xy=True)
    lowest, highest = (
        to_degrees.transform(*(files.transform @ (np.array(np.unravel_index(index, inside.shape))[::-1] + 0.5)))
        for index in (np.nanargmin(elevation), np.nanargmax(elevation))
    )
    drop, distance = np.nanmax(elevation) - np.nanmin(elevation), GLOBE.inv(*lowest, *highest)[2]
    on_globe = shapely.transform(outline, lambda points: np.column_stack(to_degrees.transform(*points.T)))
    area, _ = GLOBE.geometry_area_perimeter(shapely.orient_polygons(on_globe))
    perimeter = GLOBE.geometry_length(on_globe.boundary)  # holes have one too
    rectangle = shapely.get_coordinates(shapely.oriented_envelope(outline)) * perimeter / outline.length
    sides = np.hypot(*np.diff(rectangle[:3], axis=0).T)
    east, north = files.east[inside], files.north[inside]
    return {
        "area_m2": area,
        "area_ha": area / 1e4,
        "perimeter_m": perimeter,
        "length_m": sides.max(),
        "width_m": sides.min(),
        "elev_min": np.nanmin(elevation),
        "elev_max": np.nanmax(elevation),
        "relief_m": drop,
        "reach_angle": np.degrees(np.arctan2(drop, distance)),
        "slope_mean": files.slope[inside].mean(),
        "aspect_mean": np.degrees(np.arctan2(-east.sum(), -north.sum())) % 360,
        "confidence_mean": mean,
        "confidence_max": confidence.max() / 100,
        "confidence_class": next(name for name, least in CLASSES if mean >= least),
        "edge": bool((reached & unseen).any()),
    }
