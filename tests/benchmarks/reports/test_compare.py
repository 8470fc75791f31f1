"""Two reports are compared by their findings, each in the direction in which it gets better."""

from __future__ import annotations

import math

import pytest

from landslip.benchmarks.reports.compare import compare_files
from landslip.benchmarks.reports.report import Finding, Report
from landslip.runtime.cli.main import run
from landslip.runtime.errors import InputError, UsageError

MACHINE = {"cpu": "one", "cores": 2, "packages": {"numpy": "2.0"}}


@pytest.fixture
def write(tmp_path):
    def written(place, findings, name="trial", environment=MACHINE, **settings):
        return Report(name, "", settings, [], findings, environment=environment).write(tmp_path / place)[0]

    return written


@pytest.mark.parametrize(
    ("better", "old", "new", "verdict"),
    [
        ("higher", 1.0, 0.94, "worse"),
        ("higher", 1.0, 0.96, "same"),
        ("higher", 1.0, 1.04, "same"),
        ("higher", 1.0, 1.06, "better"),
        ("lower", 1.0, 1.06, "worse"),
        ("lower", 1.0, 0.9, "better"),
        ("lower", 0.0, 0.0, "same"),
        ("lower", 0.0, 0.1, "worse"),
        ("lower", -1.0, -1.2, "better"),
        ("higher", 1.0, math.nan, "worse"),
        (None, 1.0, 9.0, "-"),
    ],
)
def test_verdicts(write, better, old, new, verdict):
    files = (write(place, {"speed": Finding(value, better=better)}) for place, value in (("a", old), ("b", new)))
    comparison = compare_files(*files)
    assert comparison.changes[0].verdict(comparison.threshold) == verdict
    assert comparison.exit_code == (verdict == "worse")
    assert comparison.worse == (["speed"] if verdict == "worse" else [])
    assert not comparison.differences


def test_the_threshold_decides(write):
    old, new = (
        write("a", {"speed": Finding(1.0, better="higher")}),
        write("b", {"speed": Finding(0.85, better="higher")}),
    )
    assert compare_files(old, new, 0.1).exit_code == 1
    assert compare_files(old, new, 0.2).exit_code == 0


def test_a_finding_that_is_gone_counts_as_worse_if_one_way_was_better(write):
    old = write("a", {"speed": Finding(1.0, better="higher"), "size": Finding(3.0, "km")})
    assert compare_files(old, write("b", {"speed": Finding(1.0, better="higher")})).exit_code == 0
    new = write("c", {"size": Finding(3.0, "km"), "more": Finding(1.0, better="higher")})
    comparison = compare_files(old, new)
    assert comparison.worse == ["speed"]
    assert "| more | - | 1 | - | higher | new |" in comparison.markdown()


def test_other_machines_versions_and_settings_are_told_first(write):
    other = {"cpu": "two", "cores": 2, "packages": {"numpy": "2.1"}}
    comparison = compare_files(write("a", {}, batch=4), write("b", {}, environment=other, batch=8, tile=224))
    assert comparison.differences == (
        "machine: cpu was one and is two",
        "machine: packages numpy was 2.0 and is 2.1",
        "setting: batch was 4 and is 8",
        "setting: tile was None and is 224",
    )
    page = comparison.markdown()
    assert page.index("not measured alike") < page.index("cpu was one and is two") < page.index("| finding |")


def test_other_benchmarks_units_and_thresholds_are_refused(write):
    old = write("a", {"speed": Finding(1.0)})
    with pytest.raises(InputError, match=r"'trial' and .* of 'other'"):
        compare_files(old, write("b", {}, name="other"))
    with pytest.raises(InputError, match="in other units"):
        compare_files(old, write("c", {"speed": Finding(1.0, "tiles/s")}))
    with pytest.raises(UsageError, match="threshold of 5 makes no sense"):
        compare_files(old, old, 5)


def test_the_command_prints_a_table_and_exits_by_what_got_worse(write, capsys):
    old, new = (
        write("a", {"speed": Finding(1.0, better="higher")}),
        write("b", {"speed": Finding(0.5, better="higher")}),
    )
    assert run(["bench", "compare", str(old), str(new)]) == 1
    said = capsys.readouterr().out
    assert "| speed | 1 | 0.5 | -50.0 % | higher | worse |" in said
    assert said.endswith("Worse by more than 0.05: speed.\n")
    assert run(["bench", "compare", str(old), str(new), "--threshold", "0.6"]) == 0
    assert capsys.readouterr().out.endswith("Nothing got worse.\n")
    new.write_text("{")
    assert run(["bench", "compare", str(old), str(new)]) == 3
    assert "damaged" in capsys.readouterr().err
