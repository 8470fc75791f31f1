"""Fields of log lines hold for the process, and end with their block."""

from __future__ import annotations

import threading

import pytest

from landslip.runtime.system.log_fields import begin_stage, current_fields, log_fields, stage, tell_fields
from landslip.runtime.system.progress import LineProgress, NoProgress, waiting


def test_a_block_has_its_fields_and_those_of_the_block_around_it():
    before = current_fields()
    with log_fields(job="a", node="here"):
        with log_fields(job="b", task="MAP"):
            assert (current_fields().job, current_fields().task, current_fields().node) == ("b", "MAP", "here")
        assert (current_fields().job, current_fields().task) == ("a", "")
    assert current_fields() == before


def test_other_threads_see_them():
    seen = []
    with log_fields(job="a"):
        thread = threading.Thread(target=lambda: seen.append(current_fields().job))
        thread.start()
        thread.join()
    assert seen == ["a"]


def test_an_error_ends_them_too():
    with pytest.raises(ValueError, match="this"), log_fields(job="a"), stage("mapping"):
        raise ValueError("this")
    assert (current_fields().job, current_fields().stage) == ("", "")


@pytest.mark.parametrize("progress", [NoProgress(), LineProgress()])
def test_the_stage_is_what_progress_is_told(progress):
    with stage("one"):
        with waiting(progress, "checksums of the inputs"):
            assert current_fields().stage == "checksums of the inputs"
        assert current_fields().stage == "one"


def test_a_piece_of_work_is_a_stage():
    lines = LineProgress()
    lines.start("mapping", 3, "tile")
    assert current_fields().stage == "mapping"
    lines.finish()
    assert current_fields().stage == ""


def test_changes_are_told():
    told = []
    tell_fields(told.append)
    try:
        begin_stage("mapping")
        begin_stage("")
    finally:
        tell_fields(None)
    assert [fields.stage for fields in told] == ["mapping", ""]
