"""Maps that are made already, told as if they were made now."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import rasterio

from landslip.runtime.access.gdal import RASTER_ERRORS, reason
from landslip.runtime.errors import InputError
from landslip.runtime.mapping.assemble import BLOCK_ROWS
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.prepared_map import PreparedMap
from landslip.runtime.mapping.tracing_stages import traced
from landslip.runtime.products.tracing import Strip
from landslip.runtime.run.product_names import CLASSES, CONFIDENCE
from landslip.runtime.system.stages import Stopwatch


def tell_of_finished(listeners: Listeners, ready: PreparedMap, folder: Path) -> None:
    """Tell of a map that is made already what was told, or would have been, while it was made.

    Raises:
        InputError: the map cannot be read.
    """
    if listeners == Listeners():
        return
    scene, spec = ready.scene, ready.engine.spec
    strips = _stored(folder, classes=bool(spec.classes))
    with closing(traced(strips, scene, spec, ready.level, ready.request.min_area, Stopwatch())) as found:
        for _ in listeners.told(found, scene.grid):
            pass


def _stored(folder: Path, *, classes: bool) -> Generator[Strip, None, None]:
    """Rows of a map that is made, from the top down."""
    files = [folder / name for name in ((CONFIDENCE, CLASSES) if classes else (CONFIDENCE,))]
    try:
        with rasterio.open(files[0]) as confidence, rasterio.open(files[-1]) as second:
            for top in range(0, confidence.height, BLOCK_ROWS):
                rows = (top, min(top + BLOCK_ROWS, confidence.height)), (0, confidence.width)
                numbers = second.read(1, window=rows) if classes else None
                yield Strip(top, confidence.read(1, window=rows), numbers)
    except RASTER_ERRORS as error:
        raise InputError(
            f"{files[0]} cannot be read ({reason(error)}).", "Map the scene again with overwrite=True.", where=files[0]
        ) from error
