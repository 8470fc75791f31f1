"""Maps in shards against one process, on a scene that is cut in two; and large maps on paper."""

from __future__ import annotations

import pytest

from helpers.engines import SPEC
from landslip.benchmarks.studies.shard_speed import measure_shards
from landslip.benchmarks.studies.shards_on_paper import MeasuredRates, paper_table
from landslip.models.demo.embedded import DEMO_MODEL


@pytest.mark.slow
def test_the_report_compares_and_counts(tmp_path):
    report = measure_shards(tmp_path, DEMO_MODEL, height_km=13.0, width_km=1.5, repeats=1)
    speeds, passed, paper = report.tables
    assert [row[0] for row in speeds.rows] == ["one process", "processes:2", "2 processes that run already"]
    assert len({row[1] for row in speeds.rows}) == 1
    ((shards, calls, mean, largest, _),) = passed.rows
    assert (shards, calls) == (1, 4) or shards == 2
    assert 0 < mean <= largest < 1500
    assert 0 <= report.findings["computed_twice"].value < 0.2
    assert len(paper.rows) == 6
    assert "estimate" in paper.title


def test_a_country_on_paper():
    table = paper_table(SPEC, MeasuredRates(10.0, 100.0, 400.0), 224, 0.5)
    ten, fifty, many = table.rows[:3]
    assert [row[2] for row in (ten, fifty, many)] == [10, 50, 54]  # shards of 15 tile rows and more
    assert ten[4] == pytest.approx(664_000, rel=0.01)
    assert ten[5] == pytest.approx(8.33, rel=0.01)
    assert ten[6] < fifty[6]
    assert ten[7] == pytest.approx(10 * ten[8])
    assert ten[9] == 4000
