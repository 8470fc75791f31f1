"""The run record with types: what ``run.json`` says of a finished run."""

from __future__ import annotations

from typing import Any

import msgspec

from landslip.runtime.untrusted.json_record import JsonRecord


class ModelUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The model of a run."""

    name: str
    """Name of the model."""
    sha256: str | None
    """Digest of its file; None where it has none."""
    precision: str
    """Number format it was exported in."""
    notice: str = ""
    """Notice that users of its maps have to know; empty where there is nothing."""
    item: str | None = None
    """Address of its STAC MLM Item, without secrets; None where none is known."""


class EngineUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The engine that ran it."""

    name: str
    """Name such as ``onnxruntime``."""
    device: str
    """Device it ran on, such as ``cpu``."""
    precision: str
    """Number format it computed in."""
    shared_features: bool = False
    """True if it computed features once for all tiles that show a place."""


class GridLaid(msgspec.Struct, frozen=True, kw_only=True):
    """The grid of the map."""

    crs: str
    """``EPSG:CODE``, or WKT."""
    transform: tuple[float, float, float, float, float, float]
    """Six numbers in the order of rasterio: from columns and rows to metres."""
    height: int
    """Rows."""
    width: int
    """Columns."""
    resolution: float | None = None
    """Metres per pixel; told in forecasts alone."""


class ItemUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The STAC Item that an input was found in."""

    id: str
    """Id of the Item, as messages show it."""
    address: str | None
    """Address on the web, without secrets; None where it was known on the machine alone."""


class RasterHeld(msgspec.Struct, frozen=True, kw_only=True):
    """An input that lay in the memory of a program."""

    kind: str
    """``array``, or ``dataset`` for one of rasterio's that has no name of its own."""
    shape: tuple[int, int, int]
    """Bands, rows, columns."""
    dtype: str
    """Type of the values of its first band."""


class InputUsed(msgspec.Struct, frozen=True, kw_only=True):
    """An input of a run."""

    role: str
    """``pre``, ``post``, ``dem``, ``hillshade``, ``slope``, ``mask`` or ``aoi``."""
    path: str
    """Path or address, without secrets; ``array pre`` and such for what lay in the memory of a program."""
    sha256: str | None
    """Digest of the file, or of the content of what is ``in_memory``; None for what was not fetched whole, and for
    folders."""
    version: dict[str, Any] | None = None
    """Version that a web server told: ``bytes``, ``etag``, ``last_modified``, as far as known."""
    acquired: str | None = None
    """Time when an image was taken: a day, or an instant in UTC; None where nobody says."""
    acquired_from: str | None = None
    """Origin of that time."""
    item: ItemUsed | None = None
    """STAC Item that names the file; None where it was given by its name."""
    in_memory: RasterHeld | None = None
    """Facts on what lay in the memory of a program; None for files."""


class InputTaken(msgspec.Struct, frozen=True, kw_only=True):
    """Input of a network that takes other bands than pictures."""

    name: str
    """Name of the input."""
    unit: str
    """Unit of its image bands."""
    channels: tuple[str, ...]
    """Channel of each band, as a description writes it."""


class ReadingUsed(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that it takes to open the inputs again as the run has opened them."""

    folder: str
    """Folder that relative paths of inputs start from, as seen from the folder of the results."""
    options: dict[str, Any]
    """Fields of :class:`landslip.ReadOptions` that are not the usual ones."""
    takes: tuple[InputTaken, ...] = ()
    """Inputs that show images, where the network takes others than pictures."""


class BatchSizes(msgspec.Struct, frozen=True, kw_only=True):
    """Tiles per call of the engine."""

    asked: int
    """Tiles of the model's own size, as asked for."""
    taken: int
    """Tiles of the size that was laid."""


class TileCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Tiles of a map."""

    total: int
    """All of them."""
    predicted: int
    """Tiles that the network saw."""
    skipped: int
    """Tiles in which nothing, or too little, is valid."""


class ImageShift(msgspec.Struct, frozen=True, kw_only=True):
    """Shift of the image after the event against the one before."""

    shift_pixels: tuple[float, float]
    """Pixels of the map to the right and down."""
    windows: int
    """Windows that agree on it."""


class DamagedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """A place of a file that could not be read, and is not observed."""

    role: str
    """Role of the file."""
    path: str
    """Path of the file."""
    rows: tuple[int, int]
    """First row, and the one behind the last."""
    cols: tuple[int, int]
    """Columns likewise."""
    reason: str
    """Reason that GDAL gives."""


class StageSeconds(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds of a run; stages run side by side."""

    total: float
    """Seconds from the beginning to the end."""
    read: float
    """Reading and resampling."""
    prepare: float
    """Cutting tiles."""
    infer: float
    """The engine."""
    stitch: float
    """Blending tiles."""
    write: float
    """Writing the map."""
    polygons: float
    """Tracing landslides."""


class ClassMapped(msgspec.Struct, frozen=True, kw_only=True):
    """A class of a map that tells several apart."""

    name: str
    """Name of the class."""
    landslide: bool
    """True if it means landslide."""
    pixels: int
    """Number of the pixels that have it, landslide or not by their confidence."""
    km2: float
    """Area of these pixels on the ground, square kilometres."""


class ProductWritten(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the results."""

    bytes: int
    """Length in bytes."""
    sha256: str
    """SHA-256 of the file."""


class ShardsUsed(msgspec.Struct, frozen=True, kw_only=True):
    """Shards of a map that was computed by several processes or machines."""

    on: str
    """Kind of the workers: ``processes``, ``dask``, or the name of an executor."""
    workers: int
    """Workers that were at hand when the map was cut."""
    count: int
    """Shards that were computed."""
    taken_over: int
    """Shards that an earlier run had left."""
    tiles: int
    """Tiles that workers predicted, those that two shards need counted twice."""
    seconds: dict[str, float]
    """Busy seconds of the stages in all workers together."""


class RunRecord(JsonRecord, frozen=True, kw_only=True):
    """Record of what was done, with what, and how long it took: ``run.json``."""

    landslip: str
    """Version that made the map."""
    title: str | None = None
    """Name of the event, as its user gave it; None where none was given."""
    model: ModelUsed
    """The model."""
    engine: EngineUsed
    """Engine that ran it."""
    protocol: str
    """``gaussian`` or ``notebook``."""
    tile: int
    """Edge of a tile in pixels."""
    overlap: float
    """Share of a tile that the next one covers again."""
    threshold: float
    """Confidence from which on a pixel counts as landslide, 0.01 to 1."""
    min_area_m2: float
    """Landslides smaller than this are left out, square metres."""
    grid: GridLaid
    """The grid of the map."""
    inputs: tuple[InputUsed, ...]
    """Every file, in the order of roles."""
    preset: str | None
    """Preset by which tiles were laid; None where their size or overlap was given."""
    batch: BatchSizes
    """Tiles per call."""
    tiles: TileCounts
    """Tiles of the map."""
    reading: dict[str, Any] = msgspec.field(default_factory=dict)
    """Options by which the files were read."""
    opened: ReadingUsed | None = None
    """Facts that it takes to open the inputs again; None in records of earlier versions."""
    registration: ImageShift | None
    """Shift of the images against each other; None where it cannot be told."""
    objections_overruled: tuple[str, ...]
    """Sentences of checks that ``force`` turned into warnings."""
    observed_km2: float
    """Area on the ground of the pixels that have a value."""
    not_observed_km2: dict[str, float] = msgspec.field(default_factory=dict)
    """Area on the ground of those that have none, by the reason; empty in records of before they were told."""
    landslide_km2: float
    """Area of the polygons on the ground."""
    above_threshold_km2: float
    """Area on the ground of the pixels from the threshold on, small groups included."""
    landslides: int
    """Number of polygons."""
    landslides_by_class: dict[str, int] = msgspec.field(default_factory=dict)
    """Number of polygons of each ``confidence_class``; empty in records of before there were classes."""
    landslides_at_edge: int | None = None
    """Number of polygons that touch what was not observed, or the border of the map: they may be larger."""
    confidence_classes: dict[str, float] = msgspec.field(default_factory=dict)
    """Least mean confidence of each class, by its name."""
    classes: tuple[ClassMapped, ...] = ()
    """Classes that the map tells apart, in the order of their numbers in ``classes.tif``; empty where it has none."""
    damaged: tuple[DamagedPlace, ...] = ()
    """Places that could not be read and were left out."""
    seconds: StageSeconds
    """Seconds of each stage."""
    tiles_per_second: float
    """Tiles computed by the time the run took."""
    peak_rss_bytes: int | None
    """The most memory the process held; None where the system does not say."""
    resumed_after_row: int | None = None
    """Rows that an earlier run had left; None where there was none."""
    shards: ShardsUsed | None = None
    """Shards that it was computed in; None where one process did all."""
    products: dict[str, ProductWritten | None]
    """The files by name, but the record itself and the Item, which lists the record."""
    item: str | None = None
    """Name of the STAC Item of the run; None where there is none."""
    fingerprint: str
    """Digest of what decides the map."""
    started: str
    """UTC in ISO 8601."""
    finished: str
    """Likewise."""
