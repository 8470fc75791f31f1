"""The watching service: claims jobs, has its worker process map them, and sees to what becomes of each.

The service has no heavy import, and one thread of its own: it waits for what its worker says, for signals, and for the
next look at the folders. Whatever a library does to the worker is an outcome of a job, and not the end of the service.
"""

from __future__ import annotations

import contextlib
import logging
import time

from landslip.runtime.errors import EngineError, LandslipError
from landslip.runtime.system.log_fields import log_fields
from landslip.runtime.watch.claims import Claim, claim_held, claim_new
from landslip.runtime.watch.job_queue import ClaimableJob, JobQueue, Look
from landslip.runtime.watch.job_room import JobRoom
from landslip.runtime.watch.job_run import JobRun
from landslip.runtime.watch.observer import JobEnd, Observer
from landslip.runtime.watch.outcomes import fields_of
from landslip.runtime.watch.service_events import ServiceEvents, stop_signals
from landslip.runtime.watch.spool_folders import Spool
from landslip.runtime.watch.spool_job import SpoolJob
from landslip.runtime.watch.spool_toml import SpoolConfig
from landslip.runtime.watch.supervision import Attempted, Crashed, Mapped, Refused, Stopped, TakenOver, supervised_map
from landslip.runtime.watch.watchers import Watcher
from landslip.runtime.watch.worker_seat import WorkerSeat, told_error

log = logging.getLogger(__name__)

_TIDY = 60.0
"""Seconds between two times that what dead watchers left is removed."""

LEFT = 1
"""Exit code of ``--once`` where a job failed, or could not be mapped now."""


def watch(spool: Spool, config: SpoolConfig, observer: Observer, *, once: bool = False) -> int:
    """Watch a spool until a signal asks to stop, or until its jobs are worked off.

    Args:
        spool: the folders.
        config: model, engine and rules.
        observer: is told what happens.
        once: work off what is there, and end.

    Returns:
        Exit code: 0, or of ``once`` 1 where a job failed or is left.

    Raises:
        LandslipError: the model or the engine cannot be used, or the folders.
    """
    with Watcher(spool, config.lease) as watcher:
        events = ServiceEvents(watcher)
        with stop_signals(events.inbox), WorkerSeat(config, events) as seat:
            service = _Service(spool, config, observer, watcher, events, seat)
            try:
                return service.run(once=once)
            finally:
                observer.stopping()
                service.tidy()


class _Service:
    """A service at work."""

    def __init__(
        self,
        spool: Spool,
        config: SpoolConfig,
        observer: Observer,
        watcher: Watcher,
        events: ServiceEvents,
        seat: WorkerSeat,
    ) -> None:
        self._spool, self._config, self._observer = spool, config, observer
        self._watcher, self._events, self._seat = watcher, events, seat
        self._room = JobRoom(spool, config, events, seat)
        self._queue = JobQueue(spool, watcher, config.complete, config.stable)
        self._tidied = float("-inf")
        self._refusal = ""
        self._left = self._is_unread = False

    def run(self, *, once: bool) -> int:
        """Work until there is a reason to end."""
        if not once and self._seat.ready() is not None:
            self._observer.started()
        while not self._events.stop_asked:
            look = self._look()
            if look is not None and self._take_one(look.candidates):
                continue
            if once and (look is None or not look.arriving):
                self._left |= look is None or bool(look.candidates or look.paused)
                break
            self._observer.idle()
            self._events.sleep(self._config.poll)
        return LEFT if once and self._left else 0

    def tidy(self) -> None:
        """Remove what dead watchers have left besides jobs."""
        self._tidied = time.monotonic()
        with contextlib.suppress(OSError):
            self._queue.tidy()

    def _look(self) -> Look | None:
        """A look at the folders; None where they cannot be read now, as when a network is gone."""
        if time.monotonic() - self._tidied > _TIDY:
            self.tidy()
        try:
            look = self._queue.look()
        except OSError as error:
            if not self._is_unread:  # a network may be gone for days
                log.warning("the spool cannot be read now: %s", error)
            self._is_unread = True
            return None
        self._is_unread = False
        self._observer.queue(len(look.candidates))
        return look

    def _take_one(self, candidates: tuple[ClaimableJob, ...]) -> bool:
        """Claim and run the first job that can be; tell whether there was one."""
        refused = ""
        for candidate in candidates:
            job = candidate.job
            reason, resource = self._reason_to_wait(job)
            if self._events.stop_asked:
                return False
            if reason:
                if not refused:
                    self._say_refusal(job, reason, resource)
                refused = reason
                self._observer.queue(len(candidates))  # it may be long, and each forecast takes a moment
                continue
            if not refused:
                self._say_refusal(None, "", "")
            claim = self._claimed(candidate)
            if claim is not None:
                return self._run(claim, job)
        if not candidates:
            self._say_refusal(None, "", "")
        return False

    def _reason_to_wait(self, job: SpoolJob) -> tuple[str, str]:
        """Reason not to claim a job now, and the resource it waits for; empty where there is none."""
        if (reason := self._observer.may_claim(job)) is not None:
            return reason, ""
        short = self._room.reason_to_wait(job)
        return ("", "") if short is None else (f"it waits for {short.reason}: {short.sentence}", short.reason)

    def _say_refusal(self, job: SpoolJob | None, reason: str, resource: str) -> None:
        """Say why the first job is not claimed, once."""
        said = "" if job is None else f"{job.name}: {reason}"
        if said == self._refusal:
            return
        self._refusal = said
        self._observer.held_back(job if resource else None, resource)
        if job is None:
            log.info("jobs are claimed again")
        else:
            log.warning("%s is not claimed now: %s", job.name, reason)

    def _claimed(self, candidate: ClaimableJob) -> Claim | None:
        job = candidate.job
        try:
            if candidate.held is not None:
                return claim_held(self._spool, self._watcher, candidate.held)
            return claim_new(self._spool, self._watcher, job.file, job.name, job.arrived)
        except OSError as error:
            log.warning("%s cannot be claimed: %s", job.name, error)
            return None

    def _run(self, claim: Claim, job: SpoolJob) -> bool:
        """Run a job that was claimed; tell whether to go on with the next at once."""
        try:
            with log_fields(job=job.name):
                self._run_steps(claim, job)
        except OSError as error:
            if isinstance(error, LandslipError):
                raise
            log.warning("%s cannot be ended: %s; it is tried again", job.name, error)
            claim.release()
            return False
        return True

    def _run_steps(self, claim: Claim, job: SpoolJob) -> None:
        run = JobRun(self._spool, self._config, claim)
        if run.is_ended():
            return
        try:
            worker = self._seat.ready()
        except LandslipError:
            claim.release()
            raise
        if worker is None:
            claim.release()
            return
        self._observer.job_started(job)
        log.info("%s: begins, attempt %d", job.name, run.attempts.starts + 1)
        began = time.monotonic()
        try:
            run.prepare()
            if (never := self._room.why_never(job)) is not None:
                raise never
        except LandslipError as error:
            self._failed(run, job, fields_of(error), 0.0)
            return
        try:
            attempted = supervised_map(
                worker, run.order, self._events, claim.is_held, lambda *far: self._observer.job_progress(job, *far)
            )
        except Exception:
            self._seat.renew()  # what it says of this map later must not be taken for the end of the next one
            raise
        if not claim.is_held():  # whatever came of it: the job, and what is told of it, is another one's
            attempted = TakenOver()
        self._end(run, job, attempted, time.monotonic() - began)

    def _end(self, run: JobRun, job: SpoolJob, attempted: Attempted, seconds: float) -> None:
        """See to what becomes of a job after an attempt."""
        match attempted:
            case Mapped(result):
                run.succeed(result, seconds)
                log.info("%s: done in %.1f s", job.name, seconds)
                self._tell(job, "done", seconds, result)
            case Refused(error):
                self._refused(run, job, error, seconds)
            case Crashed(how):
                self._seat.empty()
                self._retried(job, seconds, how, has_attempts=run.retry_after_crash(how))
            case Stopped():
                run.give_back()
                log.info("%s: given back, to go on later", job.name)
            case TakenOver():
                self._seat.renew()
                log.warning("%s: another watcher has taken it over, as this one seemed dead", job.name)

    def _refused(self, run: JobRun, job: SpoolJob, error: dict[str, object], seconds: float) -> None:
        if error.get("kind") == "DeadlineError":
            self._seat.renew()  # a library may have the map in hand still, and its folder
        if error.get("retryable") or error.get("exit_code") == LandslipError.exit_code:
            self._retried(job, seconds, str(error.get("what")), has_attempts=run.retry_after_error(error))
        elif error.get("exit_code") == EngineError.exit_code:
            run.give_back()
            raise told_error(error)
        else:
            self._failed(run, job, error, seconds)

    def _failed(self, run: JobRun, job: SpoolJob, error: dict[str, object], seconds: float) -> None:
        run.fail(error)
        self._left = True
        code = {"code": error.get("exit_code")}
        log.error("%s: failed: %s %s", job.name, error.get("what"), error.get("remedy"), extra=code)
        self._tell(job, "failed", seconds, {})

    def _retried(self, job: SpoolJob, seconds: float, what: str, *, has_attempts: bool) -> None:
        self._left |= not has_attempts
        if has_attempts:
            log.warning("%s: %s; it is tried again", job.name, what)
        else:
            log.error("%s: failed, and is not tried again: %s", job.name, what)
        self._tell(job, "retried" if has_attempts else "failed", seconds, {})

    def _tell(self, job: SpoolJob, end: JobEnd, seconds: float, result: dict[str, object]) -> None:
        km2, speed = (
            float(value) if isinstance(value := result.get(key), int | float) else 0.0
            for key in ("observed_km2", "tiles_per_second")
        )
        self._observer.job_ended(job, end, seconds, km2, speed)
