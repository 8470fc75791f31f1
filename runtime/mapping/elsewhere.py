"""Strips of a map that are not computed by the stages of this process, but by workers that share a folder with it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Protocol

from landslip.runtime.mapping.input_checksums import HashedInputs
from landslip.runtime.mapping.prepared_map import PreparedMap
from landslip.runtime.mapping.run_record import Record
from landslip.runtime.mapping.tile_stages import Run, Saver
from landslip.runtime.products.tracing import Strip


@dataclass(frozen=True)
class BegunMap:
    """A map that is opened, checked and laid, of which the rest of the strips is to be computed."""

    ready: PreparedMap
    """The scene, the engine and the tiles."""
    run: Run
    """State that its stages share."""
    inputs: HashedInputs
    """Files of the scene by their content."""
    identity: Record
    """Facts that decide the map, bit by bit."""


class Elsewhere(Protocol):
    """Maker of strips in place of :func:`landslip.runtime.mapping.pipeline.stream`."""

    def strips(self, begun: BegunMap, save: Saver, at_end: Callable[[], None]) -> Generator[Strip, None, None]:
        """The rest of the map from the top down.

        Args:
            begun: the map.
            save: takes the rows of each strip before it is given out, with how far the map is with them.
            at_end: called after the last strip, and as soon as the map is given up.
        """
        ...

    @property
    def entries(self) -> Record:
        """Entries for the run record once all strips were given out."""
        ...
