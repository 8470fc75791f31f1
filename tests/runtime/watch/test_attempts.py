"""Attempts at a job: counted, kept on disk, and limited."""

from __future__ import annotations

import time

import pytest

from landslip.runtime.watch.attempts import ATTEMPTS, Attempts, Replaced, read_attempts, write_attempts
from landslip.runtime.watch.spool_toml import RetryRule

RULE = RetryRule(attempts=3, crashes=2, starts=5, pause=10.0, longest_pause=15.0)


def test_attempts_are_read_as_they_were_written(tmp_path):
    attempts = Attempts(arrived=3.5, claimed="then", replaces=Replaced("a", None)).begun().after_error("no", 1, RULE)
    write_attempts(tmp_path, attempts)
    assert read_attempts(tmp_path) == attempts


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"starts": "many"}', b'{"ends": [{"what": 1}]}', b"\xff"])
def test_a_damaged_file_counts_nothing(tmp_path, content):
    (tmp_path / ATTEMPTS).write_bytes(content)
    assert read_attempts(tmp_path) == Attempts()
    assert read_attempts(tmp_path / "none") == Attempts()


def test_errors_are_limited_and_pauses_grow_to_a_most():
    attempts, before = Attempts(), 0.0
    for number, pause in ((1, 10), (2, 15), (3, 15)):
        assert attempts.exhausted(RULE) is None
        attempts = attempts.begun().after_error("no memory", 4, RULE)
        assert attempts.errors == number
        assert attempts.not_before == pytest.approx(time.time() + pause, abs=5)
        assert attempts.not_before >= before
        before = attempts.not_before
    assert "no memory" in (attempts.exhausted(RULE) or "")


def test_crashes_are_limited_by_themselves():
    attempts = Attempts().begun().after_crash("SIGSEGV", RULE)
    assert attempts.exhausted(RULE) is None
    assert "SIGSEGV" in (attempts.begun().after_crash("SIGSEGV", RULE).exhausted(RULE) or "")


def test_attempts_of_which_nobody_knows_the_end_are_limited_too():
    attempts = Attempts()
    for _ in range(5):
        assert attempts.exhausted(RULE) is None
        attempts = attempts.begun()
    assert "5 attempts were begun" in (attempts.exhausted(RULE) or "")
    assert [end.exit_code for end in attempts.ends] == [None] * 4
    assert attempts.errors == attempts.crashes == 0


def test_an_attempt_that_the_service_gave_up_does_not_count():
    attempts = Attempts().begun()
    assert attempts.given_up() == Attempts()
