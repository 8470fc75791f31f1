"""Types of a job order, whichever generation of the interface it is of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path


class Generation(Enum):
    """Generation of ESA's interface between a management layer and a processor."""

    GENERIC_IPF = "Generic IPF"
    """Sentinel's: ``Ipf_Job_Order``, MMFI-GSEG-EOPG-TN-07-0003."""
    EARTH_EXPLORER = "Earth Explorer"
    """The later one: ``Job_Order``, ESA-EOPG-EEGS-ID-0083."""


LEVELS = ("DEBUG", "INFO", "PROGRESS", "WARNING", "ERROR")
"""Levels of log lines, the least first; their first letters stand in the lines."""


@dataclass(frozen=True)
class TimeSpan:
    """Span of time in UTC; None where it is open on that side."""

    start: datetime | None = None
    """Beginning."""
    stop: datetime | None = None
    """End."""


@dataclass(frozen=True)
class OrderedFile:
    """File that an order names as an input."""

    name: str
    """Path as the order has it."""
    span: TimeSpan | None = None
    """Time of its content; None where the order does not say it."""


@dataclass(frozen=True)
class OrderedInput:
    """Input of a task."""

    file_type: str
    """Type of its files."""
    files: tuple[OrderedFile, ...]
    """The files; there may be none."""
    name_type: str = "Physical"
    """Meaning of their names: Physical, Logical, Stem, Directory or Regexp."""
    input_id: str = ""
    """Identifier of the input; empty in orders of the Generic IPF."""


@dataclass(frozen=True)
class OrderedOutput:
    """Output of a task."""

    file_type: str
    """Type of the product."""
    folder: str
    """Folder for it as the order has it; empty for the working folder."""
    pattern: str = ""
    """Name of the product: as it is to be, a pattern with ``*`` and ``?``, or a regular expression; empty where the
    processor gives the name."""
    name_type: str = "Physical"
    """Meaning of the name: Physical, Logical, Stem, Directory or Regexp; Pattern in orders of the Earth Explorers."""
    baseline: str = ""
    """Baseline of the product; empty in orders of the Generic IPF."""


@dataclass(frozen=True)
class OrderedTask:
    """Task of an order."""

    name: str
    """Name of the task."""
    version: str
    """Version of the task."""
    inputs: tuple[OrderedInput, ...]
    """Inputs that it takes."""
    outputs: tuple[OrderedOutput, ...]
    """Products that it is to make."""
    parameters: Mapping[str, str]
    """Processing parameters by name."""
    config_files: tuple[str, ...] = ()
    """Configuration files of the task."""
    cores: float | None = None
    """Most processor cores that it may use; None where the order does not say it."""
    memory_mb: int | None = None
    """Most memory that it may use, megabytes."""
    disk_mb: int | None = None
    """Disk space that it was promised, megabytes."""


@dataclass(frozen=True)
class JobOrder:
    """A job order."""

    path: Path
    """The file."""
    order_id: str
    """Identifier of the order: what its name has between ``JobOrder.`` and ``.xml``."""
    generation: Generation = Generation.GENERIC_IPF
    """Generation of the interface."""
    processor: str = ""
    """Name of the processor."""
    version: str = ""
    """Version of the processor."""
    tasks: tuple[OrderedTask, ...] = ()
    """The tasks; one of them, or several, are ours."""
    stdout_levels: frozenset[str] = frozenset()
    """Levels of :data:`LEVELS` that are wanted on standard output."""
    stderr_levels: frozenset[str] = frozenset()
    """Levels that are wanted on standard error."""
    file_class: str = "OPER"
    """Class of the products: OPER, TEST and the like."""
    test: bool = False
    """True if the order says that it is a test."""
    station: str = ""
    """Name of the facility."""
    node: str = ""
    """Name of the machine, for log lines; empty where the order does not say it."""
    span: TimeSpan = field(default_factory=TimeSpan)
    """Time that the products are of."""
    areas: tuple[tuple[tuple[float, float], ...], ...] = ()
    """Areas of interest: rings of longitude and latitude in degrees, the first point again at the end."""
    config_files: tuple[str, ...] = ()
    """Configuration files of the processor."""
