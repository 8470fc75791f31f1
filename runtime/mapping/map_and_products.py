"""Products that a run makes of its strips: polygons as they come, the map once its rows are there, a picture of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.access.gdal import block_cache
from landslip.runtime.cartography.map_facts import MapFacts
from landslip.runtime.mapping.prepared_map import LEAST_CACHE
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.mapping.sheet_facts import sheet_facts
from landslip.runtime.mapping.tile_stages import Run
from landslip.runtime.mapping.tracing_stages import traced
from landslip.runtime.mapping.why_not_observed import WhyNotObserved
from landslip.runtime.products.area_tally import AreaTally
from landslip.runtime.products.class_tally import ClassTally
from landslip.runtime.products.classes_tif import class_tags, name_tags, write_class_names, write_class_style
from landslip.runtime.products.confidence_tif import BLOCK, check_written, write_cog
from landslip.runtime.products.geopackage import write_landslides
from landslip.runtime.products.kinds_shown import kinds_shown
from landslip.runtime.products.landslide import CONFIDENCE_CLASSES
from landslip.runtime.products.landslide_summary import CountedLandslides, Summary
from landslip.runtime.products.map_style import write_map_style
from landslip.runtime.products.map_tags import map_tags
from landslip.runtime.products.not_observed import NotObservedTracer
from landslip.runtime.products.quicklook import write_quicklook
from landslip.runtime.products.tracing import Strip
from landslip.runtime.run.product_names import (
    CLASSES,
    CLASSES_NAMES,
    CLASSES_STYLE,
    CONFIDENCE,
    CONFIDENCE_STYLE,
    LANDSLIDES,
    QUICKLOOK,
)
from landslip.runtime.run.run_files import RunFiles
from landslip.runtime.run.virtual_raster import RowsBand
from landslip.runtime.run.workspace import Workspace
from landslip.runtime.styles.palette import class_colours
from landslip.runtime.system import stopping
from landslip.runtime.system.progress import counting, waiting
from landslip.runtime.system.stages import Stopwatch, threads_start

log = logging.getLogger(__name__)

T = TypeVar("T")


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
    # The map is there before its polygons are, and its picture needs no more than their number and areas.
    with ThreadPoolExecutor(2, "landslip-map", stopping.heed, (stopping.current(),)) as pool:
        begun: list[Future[None]] = []
        figures: Record = {}

        def begin_maps() -> None:
            with threads_start():
                begun.append(pool.submit(_write_maps, run, run_files, work))

        def begin_quicklook(landslides: Summary) -> None:
            figures.update(figures_of(areas, landslides, classes))
            with threads_start():
                begun.append(pool.submit(_write_quicklook, run, work, sheet_facts(run, request, figures)))

        strips = counted(followed(strips, begin_maps), classes)
        _write_polygons(run, strips, work, request.min_area, why, areas, begin_quicklook)
        with waiting(run.progress, "writing confidence.tif and quicklook.png"):
            for product in begun:
                product.result()
    if not run_files.rows.observed:
        log.warning("Nothing was observed: no pixel is known in every input, free of masks and covered by a tile.")
    return figures


def figures_of(areas: AreaTally, landslides: Summary, classes: ClassTally) -> Record:
    """Areas and numbers of a map, as its record has them."""
    return {
        "observed_km2": areas.observed_km2,
        "not_observed_km2": areas.not_observed_km2,
        "landslide_km2": landslides.area_m2 / 1e6,
        "above_threshold_km2": areas.above_threshold_km2,
        "landslides": landslides.count,
        "landslides_by_class": dict(landslides.classes),
        "landslides_at_edge": landslides.at_edge,
        "confidence_classes": dict(CONFIDENCE_CLASSES),
        **({"classes": entries} if (entries := classes.entries) else {}),
    }


def followed(items: Generator[T, None, None], then: Callable[[], None]) -> Generator[T, None, None]:
    """Items as they come; something is begun once all of them have come."""
    with closing(items):
        yield from items
    then()


def counted(strips: Generator[Strip, None, None], classes: ClassTally) -> Generator[Strip, None, None]:
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
    then: Callable[[Summary], None],
) -> None:
    """Trace landslides, and what was not observed, while the map is made, and count its areas.

    What is to follow is told of all landslides as soon as they are known, while the file is completed.
    """
    grid, path, spec = run.scene.grid, work.path(LANDSLIDES), run.engine.spec
    done = run.state.predicted + run.state.skipped
    with (
        counting(run.progress, "mapping", len(run.plan.tiles), "tile", done=done),
        closing(strips),
        run.clock("polygons"),
        NotObservedTracer(grid, min_area, path.parent) as unseen,
        closing(
            traced(with_reasons(strips, why, unseen, areas, run.clock), run.scene, spec, run.level, min_area, run.clock)
        ) as found,
    ):
        landslides = CountedLandslides(run.listeners.told(run.clock.left_out("polygons", found), grid))
        write_landslides(
            path,
            followed(iter(landslides), lambda: then(landslides.summary)),
            grid.crs,
            not_observed=unseen.found(),
            notice=spec.notice,
            classes=bool(spec.classes),
        )


def with_reasons(
    strips: Iterable[Strip], why: WhyNotObserved, unseen: NotObservedTracer | None, areas: AreaTally, clock: Stopwatch
) -> Iterator[Strip]:
    """Strips as they come; they are counted, and what was not observed in them is traced where it is wanted."""
    for strip in strips:
        stopping.check()
        with clock("polygons"):
            reasons = why.of(strip)
            areas.add(strip.first_row, strip.confidence, reasons)
            if unseen is not None and reasons is None:
                unseen.skip(strip.end)
            elif unseen is not None and reasons is not None:
                unseen.take(strip.first_row, reasons)
        yield strip


def _write_quicklook(run: Run, work: Workspace, facts: MapFacts) -> None:
    pictures, kinds = run.thumbnails, None
    if pictures.classes is not None and sum(each.landslide for each in run.engine.spec.classes) > 1:
        kinds = kinds_shown(pictures.confidence, pictures.classes, run.level, run.engine.spec.classes)
    images: dict[str, NDArray[np.uint8]] = {role: pictures.image(role) for role in run.scene.images}
    with run.clock("write"):
        write_quicklook(work.path(QUICKLOOK), images, pictures.confidence, run.level, facts, kinds)


def _write_maps(run: Run, run_files: RunFiles, work: Workspace) -> None:
    """Write the map of confidences and that of classes from the rows that are saved, and read them again."""
    rows, width = run_files.rows, run.scene.grid.width
    with run.clock("write"), block_cache(LEAST_CACHE + 2 * BLOCK * (width + BLOCK)):  # two rows of its blocks
        write_cog(rows.as_raster(map_tags(run.origin) if run.origin else None), work.path(CONFIDENCE), "given")
        check_written(work.path(CONFIDENCE), rows.histograms)
        write_map_style(work.path(CONFIDENCE_STYLE), run.level)
        _write_classes(run, run_files, work)


def _write_classes(run: Run, run_files: RunFiles, work: Workspace) -> None:
    """Write the map of classes, where there are any, with its style and its names."""
    classes, rows = run.engine.spec.classes, run_files.classes
    if rows is None:
        return
    colours = class_colours([each.landslide for each in classes])
    band = RowsBand("class", tags=name_tags(classes), colours=colours)
    tags = class_tags(run.origin, classes) if run.origin else None
    write_cog(rows.as_raster(tags, band), work.path(CLASSES), "given")
    check_written(work.path(CLASSES), rows.histograms)
    write_class_style(work.path(CLASSES_STYLE), classes)
    write_class_names(work.path(CLASSES_NAMES), classes)
