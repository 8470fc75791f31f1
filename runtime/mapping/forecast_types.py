"""The forecast of a dry run with types: what a map will need, as far as it can be told before."""

from __future__ import annotations

from typing import Any

import msgspec

from landslip.runtime.run.record_types import EngineUsed, GridLaid, ImageShift, ModelUsed
from landslip.runtime.untrusted.json_record import JsonRecord


class TileForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Tiles of a map that is not made yet."""

    total: int
    """All of them."""
    predicted: int
    """Tiles that the network will see."""
    skipped: int
    """Tiles in which nothing, or too little, is valid."""
    skipped_because: dict[str, int]
    """Number of them that one input alone hides, by its name."""
    sampled: int | None
    """Tiles the counts are estimated from; None where all were counted."""


class SecondsForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds that a map will take, by estimate."""

    total: float
    """Seconds from the beginning to the end."""
    read: float
    """Reading."""
    infer: float
    """The engine."""
    per_batch: float
    """One call of the engine."""
    batches_timed: int
    """Calls that were timed."""


class MemoryForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes of memory that a map will need, by purpose."""

    process: int | None
    """Bytes that the process held before the engine was opened; None where the system does not say."""
    engine: int | None
    """Bytes that the engine took."""
    reading: int
    """A window being read and resampled."""
    queues: int
    """Rows and batches between the stages."""
    register: int
    """Input rows that a row of tiles shows."""
    stitcher: int
    """Sums of rows that are not final."""
    quicklook: int
    """Pictures of the whole map in small."""
    gdal_cache: int
    """Blocks that GDAL keeps."""
    total: int
    """The most at one time."""


class DiskForecast(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes that a map will take on disk, without its polygons."""

    working: int
    """Gone at the end."""
    map: int
    """The finished map."""
    quicklook: int
    """Bytes of the pictures."""
    needed: int
    """All of it."""
    free: int | None
    """Bytes that are free in the output folder; None where the system does not say."""
    bytes_per_pixel_assumed: float
    """Bytes per pixel that the compressed map is expected to take."""


class Forecast(JsonRecord, frozen=True, kw_only=True):
    """Forecast of what mapping takes: the result of a dry run. Seconds, memory and disk are estimates."""

    landslip: str
    """Version that says so."""
    model: ModelUsed
    """The model."""
    engine: EngineUsed
    """Engine that will run it."""
    protocol: str
    """``gaussian`` or ``notebook``."""
    tile: int
    """Edge of a tile in pixels."""
    overlap: float
    """Share of a tile that the next one covers again."""
    preset: str | None
    """Preset by which tiles are laid; None where their size or overlap is given."""
    grid: GridLaid
    """The grid of the map."""
    tiles: TileForecast
    """Tiles of the map."""
    reading: dict[str, Any] = msgspec.field(default_factory=dict)
    """Options by which the files are read."""
    registration: ImageShift | None
    """Shift of the images against each other; None where it cannot be told."""
    objections_overruled: tuple[str, ...]
    """Sentences of checks that ``force`` turned into warnings."""
    seconds: SecondsForecast
    """Time."""
    memory_bytes: MemoryForecast
    """Memory."""
    disk_bytes: DiskForecast
    """Disk."""
