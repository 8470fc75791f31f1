"""Options of a job: how its map is made, as ``[map]`` of SPOOL.toml and ``[job]`` of a job file give them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0.0, le=0.9)]
Threshold = Annotated[float, msgspec.Meta(ge=0.01, le=1.0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0.0, le=1e12)]
Format = Literal["geojson", "fgb", "kml", "shp", "cems"]


@dataclass(frozen=True)
class MapDefaults:
    """Options of every map where the job file does not say; what is left open here is as ``landslip map`` has it."""

    protocol: Literal["gaussian", "notebook"] | None = None
    """Rule by which tiles make a map."""
    preset: Literal["faithful", "balanced", "fast"] | None = None
    """Preset by which tiles are laid."""
    overlap: Share | None = None
    """Share of a tile that the next one covers again."""
    threshold: Threshold | None = None
    """Confidence from which on a pixel counts as landslide."""
    min_area: NotNegative | None = None
    """Landslides smaller than this are left out of the polygons, square metres."""
    force: bool | None = None
    """Map even where a check objects."""
    also: tuple[Format, ...] | None = None
    """Formats in which landslides are written too."""
    project: bool | None = None
    """Switch for a project for QGIS."""
    density: Annotated[float, msgspec.Meta(ge=1.0, le=1e6)] | None = None
    """Metres of a cell of the grid that tells what share of the ground slid."""
    report: bool | None = None
    """Switch for a report."""
    report_megabytes: Annotated[float, msgspec.Meta(ge=1.0, le=500.0)] | None = None
    """Size of the report at the most, 10^6 bytes."""
    catalog: bool | None = None
    """Switch for a STAC Catalog beside the Item of the run."""
    deadline: Annotated[float, msgspec.Meta(ge=0.001, le=1e7)] | None = None
    """Seconds that one attempt at a map may take."""
    overwrite: bool | None = None
    """Switch for jobs that replace the results of an earlier one of their name."""


@dataclass(frozen=True)
class JobOptions(MapDefaults):
    """Options that a job file gives under ``[job]``; it takes the place of what SPOOL.toml says under ``[map]``."""

    priority: Annotated[int, msgspec.Meta(ge=-1000, le=1000)] = 0
    """Place in the queue: jobs of a higher number come first."""
    title: str | None = None
    """Name of the event for those who see the map, one line of at most 200 characters."""


_NOT_OF_THE_MAP = ("priority", "deadline", "overwrite")


def map_arguments(options: JobOptions, defaults: MapDefaults) -> dict[str, Any]:
    """Arguments of a mapper: what a job gives, and what the spool gives besides.

    Args:
        options: of the job.
        defaults: of the spool.
    """
    given = {name: value for name, value in asdict(options).items() if value is not None}
    usual = {field.name: getattr(defaults, field.name) for field in fields(MapDefaults)}
    joined = {name: value for name, value in usual.items() if value is not None} | given
    return {name: value for name, value in joined.items() if name not in _NOT_OF_THE_MAP}


def either(name: Literal["deadline", "overwrite"], options: JobOptions, defaults: MapDefaults) -> Any:
    """One option that the service itself acts on: of the job, or else of the spool; None where neither gives it."""
    given = getattr(options, name)
    return getattr(defaults, name) if given is None else given
