"""A map that is told, and written nowhere: landslides and rows for a caller who wants no files."""

from __future__ import annotations

from contextlib import closing

from landslip.runtime.engines import Engine
from landslip.runtime.engines.shrinking import open_shrinking
from landslip.runtime.mapping.listeners import Listeners
from landslip.runtime.mapping.map_and_products import counted, figures_of, with_reasons
from landslip.runtime.mapping.pipeline import checked, run_of, stream
from landslip.runtime.mapping.prepared_map import EngineOpener, prepared_map
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.mapping.tracing_stages import traced
from landslip.runtime.mapping.why_not_observed import WhyNotObserved
from landslip.runtime.products.area_tally import AreaTally
from landslip.runtime.products.class_tally import ClassTally
from landslip.runtime.products.landslide_summary import CountedLandslides
from landslip.runtime.system.progress import NoProgress, Progress, counting, waiting
from landslip.runtime.system.stages import Stopwatch


def map_without_files(
    request: MapRequest,
    listeners: Listeners,
    *,
    engine: Engine | None = None,
    opener: EngineOpener = open_shrinking,
    progress: Progress | None = None,
) -> Record:
    """Make the landslide map of a scene as :func:`landslip.runtime.mapping.pipeline.map_scene` does, for listeners.

    Args:
        request: what to map, with what; its folder for results is not looked at, and nothing is kept of the map.
        listeners: told of landslides and rows as they come.
        engine: an open engine to use instead of opening ``request.model``; it stays open.
        opener: opens ``request.model`` otherwise.
        progress: told how far it is, in tiles.

    Returns:
        Areas and numbers, as the run record has them.

    Raises:
        LandslipError: one of its children, with the reason.
    """
    progress = progress or NoProgress()
    with prepared_map(request, engine, opener, progress, hashed=True) as ready:
        inputs, _ = checked(ready, progress)
        run = run_of(ready, Stopwatch(), progress, listeners)
        spec, grid = ready.engine.spec, ready.scene.grid
        areas, classes, why = AreaTally(grid, run.level), ClassTally(grid, spec.classes), WhyNotObserved(run, 0)
        with (
            counting(progress, "mapping", len(run.plan.tiles), "tile"),
            closing(counted(stream(run), classes)) as strips,
            closing(
                traced(
                    with_reasons(strips, why, None, areas, run.clock),
                    run.scene,
                    spec,
                    run.level,
                    request.min_area,
                    run.clock,
                )
            ) as found,
        ):
            told = CountedLandslides(listeners.told(found, grid))
            for _ in told:
                pass
        with waiting(progress, "checking the inputs again"):
            inputs.unchanged.check()
        return figures_of(areas, told.summary, classes)
