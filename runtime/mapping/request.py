"""Request of a user for one map."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from pathlib import Path

from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.confidence import LOWEST_THRESHOLD
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.tiling.presets import FAITHFUL, PRESETS, Layout
from landslip.runtime.untrusted.title import checked_title


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
    preset: str = FAITHFUL
    """Key of :data:`~landslip.runtime.tiling.presets.PRESETS`: how tiles are laid where ``engine.tile`` and
    ``overlap`` leave it open (gaussian protocol)."""
    overlap: float | None = None
    """Share of a tile that the next one covers again (gaussian protocol), 0 to 0.9; None for the preset's."""
    threshold: float | None = None
    """Confidence from which on a pixel counts as landslide, 0.01 to 1; None for the model's own."""
    min_area: float = 400.0
    """Landslides smaller than this are left out of the polygons, square metres."""
    engine: EngineOptions = field(default_factory=EngineOptions)
    """Options for running the model: engine, device, batch and tile size (None for the preset's)."""
    overwrite: bool = False
    """Replace earlier results in ``out``, and start anew where a run was left unfinished."""
    force: bool = False
    """Map even where a check objects: the images are the same or hardly overlap, or nothing would be observed."""
    resume: bool = False
    """Go on with a run that was left unfinished in ``out``; it has to be one of the same."""
    keep: bool = True
    """Keep what is finished of a run that ends early, so that one with ``resume`` can go on with it."""
    title: str | None = None
    """Name of the event for those who see the map, one line of at most 200 characters; it changes no pixel."""
    products: ProductOptions = field(default_factory=ProductOptions)
    """Products that are made besides what every run makes."""

    def __post_init__(self) -> None:
        """Take paths as programs write them, and check ranges."""
        object.__setattr__(self, "model", Path(self.model))
        object.__setattr__(self, "out", Path(self.out))
        object.__setattr__(self, "title", checked_title(self.title))
        if self.overwrite and self.resume:
            raise UsageError(
                "A run goes on (resume=True) or starts anew (overwrite=True): give one of the two.", option="resume"
            )
        if self.preset not in PRESETS:
            raise UsageError(f"Preset {self.preset!r} is unknown: choose one of {', '.join(PRESETS)}.", option="preset")
        if self.protocol != "gaussian" and self.preset != FAITHFUL:
            raise UsageError(
                f"The {self.protocol} protocol lays its tiles as published: leave out `preset` {self.preset}, or take "
                "`protocol` gaussian.",
                option="preset",
            )
        if self.threshold is not None and not LOWEST_THRESHOLD <= self.threshold <= 1.0:
            raise UsageError(
                f"A threshold of {self.threshold:g} is out of range: give a confidence from 0.01 to 1.",
                option="threshold",
            )
        if not (math.isfinite(self.min_area) and self.min_area >= 0):
            raise UsageError(
                f"A smallest area of {self.min_area:g} square metres makes no sense: give 0 or more.", option="min_area"
            )

    @property
    def laid_as(self) -> str | None:
        """The preset that decides how tiles are laid; None where their size, their overlap or the protocol does."""
        free = self.overlap is None and self.engine.tile is None and self.protocol == "gaussian"
        return self.preset if free else None

    def engine_for(self, layout: Layout) -> EngineOptions:
        """Options for running the model for these tiles."""
        return replace(self.engine, tile=layout.tile, batch=layout.batch)

    def layout(self, spec: ModelSpec, grid: MapGrid) -> Layout:
        """Layout of the tiles: as given, or else as the preset says.

        A batch is meant for tiles of the model's own size: where the preset chooses larger ones, as many fewer make a
        batch, and one at the least, so that it takes no more memory than it has to.

        Args:
            spec: the model.
            grid: the map.

        Raises:
            UsageError: the model cannot take such tiles.
        """
        preset, batch = PRESETS[self.preset], self.engine.batch
        tile = self.engine.tile
        if tile is None:
            tile = preset.tile_for(spec, grid.height, grid.width)
            batch = max(1, batch * spec.tile**2 // tile**2)
        tile = spec.checked_tile(tile)
        return Layout(tile, preset.overlap_of(spec, tile) if self.overlap is None else self.overlap, batch)
