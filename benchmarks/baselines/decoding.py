"""The least that any map of files takes: reading each of them once."""

from __future__ import annotations

import rasterio

from landslip.models.synthetic.writing import BLOCK
from landslip.runtime.inputs.scene_files import SceneFiles

_ROWS = 2 * BLOCK


def decode_files(files: SceneFiles) -> None:
    """Read every file once, block after block on one thread, and do nothing with it."""
    for _, location in files.roles():
        with rasterio.open(location) as dataset:
            for first in range(0, dataset.height, _ROWS):
                dataset.read(window=((first, min(first + _ROWS, dataset.height)), (0, dataset.width)))
