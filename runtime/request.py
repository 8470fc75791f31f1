"""What a user asks for: one map to make."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import UsageError
from landslip.runtime.scene import SceneFiles


@dataclass(frozen=True)
class MapRequest:
    """One map to make."""

    model: Path
    """ONNX file exported by landslip."""
    files: SceneFiles
    """The rasters of the event."""
    out: Path
    """Folder for the results."""
    protocol: str = "gaussian"
    """``gaussian`` or ``notebook``."""
    overlap: float = 0.5
    """Share of a tile that the next one covers again (gaussian protocol), 0 to 0.9."""
    threshold: float | None = None
    """Confidence from which on a pixel counts as landslide, 0.01 to 1; None for the model's own."""
    min_area: float = 400.0
    """Landslides smaller than this are left out of the polygons, square metres."""
    engine: EngineOptions = field(default_factory=EngineOptions)
    """How to run the model: engine, device, batch and tile size."""
    overwrite: bool = False
    """Replace earlier results in ``out``, and start anew where a run was left unfinished."""
    force: bool = False
    """Map even where a check objects: the images are the same or hardly overlap, or nothing would be observed."""
    resume: bool = False
    """Go on with a run that was left unfinished in ``out``; it has to be one of the same."""

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.overwrite and self.resume:
            raise UsageError("Either a run goes on (--resume) or it starts anew (--overwrite): give one of the two.")
        if self.threshold is not None and not 0.01 <= self.threshold <= 1.0:
            raise UsageError(f"A threshold of {self.threshold:g} is out of range: give a confidence from 0.01 to 1.")
        if not (math.isfinite(self.min_area) and self.min_area >= 0):
            raise UsageError(f"A smallest area of {self.min_area:g} square metres makes no sense: give 0 or more.")
