"""Scenes of measured bands, descriptions of networks that take them, and reading of both."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import rasterio

from helpers.rasters import write
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.scene.scene import open_scene


def described(name, *channels, unit="reflectance", **options):
    """An input of channels, in the type that is fed."""
    draft = InputSpec(name, len(channels), "float32", unit, 1.0, 0.0, channels, **options)
    return replace(draft, dtype=draft.fed_dtype)


def network(*inputs, **changes):
    """A description of a network of such inputs."""
    return replace(published_spec("net", "tests"), inputs=inputs, **changes)


def numbers(bands, height, width, seed=0, dtype=np.uint16):
    """Stored numbers as of surface reflectance, some hundreds to thousands, with structure: (bands, height, width)."""
    rng = np.random.default_rng(seed)
    rows, cols = np.mgrid[:height, :width]
    waves = [900 + 300 * k + 400 * np.sin(rows / (7 + k) + seed) * np.cos(cols / (9 + k)) for k in range(bands)]
    return (np.stack(waves) + rng.integers(0, 300, (bands, height, width))).astype(dtype)


def named(path, names, scale=None, offset=0.0):
    """Give the bands of a file names, and a scale and an offset."""
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = tuple(names)
        if scale is not None:
            dataset.scales, dataset.offsets = (scale,) * dataset.count, (offset,) * dataset.count
    return path


def stack(path, values, names, resolution=10.0, *, scale=0.0001, offset=0.0, **options):
    """A file of named bands."""
    return named(write(path, values, resolution, **options), names, scale, offset)


def read_whole(files, spec, resolution=6.0):
    """The scene, closed, and all of it as one block."""
    with open_scene(files, resolution, spec) as scene:
        return scene, scene.read(scene.grid.rows(0, scene.grid.height))
