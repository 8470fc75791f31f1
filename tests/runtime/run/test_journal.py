"""States of a run on the disk and back: what a line holds, and what it leaves to the lines before it."""

from __future__ import annotations

import json

import pytest

from landslip.runtime.run.journal import Checkpoint, Journal
from landslip.runtime.run.run_state import RunState


def damage(row):
    return {"role": "mask", "path": "m.tif", "rows": [row, row + 1], "cols": [0, 9], "reason": "cut off"}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines() if line]


@pytest.fixture
def journal(tmp_path):
    """A journal that has begun."""
    journal = Journal(tmp_path / "journal.jsonl", {"model": "a"})
    journal.begin()
    return journal


def test_a_line_has_the_keys_of_every_version(journal):
    journal.add(Checkpoint(RunState(rows=64, tile_rows=2, predicted=5, skipped=1), checksum=7, pictures=8))
    assert lines(journal.path)[1:] == [
        {
            "rows": 64, "checksum": 7, "pictures": 8, "tile_rows": 2, "predicted": 5, "skipped": 1, "damaged": [],
        }
    ]  # fmt: skip


def test_damage_is_told_once_and_known_from_then_on(journal):
    first = Checkpoint(RunState(rows=10, damaged=(damage(1),)), 1, 2)
    second = Checkpoint(RunState(rows=20, damaged=(damage(1), damage(5))), 3, 4)
    journal.add(first)
    journal.add(second, first.state.damaged)
    assert [line["damaged"] for line in lines(journal.path)[1:]] == [[damage(1)], [damage(5)]]
    assert journal.checkpoints() == [first, second]


@pytest.mark.parametrize(
    "wrong", [{"rows": -1}, {"rows": 1.0}, {"rows": "1"}, {"damaged": 3}, {"more": 1}, {"checksum": True}]
)
def test_a_line_of_another_kind_is_no_checkpoint(journal, wrong):
    good = Checkpoint(RunState(rows=10), 1, 2)
    journal.add(good)
    whole = lines(journal.path)[1]
    with journal.path.open("a") as stream:
        stream.write(json.dumps(whole | wrong) + "\n")
    assert journal.checkpoints() == [good]


def test_rows_of_tiles_count_one_by_one():
    state = RunState(rows=32, tile_rows=1, predicted=3, skipped=4).after_row(1, 5, 6)
    assert state == RunState(rows=32, tile_rows=2, predicted=8, skipped=10)
