"""A picture of a report, as a function that draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Plot:
    """A picture of a report."""

    name: str
    """Name of the picture: its file is ``REPORT-NAME.png``."""
    caption: str
    """Sentence that says what it shows."""
    draw: Callable[[Axes], None]
    """Draws it, axes labelled with units."""
    height: float = 4.0
    """Height in inches; the width is 8."""
