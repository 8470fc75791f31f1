"""Products that a run makes of its strips: polygons as they come, at the end the map and the picture of it."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.access.gdal import block_cache
from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.imagery.acquisition_dates import span_of
from landslip.runtime.mapping.prepared_map import LEAST_CACHE
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.mapping.sheet_facts import sheet_facts
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.mapping.why_not_observed import WhyNotObserved
from landslip.runtime.products.area_tally import AreaTally
from landslip.runtime.products.class_tally import ClassTally
from landslip.runtime.products.classes_tif import class_tags, name_tags, write_class_names, write_class_style
from landslip.runtime.products.confidence_tif import BLOCK, check_written, occurs, write_cog
from landslip.runtime.products.geopackage import Summary, write_landslides
from landslip.runtime.products.kinds_shown import kinds_shown
from landslip.runtime.products.landslide import CONFIDENCE_CLASSES
from landslip.runtime.products.map_style import write_map_style
from landslip.runtime.products.map_tags import map_tags
from landslip.runtime.products.not_observed import NotObservedTracer
from landslip.runtime.products.quicklook import write_quicklook
from landslip.runtime.products.tracing import Strip, trace
from landslip.runtime.run.product_names import (
    CLASSES,
    CLASSES_NAMES,
    CLASSES_STYLE,
    CONFIDENCE,
    CONFIDENCE_STYLE,
    LANDSLIDES,
    QUICKLOOK,
)
from landslip.runtime.run.rows_file import RowsBand
from landslip.runtime.run.run_files import RunFiles
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.styles.palette import class_colours
from landslip.runtime.system.progress import waiting

log = logging.getLogger(__name__)


def make_products(
    run: Run, strips: Generator[Strip, None, None], run_files: RunFiles, work: Workspace, request: MapRequest
) -> Record:
    """Write every product but the record, as drafts.

    Args:
        run: what is under way.
        strips: the whole map from the top down, saved as it is taken.
        run_files: where its rows are.
        work: where the products lie.
        request: for the smallest polygons, and the title.

    Returns:
        Areas and numbers for the record.
    """
    areas, why = AreaTally(run.scene.grid, run.level), WhyNotObserved(run, run_files.state.rows)
    classes = ClassTally(run.scene.grid, run.engine.spec.classes)
    landslides = _write_polygons(run, _counted(strips, classes), work, request.min_area, why, areas)
    figures = {
        "observed_km2": areas.observed_km2,
        "not_observed_km2": areas.not_observed_km2,
        "landslide_km2": landslides.area_m2 / 1e6,
        "above_threshold_km2": areas.above_threshold_km2,
        "landslides": landslides.count,
        "landslides_by_class": dict(landslides.classes),
        "landslides_at_edge": landslides.at_edge,
        "confidence_classes": dict(CONFIDENCE_CLASSES),
        **({"classes": classes.entries} if run.engine.spec.classes else {}),
    }
    _write_pictures(run, run_files, work, sheet_facts(run, request, figures))
    if not run_files.rows.observed:
        log.warning("Nothing was observed: no pixel is known in every input, free of masks and covered by a tile.")
    return figures


def _counted(strips: Generator[Strip, None, None], classes: ClassTally) -> Generator[Strip, None, None]:
    """Strips as they come, with their classes counted."""
    with closing(strips):
        for strip in strips:
            if strip.classes is not None:
                classes.add(strip.first_row, strip.classes)
            yield strip


def _write_polygons(
    run: Run,
    strips: Generator[Strip, None, None],
    work: Workspace,
    min_area: float,
    why: WhyNotObserved,
    areas: AreaTally,
) -> Summary:
    """Trace landslides, and what was not observed, while the map is made, and count its areas."""
    grid, path, spec = run.scene.grid, work.path(LANDSLIDES), run.engine.spec
    run.progress.start("mapping", len(run.plan.tiles), "tile")
    run.progress.advance(run.state.predicted + run.state.skipped)
    try:
        with (
            closing(strips),
            run.clock("polygons"),
            NotObservedTracer(grid, min_area, path.parent) as unseen,
        ):
            coming = _with_reasons(run.clock.left_out("polygons", strips), why, unseen, areas)
            landslides = trace(
                coming,
                grid,
                level=run.level,
                min_area=min_area,
                ground_of=None if run.scene.ground is None else run.scene.ground.read,
                dates=span_of(run.scene.times),
                classes=spec.classes,
            )
            return write_landslides(
                path,
                landslides,
                grid.crs,
                not_observed=unseen.found(),
                notice=spec.notice,
                classes=bool(spec.classes),
            )
    finally:
        run.progress.finish()


def _with_reasons(
    strips: Iterable[Strip], why: WhyNotObserved, unseen: NotObservedTracer, areas: AreaTally
) -> Iterator[Strip]:
    """Strips as they come; they are counted, and what was not observed in them is traced."""
    for strip in strips:
        reasons = why.of(strip)
        areas.add(strip.first_row, strip.confidence, reasons)
        if reasons is None:
            unseen.skip(strip.end)
        else:
            unseen.take(strip.first_row, reasons)
        yield strip


def _write_pictures(run: Run, run_files: RunFiles, work: Workspace, facts: MapFacts) -> None:
    """Write the map and the quicklook, side by side."""
    pictures, rows, kinds = run.thumbnails, run_files.rows, None
    if pictures.classes is not None and sum(each.landslide for each in run.engine.spec.classes) > 1:
        kinds = kinds_shown(pictures.confidence, pictures.classes, run.level, run.engine.spec.classes)
    images: dict[str, NDArray[np.uint8]] = {role: pictures.image(role) for role in run.scene.images}
    width = run.scene.grid.width
    with (
        ThreadPoolExecutor(1) as pool,
        run.clock("write"),
        waiting(run.progress, "writing confidence.tif and quicklook.png"),
    ):
        quicklook = pool.submit(
            write_quicklook, work.path(QUICKLOOK), images, pictures.confidence, run.level, facts, kinds
        )
        with block_cache(LEAST_CACHE + 2 * BLOCK * (width + BLOCK)):  # two rows of its blocks
            write_cog(rows.as_raster(map_tags(run.origin) if run.origin else None), work.path(CONFIDENCE))
            check_written(work.path(CONFIDENCE), rows.histogram)
            _write_classes(run, run_files, work)
        write_map_style(work.path(CONFIDENCE_STYLE), run.level)
        quicklook.result()


def _write_classes(run: Run, run_files: RunFiles, work: Workspace) -> None:
    """Write the map of classes, where there are any, with its style and its names."""
    classes, rows = run.engine.spec.classes, run_files.classes
    if rows is None:
        return
    colours = class_colours([each.landslide for each in classes])
    band = RowsBand("class", tags=name_tags(classes), colours=colours)
    tags = class_tags(run.origin, classes) if run.origin else None
    write_cog(rows.as_raster(tags, band), work.path(CLASSES), "mode")
    check_written(work.path(CLASSES), rows.histogram, occurs)
    write_class_style(work.path(CLASSES_STYLE), classes)
    write_class_names(work.path(CLASSES_NAMES), classes)
