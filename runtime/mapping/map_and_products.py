"""Products that a run makes of its strips: polygons as they come, at the end the map and the picture of it."""

from __future__ import annotations

import logging
import math
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.access.gdal import block_cache
from landslip.runtime.mapping.prepared_map import LEAST_CACHE
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.mapping.slope_rows import SlopeRows
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.products.confidence_tif import BLOCK, check_written, write_cog
from landslip.runtime.products.geopackage import Summary, write_landslides
from landslip.runtime.products.map_style import write_map_style
from landslip.runtime.products.map_tags import map_tags
from landslip.runtime.products.quicklook import write_quicklook
from landslip.runtime.products.tracing import SlopeOf, Strip, trace
from landslip.runtime.run.product_names import CONFIDENCE, CONFIDENCE_STYLE, LANDSLIDES, QUICKLOOK
from landslip.runtime.run.run_files import RunFiles
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.system.progress import waiting

log = logging.getLogger(__name__)


def make_products(
    run: Run, strips: Generator[Strip, None, None], run_files: RunFiles, work: Workspace, min_area: float
) -> Record:
    """Write every product but the record, as drafts.

    Args:
        run: what is under way.
        strips: the whole map from the top down, saved as it is taken.
        run_files: where its rows are.
        work: where the products lie.
        min_area: smaller landslides are left out of the polygons, square metres.

    Returns:
        Areas and numbers for the record.
    """
    grid, rows = run.scene.grid, run_files.rows
    landslides = _write_polygons(run, strips, run_files.state.rows, work, math.ceil(min_area / grid.pixel_area))
    _write_pictures(run, run_files, work)
    if not rows.observed:
        log.warning("Nothing was observed: no pixel is known in every input, free of masks and covered by a tile.")
    return {
        "observed_km2": rows.observed * grid.pixel_area / 1e6,
        "landslide_km2": landslides.area_m2 / 1e6,
        "above_threshold_km2": rows.reaching(run.level) * grid.pixel_area / 1e6,
        "landslides": landslides.count,
    }


def _write_polygons(
    run: Run, strips: Generator[Strip, None, None], earlier_rows: int, work: Workspace, least: int
) -> Summary:
    """Trace landslides while the map is made; its first rows may be those of an earlier run."""
    grid, notice = run.scene.grid, run.engine.spec.notice
    run.progress.start("mapping", len(run.plan.tiles), "tile")
    run.progress.advance(run.state.predicted + run.state.skipped)
    try:
        with closing(strips), run.clock("polygons"):
            landslides = trace(
                run.clock.left_out("polygons", _without_old_slopes(strips, run.slopes)),
                level=run.level,
                min_pixels=least,
                transform=grid.transform,
                slope_of=_slope_of(run, earlier_rows),
            )
            return write_landslides(work.path(LANDSLIDES), landslides, grid.crs, notice=notice)
    finally:
        run.progress.finish()


def _slope_of(run: Run, earlier_rows: int) -> SlopeOf | None:
    scene, slopes = run.scene, run.slopes
    if slopes is None:
        return None

    def slope_of(first: int, last: int) -> NDArray[np.float32]:
        # Rows of an earlier run are traced before the stages start, so nobody else reads the scene.
        return scene.slope(scene.grid.rows(first, last)) if last <= earlier_rows else slopes.of(first, last)

    return slope_of


def _without_old_slopes(strips: Iterable[Strip], slopes: SlopeRows | None) -> Iterator[Strip]:
    """Strips as they come; slopes of a strip are dropped when the next one is taken."""
    for strip in strips:
        yield strip
        if slopes is not None:
            slopes.drop_before(strip.end)


def _write_pictures(run: Run, run_files: RunFiles, work: Workspace) -> None:
    """Write the map and the quicklook, side by side."""
    pictures, rows, notice = run.thumbnails, run_files.rows, run.engine.spec.notice
    images, width = [pictures.image(role) for role in run.scene.images], run.scene.grid.width
    with (
        ThreadPoolExecutor(1) as pool,
        run.clock("write"),
        waiting(run.progress, "writing confidence.tif and quicklook.png"),
    ):
        quicklook = pool.submit(
            write_quicklook, work.path(QUICKLOOK), images, pictures.confidence, run.level, notice=notice
        )
        with block_cache(LEAST_CACHE + 2 * BLOCK * (width + BLOCK)):  # two rows of its blocks
            write_cog(rows.as_raster(map_tags(run.origin) if run.origin else None), work.path(CONFIDENCE))
            check_written(work.path(CONFIDENCE), rows.histogram)
        write_map_style(work.path(CONFIDENCE_STYLE), run.level)
        quicklook.result()
