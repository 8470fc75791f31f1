"""One job from its claim to its end, in the steps that a watcher takes; each can be the last, and is made up for."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import Any

from landslip.runtime.errors import LandslipError, UsageError
from landslip.runtime.run.workspace import abandoned
from landslip.runtime.watch.attempts import Attempts, read_attempts, write_attempts
from landslip.runtime.watch.claims import Claim
from landslip.runtime.watch.job_file import read_job_options
from landslip.runtime.watch.job_names import fault_of_name
from landslip.runtime.watch.job_options import JobOptions, either, map_arguments
from landslip.runtime.watch.outcomes import (
    decide_failure,
    fields_of,
    finish_done,
    finish_failed,
    found_before,
    is_failure_decided,
    is_marked,
    marker_of,
    results_folder,
    write_marker,
)
from landslip.runtime.watch.spool_folders import Spool
from landslip.runtime.watch.spool_toml import SpoolConfig

log = logging.getLogger(__name__)


class JobRun:
    """A claimed job, and what becomes of it."""

    def __init__(self, spool: Spool, config: SpoolConfig, claim: Claim) -> None:
        """Take up a job where whoever had it before has left it."""
        self.claim, self._spool, self._config = claim, spool, config
        self.attempts: Attempts = read_attempts(claim.folder)
        """Attempts so far."""
        self.options = JobOptions()
        """Options of the job, once it is prepared."""
        self.order: dict[str, Any] = {}
        """Order for the worker, once the job is prepared."""

    def is_ended(self) -> bool:
        """End a job at once that has its outcome already: tell whether it has."""
        if is_failure_decided(self.claim.folder):
            finish_failed(self._spool, self.claim)
            return True
        if not self.claim.file.exists():
            self.claim.end()
            return True
        if is_marked(self._spool, self.claim.name, self.attempts):
            log.info("%s: the results were there already", self.claim.name)
            finish_done(self._spool, self.claim)
            return True
        return False

    def prepare(self) -> None:
        """Count the attempt, and write the order.

        Raises:
            LandslipError: the job cannot be mapped, or was tried often enough.
            OSError: the attempt cannot be counted.
        """
        before = self.attempts.begun()
        if (reason := replace(before, starts=before.starts - 1).exhausted(self._config.retry)) is not None:
            raise UsageError(reason, "Look into the log, correct what is wrong, and put the job into in/ again.")
        if (fault := fault_of_name(self.claim.file.name)) is not None:
            raise UsageError(fault, "Rename the file, and put it into in/ again.")
        self.options = read_job_options(self.claim.file)
        overwrite = bool(either("overwrite", self.options, self._config.map))
        earlier = before.replaces or found_before(self._spool, self.claim.name)
        self.attempts = replace(before, replaces=earlier)
        write_attempts(self.claim.folder, self.attempts)
        if overwrite:
            marker_of(self._spool, self.claim.name).unlink(missing_ok=True)
        self.order = {
            "file": str(self.claim.file),
            "given_as": str(self._spool.incoming / self.claim.file.name),
            "out": str(results_folder(self._spool, self.claim.name)),
            "options": map_arguments(self.options, self._config.map),
            "deadline": either("deadline", self.options, self._config.map),
            "overwrite": overwrite,
            "replaces": earlier.record,
        }

    def succeed(self, result: dict[str, Any], seconds: float) -> None:
        """Say that the results are there, and move the job file.

        Raises:
            OSError: a file cannot be written or moved.
        """
        write_marker(self._spool, self.claim, self.attempts, result, seconds)
        finish_done(self._spool, self.claim)

    def fail(self, error: dict[str, Any]) -> None:
        """Move the job file away, and say why.

        Raises:
            OSError: a file cannot be written or moved.
        """
        decide_failure(self._spool, self.claim, self.attempts, error)
        with contextlib.suppress(LandslipError, OSError):  # nobody will go on with what is unfinished
            abandoned(str(results_folder(self._spool, self.claim.name)), True)
        finish_failed(self._spool, self.claim)

    def retry_after_error(self, error: dict[str, Any]) -> bool:
        """Let the job be tried again after an error that can pass; tell whether there are attempts left.

        Raises:
            OSError: the attempt cannot be counted.
        """
        said = f"{error['what']} {error['remedy']}".strip()
        return self._retry(self.attempts.after_error(said, error["exit_code"], self._config.retry), error)

    def retry_after_crash(self, how: str) -> bool:
        """Let the job be tried again after its worker process ended; tell whether there are attempts left.

        Raises:
            OSError: the attempt cannot be counted.
        """
        attempts = self.attempts.after_crash(how, self._config.retry)
        error = {**fields_of(LandslipError(f"The worker process ended: {how}.")), "crashed": True}
        return self._retry(attempts, error)

    def give_back(self) -> None:
        """Let others claim the job, as if it had not been tried."""
        self.attempts = self.attempts.given_up()
        with contextlib.suppress(OSError):
            write_attempts(self.claim.folder, self.attempts)
        self.claim.release()

    def _retry(self, attempts: Attempts, error: dict[str, Any]) -> bool:
        self.attempts = attempts
        if (reason := attempts.exhausted(self._config.retry)) is not None:
            self.fail({**error, "what": f"{reason} {error['what']}" if error.get("crashed") else error["what"]})
            return False
        write_attempts(self.claim.folder, attempts)
        self.claim.release()
        return True
