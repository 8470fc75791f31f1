"""A job of a spool as its watchers and observers see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from landslip.runtime.watch.job_options import JobOptions


@dataclass(frozen=True)
class SpoolJob:
    """One job: a file that describes a scene, and how it is to be mapped."""

    name: str
    """Name of the job, and of the folder of its results in ``out/``; nobody else's while the job is there."""
    file: Path
    """Place of the job file now: in ``in/`` before it is claimed, below ``work/`` from then on."""
    arrived: float
    """Seconds since 1970 at which the job file came to ``in/``, by the clock of the file system."""
    options: JobOptions = field(default_factory=JobOptions)
    """Options that the job file gives; empty where they cannot be understood, which the job then fails of."""

    @property
    def priority(self) -> int:
        """Jobs of a higher number come first."""
        return self.options.priority

    @property
    def order(self) -> tuple[int, float, str]:
        """Place in the queue: priority, then arrival."""
        return -self.priority, self.arrived, self.name
