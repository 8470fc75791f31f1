"""A large scene of twelve measured bands after the event and elevation, as networks of Landslide4Sense take them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from affine import Affine

from landslip.benchmarks.scenes.pattern_scene import (
    NORTH,
    WEST,
    PatternLayout,
    fill,
    ground_pattern,
    write_elevation,
)
from landslip.models.synthetic.writing import finished_together
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec, published_spec
from landslip.runtime.inputs.scene_files import SceneFiles

BANDS = {
    "B01": "coastal", "B02": "blue", "B03": "green", "B04": "red", "B05": "rededge071", "B06": "rededge075",
    "B07": "rededge078", "B08": "nir", "B09": "nir09", "B10": "cirrus", "B11": "swir16", "B12": "swir22",
}  # fmt: skip
"""Bands by their labels and common names, in the order of the data set."""

SCALE = 1e-4
"""Reflectance in a unit of the files."""


def fourteen_bands_spec() -> ModelSpec:
    """A description of a network that takes twelve bands of reflectance, slope and elevation as one input."""
    channels = (*(f"post.{name}" for name in BANDS.values()), "slope", "dem")
    image = InputSpec("image", len(channels), "float32", "reflectance", 1.0, 0.0, channels)
    published = published_spec("fourteen-bands", "no network")
    return ModelSpec(
        published.name, (image,), published.output, published.tile, published.multiple, published.resolution,
        published.threshold, published.meaning, published.source,
    )  # fmt: skip


def write_band_scene(folder: Path, layout: PatternLayout) -> SceneFiles:
    """Write one file of 16 bits for each band, and elevation; neither memory nor arithmetic grows with the scene.

    Args:
        folder: made if it is not there.
        layout: its files; it has elevation of its own.

    Raises:
        OutputError: the folder cannot be written.
    """
    bands = [folder / f"S2B_post_{label}.tif" for label in BANDS]
    dem = folder / "dem.tif"
    rng = np.random.default_rng(5)
    shape = round(layout.height_m / layout.image), round(layout.width_m / layout.image)
    place = Affine(layout.image, 0.0, WEST, 0.0, -layout.image, NORTH)
    with finished_together((*bands, dem)) as partial:
        for path in partial[:-1]:
            pattern = (ground_pattern(rng)[:1].astype(np.uint16) + 1) * 40
            fill(path, pattern, shape, place, scale=SCALE)
        write_elevation(partial[-1], layout)
    return SceneFiles(post=tuple(bands), dem=dem)
