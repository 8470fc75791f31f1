"""Room for the jobs of a service: the worker process says what a job takes, and whoever claims asks whether it fits."""

from __future__ import annotations

import time

from landslip.runtime.errors import InputError
from landslip.runtime.watch.back_pressure import BackPressure, RoomNeeded, Shortfall, room_at
from landslip.runtime.watch.job_options import map_arguments
from landslip.runtime.watch.outcomes import results_folder
from landslip.runtime.watch.service_events import ServiceEvents
from landslip.runtime.watch.spool_folders import Spool
from landslip.runtime.watch.spool_job import SpoolJob
from landslip.runtime.watch.spool_toml import SpoolConfig
from landslip.runtime.watch.worker_process import Gone, Said
from landslip.runtime.watch.worker_seat import WorkerSeat

_PATIENCE = 300.0
"""Seconds that opening the files of a job may take; the map then says what is wrong with them."""


class JobRoom:
    """Room for the jobs of a service."""

    def __init__(self, spool: Spool, config: SpoolConfig, events: ServiceEvents, seat: WorkerSeat) -> None:
        self._spool, self._config, self._events, self._seat = spool, config, events, seat
        self._pressure = BackPressure(int(config.room.least_free_gb * 1e9), lambda: room_at(spool.out))

    def reason_to_wait(self, job: SpoolJob) -> Shortfall | None:
        """Reason not to claim a job now; None where it fits, can never fit, or nobody can tell.

        Raises:
            LandslipError: the worker process cannot be had.
        """
        return self._pressure.reason_to_wait(_known_by(job), lambda: self._asked(job))

    def why_never(self, job: SpoolJob) -> InputError | None:
        """Error of a job that needs more than there is at all; None for any other."""
        return self._pressure.why_never(_known_by(job), job.file)

    def _asked(self, job: SpoolJob) -> RoomNeeded | None:
        """Room that a job takes, as the worker reckons it; None where it cannot, or the service is to stop."""
        worker = self._seat.ready()
        if worker is None:
            return None
        worker.send(
            "forecast",
            file=str(job.file),
            given_as=str(self._spool.incoming / job.file.name),
            out=str(results_folder(self._spool, job.name)),
            options=map_arguments(job.options, self._config.map),
        )
        end = time.monotonic() + _PATIENCE
        while not self._events.stop_asked:
            event = self._events.wait()
            if isinstance(event, Said) and event.worker is worker and event.message["kind"] == "forecast":
                told = event.message.get("needed")
                return RoomNeeded(**told) if isinstance(told, dict) else None
            if isinstance(event, Gone) and event.worker is worker:
                self._seat.empty()
                return None
            if time.monotonic() > end:
                worker.kill()
        return None


def _known_by(job: SpoolJob) -> tuple[str, float]:
    return job.name, job.arrived
