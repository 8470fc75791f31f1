"""Callers who hear of a map while it is made: of its landslides, and of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from affine import Affine

from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.mapping.tracing_stages import Found
from landslip.runtime.products.confidence_block import ConfidenceBlock
from landslip.runtime.products.landslide import Landslide
from landslip.runtime.products.tracing import Strip


@dataclass(frozen=True)
class Listeners:
    """Functions that hear of a map; both are called on the thread that makes it, which waits for them."""

    on_landslide: Callable[[Landslide], None] | None = None
    """Takes each landslide as soon as it cannot grow any more."""
    on_block: Callable[[ConfidenceBlock], None] | None = None
    """Takes the rows of the map from the top down."""

    def told(self, found: Iterable[Found], grid: MapGrid) -> Iterator[Landslide]:
        """Landslides as they come, each once its listener has heard of it, and of the rows that end it."""
        for strip, landslides in found:
            if self.on_block is not None and strip is not None:
                self.on_block(_block(strip, grid))
            for landslide in landslides:
                if self.on_landslide is not None:
                    self.on_landslide(landslide)
                yield landslide


def _block(strip: Strip, grid: MapGrid) -> ConfidenceBlock:
    window = grid.rows(strip.first_row, strip.end)
    # The next stages still read these arrays.
    classes = None if strip.classes is None else strip.classes.copy()
    return ConfidenceBlock(
        window, grid.transform @ Affine.translation(0, strip.first_row), grid.crs, strip.confidence.copy(), classes
    )
