"""Time from the last row of a landslide to its polygon, in small."""

from __future__ import annotations

import numpy as np
import pytest

from landslip.benchmarks.studies.alert_events import Delay, MapEvents
from landslip.benchmarks.studies.alert_time import AlertRun, alert_findings, measure_alert
from landslip.models.demo.embedded import DEMO_MODEL
from landslip.runtime.geo.windows import make_window

EVENTS = MapEvents(
    rows=[(0, 64, 1.0), (64, 128, 2.0), (128, 192, 3.0)],
    tiles=[
        (make_window(0, 0, 64, 64), 2.5),
        (make_window(32, 0, 64, 64), 2.7),
        (make_window(0, 32, 64, 64), 3.1),
        (make_window(32, 32, 64, 64), 3.3),
        (make_window(0, 64, 64, 64), 3.5),
    ],
    calls=[(2.2, 2.5), (2.4, 2.7), (2.9, 3.1), (3.1, 3.3), (3.4, 3.5)],
)
"""A map of 192 rows whose first five tiles are computed; two calls of the engine overlap."""


def test_the_time_of_a_tile_counts_once_where_calls_are_side_by_side():
    assert EVENTS.seconds_per_tile == pytest.approx((0.5 + 0.4 + 0.1) / 5)
    assert MapEvents().seconds_per_tile == 0


@pytest.mark.parametrize(
    ("box", "out", "wait", "tiles", "after"),
    [
        (make_window(70, 40, 10, 10), 3.9, 2.9, 2, 0.6),  # of the columns from 64 on there are two tiles
        (make_window(10, 40, 10, 30), 3.9, 1.9, 3, 0.4),
        (make_window(10, 120, 10, 60), 3.9, 0.9, 1, 0.4),
        (make_window(10, 70, 10, 60), 4.0, 1.0, 2, 0.5),
    ],
    ids=[
        "right of the first column",
        "of two blocks",
        "a tile touches a part of it",
        "of two blocks, in two rows of tiles",
    ],
)
def test_what_a_landslide_waits_for_are_the_tiles_that_touch_it(box, out, wait, tiles, after):
    delay = EVENTS.delay(box, out)
    assert delay == Delay(pytest.approx(wait), tiles, pytest.approx(after))
    assert delay.beyond(0.25) == pytest.approx(wait - tiles * 0.25)


def test_tiles_computed_before_the_last_row_came_are_not_waited_for():
    events = MapEvents(rows=[(0, 64, 9.0)], tiles=EVENTS.tiles, calls=EVENTS.calls)
    assert events.delay(make_window(0, 0, 10, 10), 9.5) == Delay(0.5, 0, 0.5)


def run(waits, beyond, after, first, seconds):
    return AlertRun(*(np.array(each, float) for each in (waits, beyond, after)), 0.1, first, seconds)


def test_figures_tell_what_they_differ_by_from_map_to_map():
    found = alert_findings([run([1, 2, 3], [-1, 0, 0], [1, 1, 1], 4, 10), run([1, 4, 5], [0, 0, 1], [1, 1, 1], 6, 10)])
    median, longest, beyond = (
        found[name] for name in ("alert_seconds_median", "alert_seconds_longest", "p95_beyond_tiles_seconds")
    )
    assert (median.value, median.spread) == (2.5, pytest.approx((4 - 2) / 2.5))
    assert (longest.value, longest.spread) == (5, pytest.approx((5 - 3) / 5))
    assert beyond.spread == pytest.approx((0.9 - 0) / np.quantile([1, 1, 2, 3, 4, 5], 0.95))
    assert found["p95_after_tiles_seconds"].spread == 0
    assert found["alert_to_whole_map"].spread == pytest.approx((0.4 - 0.2) / 0.3)
    assert found["first_landslide_to_whole_map"].spread == pytest.approx((0.6 - 0.4) / 0.5)


def test_one_map_does_not_tell_what_figures_differ_by():
    found = alert_findings([run([1, 2, 3], [-1, 0, 0], [1, 1, 1], 4, 10)])
    assert {finding.spread for finding in found.values()} == {None}


@pytest.mark.slow
def test_landslides_come_while_the_map_is_made(tmp_path):
    report = measure_alert(tmp_path, DEMO_MODEL, 4.0, 6.0, repeats=1)
    found = {name: finding.value for name, finding in report.findings.items()}
    waits, shares, beyond, after = (row[1:] for row in report.tables[0].rows)
    assert waits[0] > 0
    assert list(waits) == sorted(waits)
    assert [found[f"alert_seconds_{name}"] for name in ("median", "90_percent", "p95", "longest")] == list(waits[1:])
    assert all(0 < share < 1 for share in shares)
    for several in (beyond, after):
        assert all(less <= wait for less, wait in zip(several, waits, strict=True))
    assert found["p95_beyond_tiles_seconds"] == beyond[3]
    assert found["p95_after_tiles_seconds"] == after[3] > 0
    assert 0 < found["first_landslide_to_whole_map"] < 1
    ((_, first, whole, *_, per_tile),) = report.tables[1].rows
    assert first < whole
    assert per_tile > 0
    assert (tmp_path / "map" / "run.json").exists()
