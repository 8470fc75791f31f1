"""Images as sensors give them, and what plain numpy makes of them."""

from __future__ import annotations

import logging

import numpy as np
import rasterio

from helpers.rasters import LEFT, TOP, elevation, rgb, write
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.scene import open_scene

HIGH, WIDE = 90, 110
"""Size of the images, rows and columns."""


def radiance(height=HIGH, width=WIDE, seed=0):
    """What a sensor gives: (4, height, width) float64; red, green, blue and near infrared, some thousands."""
    rng = np.random.default_rng(seed)
    picture = rgb(height, width, seed).astype(np.float64)
    bands = np.concatenate([picture, picture[:1]]) * np.array([9.5, 8.0, 6.5, 20.0])[:, None, None]
    return np.round(300 + bands + rng.integers(0, 40, bands.shape))


def stretched(values, valid, low=None, high=None):
    """Plain numpy: percentiles of the known pixels of each band, and the line through them."""
    known = values[:, valid]
    if low is None:
        low, high = (np.percentile(known, percent, axis=1, method="inverted_cdf") for percent in (2, 98))
    low, high = (np.broadcast_to(limit, len(values))[:, None, None] for limit in (low, high))
    return np.clip(np.floor((values - low) * 255 / (high - low) + 0.5), 0, 255).astype(np.uint8)


def hidden():
    """Where the kinds below know nothing."""
    valid = np.ones((HIGH, WIDE), bool)
    valid[20:31, 40:60] = False
    return valid


def one(folder, values, resolution=10.0, **options):
    return write(folder / "image.tif", values, resolution, **options)


def named(path, **tags):
    """Give a file's bands colours, scales, names."""
    with rasterio.open(path, "r+") as dataset:
        for tag, value in tags.items():
            setattr(dataset, tag, value)
    return path


def bands_apart(folder, values, **options):
    return tuple(
        write(folder / f"{colour}.tif", band, 10.0, **options)
        for colour, band in zip(("red", "green", "blue"), values, strict=True)
    )


def uint16(folder, values):
    return one(folder, np.where(hidden(), values[:3], 0).astype(np.uint16), nodata=0)


def three_files(folder, values):
    return bands_apart(folder, np.where(hidden(), values[:3], 0).astype(np.uint16), nodata=0)


def read_all(files, resolution=6.0):
    with open_scene(files, resolution) as scene:
        return scene, scene.read(scene.grid.rows(0, scene.grid.height))


def warnings_in(caplog):
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


def plain_scene(folder):
    """An image in 8 bits and a model of the ground, to which others are added."""
    post = write(folder / "post.tif", rgb(HIGH, WIDE, 5), 10.0)
    dem = write(folder / "dem.tif", elevation(60, 70), 30.0, left=LEFT - 300, top=TOP + 300)
    return SceneFiles(post=post, dem=dem)
