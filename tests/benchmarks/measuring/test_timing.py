"""Timings alternate between what they compare, and are told by median and percentiles."""

from __future__ import annotations

from itertools import accumulate, cycle

import pytest

from landslip.benchmarks.measuring.energy import open_meter
from landslip.benchmarks.measuring.timing import Timing, alternate, alternate_groups
from landslip.runtime.errors import LandslipError, UsageError


def test_subjects_take_turns_and_the_order_turns_too():
    calls = []

    def subject(name, work):
        def run():
            calls.append(name)
            return work

        return run

    timings = alternate({name: subject(name, work) for name, work in (("A", 2), ("B", 3), ("C", 4))}, repeats=2)
    assert "".join(calls) == "ABCCBAABC"
    assert [(timing.work, len(timing.seconds)) for timing in timings.values()] == [(2, 2), (3, 2), (4, 2)]
    assert list(timings) == ["A", "B", "C"]


def test_warm_up_does_not_count():
    calls = []
    timings = alternate({"one": lambda: calls.append(1) or 5.0}, repeats=3, warm_up=2)
    assert len(calls) == 5
    assert len(timings["one"].seconds) == 3


def test_a_yardstick_runs_before_each_group_and_its_median_run_counts():
    calls, now = [], [0.0]

    def subject(name, *seconds):
        durations = cycle(seconds)

        def run():
            calls.append(name)
            now[0] += next(durations)
            return 2.0

        return run

    groups = [{name: subject(name, 1.0) for name in group} for group in ("AB", "C", "DEF")]
    yardsticks = {"y": subject("y", 1.0, 2.0, 30.0), "z": subject("z", 1.0)}
    timings = alternate_groups(groups, yardsticks, repeats=2, warm_up=0, clock=lambda: now[0])
    assert "".join(calls) == "yzAByzCyzDEF" + "yzFEDyzCyzBA"
    assert list(timings) == [*"yzABCDEF"]
    assert timings["y"].seconds == (2.0, 2.0)
    assert timings["y"].runs == (1.0, 2.0, 30.0) * 2
    assert timings["A"].runs == ()
    assert timings["A"].ratios(timings["y"]) == (2.0, 2.0)


def test_a_yardstick_tells_its_runs_where_it_has_one_alone():
    timings = alternate_groups([{"one": lambda: 1.0}], {"y": lambda: 1.0}, repeats=1)
    assert len(timings["y"].runs) == 1
    assert timings["y"].runs == timings["y"].seconds


def test_nothing_to_measure_is_refused():
    with pytest.raises(UsageError, match="nothing"):
        alternate_groups([], {"y": lambda: 1.0}, repeats=2)


def test_rates_and_percentiles():
    timing = Timing((1.0, 4.0, 2.0, 3.0, 5.0), 12.0)
    assert (timing.median, timing.rate) == (3.0, 4.0)
    assert (timing.lowest_rate, timing.highest_rate) == (2.4, 12.0)
    assert timing.p90 == pytest.approx(4.6)
    assert timing.p95 == pytest.approx(4.8)
    assert timing.p99 == pytest.approx(4.96)


def test_ratios_are_between_neighbours_in_time():
    # The machine gets slower from repeat to repeat, and the ratio does not.
    base, other = Timing((1.0, 2.0, 4.0), 10.0), Timing((0.5, 1.0, 2.0), 20.0)
    assert other.ratios(base) == (4.0, 4.0, 4.0)
    assert other.ratio(base) == 4.0
    assert base.ratio(base) == 1.0


def test_unequal_work_is_refused():
    amounts = iter([1.0, 1.0, 2.0])
    with pytest.raises(LandslipError, match="between 1 and 2 units"):
        alternate({"uneven": lambda: next(amounts)}, repeats=2)


def test_no_repeats_are_refused():
    with pytest.raises(UsageError, match="0 repeats"):
        alternate({"one": lambda: 1.0}, repeats=0)


def test_energy_is_that_of_each_run_alone(tmp_path):
    package = tmp_path / "class" / "powercap" / "intel-rapl:0"
    package.mkdir(parents=True)
    for name, value in (("name", "package-0"), ("max_energy_range_uj", 10**9), ("energy_uj", 0)):
        (package / name).write_text(f"{value}\n")
    joules = accumulate([100, 3, 5, 4])

    def work():
        (package / "energy_uj").write_text(f"{next(joules)}000000\n")
        return 2.0

    with open_meter(root=tmp_path) as meter:
        timings = alternate({"work": work, "idle": lambda: 1.0}, repeats=3, warm_up=1, meter=meter)
    assert timings["work"].joules == pytest.approx((3.0, 5.0, 4.0))
    assert timings["work"].energy == pytest.approx(2.0)
    assert timings["idle"].energy == 0.0


def test_energy_that_was_not_measured_is_none():
    assert alternate({"work": lambda: 1.0}, repeats=1)["work"].energy is None
