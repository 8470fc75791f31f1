"""The stages behind the map: sets of pixels, and the landslides that they are, each in a thread of its own."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.imagery.acquisition_dates import span_of
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.products.pixel_sets import ClosedSets
from landslip.runtime.products.tracing import Strip, Tracer
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system.stages import Line, Stopwatch

Found = tuple[Strip | None, list[Landslide]]
"""A strip, and the landslides that cannot grow any more with it; None in its place for those that end with the map."""


def traced(
    strips: Iterable[Strip], scene: Scene, spec: ModelSpec, level: int, min_area: float, clock: Stopwatch
) -> Generator[Found, None, None]:
    """Strips of a scene's map, each with its landslides: as soon as these cannot grow any more.

    Strips are taken on another thread, one or two ahead.

    Args:
        strips: the whole map from the top down.
        scene: the scene.
        spec: the model.
        level: percent from which on a pixel counts as landslide.
        min_area: smaller landslides are left out, square metres.
        clock: told the time under ``polygons``.
    """
    tracer = Tracer(
        scene.grid,
        level=level,
        min_area=min_area,
        ground_of=None if scene.ground is None else scene.ground.read,
        dates=span_of(scene.times),
        classes=spec.classes,
    )
    with Line() as line:
        closed = line.background(_closed(strips, tracer, clock), depth=1)
        yield from line.background(_found(closed, tracer, clock), depth=1)


def _closed(strips: Iterable[Strip], tracer: Tracer, clock: Stopwatch) -> Iterator[tuple[Strip | None, ClosedSets]]:
    for strip in strips:
        with clock("polygons"):
            sets = tracer.closed_by(strip)
        yield strip, sets
    with clock("polygons"):
        sets = tracer.closed_by_end()
    yield None, sets


def _found(closed: Iterable[tuple[Strip | None, ClosedSets]], tracer: Tracer, clock: Stopwatch) -> Iterator[Found]:
    for strip, sets in closed:
        with clock("polygons"):
            landslides = tracer.landslides(sets)
        yield strip, landslides
