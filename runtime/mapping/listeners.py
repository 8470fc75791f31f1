"""Callers who hear of a map while it is made: of its landslides, and of its rows."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass

from affine import Affine

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.imagery.acquisition_dates import span_of
from landslip.runtime.products.confidence_block import ConfidenceBlock
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.products.tracing import Strip, trace
from landslip.runtime.scene.scene import Scene


@dataclass(frozen=True)
class Listeners:
    """Functions that hear of a map; both are called on the thread that makes it, which waits for them."""

    on_landslide: Callable[[Landslide], None] | None = None
    """Takes each landslide as soon as it cannot grow any more."""
    on_block: Callable[[ConfidenceBlock], None] | None = None
    """Takes the rows of the map from the top down."""

    def told(self, landslides: Iterable[Landslide]) -> Iterator[Landslide]:
        """Landslides as they come, each once its listener has heard of it."""
        for landslide in landslides:
            if self.on_landslide is not None:
                self.on_landslide(landslide)
            yield landslide

    def shown(self, strips: Generator[Strip, None, None], grid: MapGrid) -> Generator[Strip, None, None]:
        """Strips of a map as they come, each once its listener has heard of it."""
        with closing(strips):
            for strip in strips:
                if self.on_block is not None:
                    self.on_block(_block(strip, grid))
                yield strip


def traced(strips: Iterable[Strip], scene: Scene, spec: ModelSpec, level: int, min_area: float) -> Iterator[Landslide]:
    """Landslides of the strips of a scene's map, each as soon as it cannot grow any more.

    Args:
        strips: the whole map from the top down.
        scene: the scene.
        spec: the model.
        level: percent from which on a pixel counts as landslide.
        min_area: smaller landslides are left out, square metres.
    """
    return trace(
        strips,
        scene.grid,
        level=level,
        min_area=min_area,
        ground_of=None if scene.ground is None else scene.ground.read,
        dates=span_of(scene.times),
        classes=spec.classes,
    )


def _block(strip: Strip, grid: MapGrid) -> ConfidenceBlock:
    window = grid.rows(strip.first_row, strip.end)
    # The next stages still read these arrays.
    classes = None if strip.classes is None else strip.classes.copy()
    return ConfidenceBlock(
        window, grid.transform @ Affine.translation(0, strip.first_row), grid.crs, strip.confidence.copy(), classes
    )
