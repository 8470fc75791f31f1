"""State of a run, while it is under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any


@dataclass(frozen=True)
class RunState:
    """Finished part of a map."""

    rows: int = 0
    """Rows of the map."""
    tile_rows: int = 0
    """Rows of tiles."""
    predicted: int = 0
    """Tiles predicted in them."""
    skipped: int = 0
    """Tiles of them that were not predicted."""
    damaged: tuple[Any, ...] = ()
    """Parts of the inputs that could not be read and were passed over, as in the run record."""

    def after_row(self, tile_row: int, predicted: int, skipped: int) -> RunState:
        """The state when one more row of tiles is finished; its rows of the map count once they are saved."""
        predicted, skipped = self.predicted + predicted, self.skipped + skipped
        return replace(self, tile_rows=tile_row + 1, predicted=predicted, skipped=skipped)
