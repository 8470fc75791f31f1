"""The meters of the service: names, units and meanings, as Prometheus' conventions have them.

The one door to prometheus_client.
"""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

from landslip.runtime.system.extras import needs_extra
from landslip.runtime.system.safe_writing import is_filled

REASONS = ("disk", "memory")
"""Reasons for which a job may have to wait."""

_BUCKETS = (1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 10800)
"""Seconds of a job: from a scene of one tile to a country."""

_MOST_BYTES = 1 << 20
"""Bytes of a metrics file that are read back; ours have some five thousand."""


class Meters:
    """Every meter of one service, in a registry of its own: what else the process counts is not told."""

    def __init__(self, version: str) -> None:
        """Make them.

        Args:
            version: of landslip.

        Raises:
            UsageError: prometheus_client is not installed.
        """
        with needs_extra("The metrics of the service", "watch"):
            from prometheus_client import (  # noqa: PLC0415
                CollectorRegistry,
                Counter,
                Gauge,
                Histogram,
                Info,
                disable_created_metrics,
            )
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they double the file, and nothing asks for them
        self.registry = registry = CollectorRegistry()
        """Registry that is written."""
        counter, gauge = partial(Counter, registry=registry), partial(Gauge, registry=registry)
        Info("landslip_build", "Version of the service.", registry=registry).info({"version": version})
        self.jobs = counter("landslip_jobs_total", "Attempts at jobs that ended, by how they ended.", ("outcome",))
        """Attempts that ended, by outcome."""
        for outcome in ("done", "failed", "retried"):
            self.jobs.labels(outcome)  # from the beginning, so that the first of a kind is seen as an increase
        self.attempts = counter("landslip_job_attempts_total", "Attempts at jobs that began.")
        """Attempts that began."""
        self.queue = gauge("landslip_queue_jobs", "Jobs that wait in the spool.")
        """Jobs that wait."""
        self.running = gauge("landslip_job_running", "Whether a job is being mapped now.")
        """1 while a job is mapped."""
        self.seconds = Histogram(
            "landslip_job_duration_seconds", "Time that jobs took which ended well.", buckets=_BUCKETS,
            registry=registry,
        )  # fmt: skip
        """Seconds of jobs that ended well."""
        self.last_success = gauge(
            "landslip_last_success_timestamp_seconds", "When a job ended well for the last time; 0 for never."
        )
        """Seconds since 1970."""
        self.square_metres = counter("landslip_observed_square_meters_total", "Ground that was observed in maps.")
        """Ground that was observed."""
        self.tiles = counter("landslip_tiles_total", "Tiles that were made.")
        """Tiles that were made."""
        self.tiles_per_second = gauge("landslip_tiles_per_second", "Tiles per second of the last job that ended well.")
        """Rate of the last job."""
        self.disk_free = gauge("landslip_disk_free_bytes", "Space for results.")
        """Space where results go."""
        self.held_back = gauge(
            "landslip_claims_held_back", "Whether the next job waits for space or memory.", ("reason",)
        )
        """1 at what the next job waits for."""
        self.heartbeat = gauge(
            "landslip_heartbeat_timestamp_seconds", "When the service did something for the last time."
        )
        """Seconds since 1970."""
        for reason in REASONS:
            self.held_back.labels(reason)

    def write(self, path: Path) -> None:
        """Write them all to a new file.

        Raises:
            OSError: it cannot be written.
        """
        from prometheus_client import write_to_textfile  # noqa: PLC0415

        write_to_textfile(str(path), self.registry)


def last_success(path: Path) -> float | None:
    """Time of the last success that a metrics file of an earlier service tells; None where it tells none.

    Args:
        path: the file; what cannot be read is as if it were not there.
    """
    from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415

    if not is_filled(path):
        return None
    try:
        with path.open("rb") as stream:
            text = stream.read(_MOST_BYTES).decode("utf-8", "replace")
        families = list(text_string_to_metric_families(text))
    except (OSError, ValueError, IndexError, KeyError):  # the parser raises what it comes upon in a damaged line
        return None
    found = [
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "landslip_last_success_timestamp_seconds" and math.isfinite(sample.value) and sample.value > 0
    ]
    return found[0] if found else None
