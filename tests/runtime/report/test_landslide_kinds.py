"""Reports of maps of several classes: each landslide has the colour of its kind, and the legend names the kinds."""

from __future__ import annotations

import json
import re

import pytest

from helpers.report_runs import KINDS, classes_of_run, made_up_run, source_of
from landslip.runtime.report.landslide_kinds import MOST_IN_LEGEND
from landslip.runtime.report.report_writing import write_report
from landslip.runtime.styles.palette import NO_KIND, class_colours, hexadecimal

COLOURS = [hexadecimal(each) for each in class_colours([False, True, True, True])][1:]


def written(folder, **how):
    run = made_up_run(folder, 300, 400, **how)
    write_report(run, folder / "report.html", source_of(300, 400))
    return (folder / "report.html").read_text(encoding="utf-8")


def data_of(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def legend_of(text):
    """Colour and text of each kind in the legend."""
    found = re.search(r'<div class="legend">(.*?)</div>', text, re.DOTALL)[1]
    return re.findall(r'class="slide" fill="(#\w+)"/></svg>(.*?)</span>', found)


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return written(tmp_path_factory.mktemp("kinds"), kinds=KINDS, classes=classes_of_run())


def test_the_legend_names_the_kinds_in_their_colours(text):
    assert legend_of(text) == list(zip(COLOURS, ("landslide: debris flow", "slide", "rock fall"), strict=True))
    assert "likely (mean confidence" not in text


def test_kinds_that_do_not_occur_are_not_named(tmp_path):
    text = written(tmp_path, kinds=("rock fall", None), classes=classes_of_run())
    assert legend_of(text) == [(COLOURS[2], "landslide: rock fall"), (hexadecimal(NO_KIND), "no kind surest")]


def test_the_picture_has_a_path_of_each_kind_with_its_landslides(text):
    drawn = re.findall(r'<path d="([^"]*)" class="slide" fill="(#\w+)"', text)
    assert [colour for _, colour in drawn] == COLOURS[::-1]
    outer = [path.count("M") for path, _ in drawn]
    assert min(outer) >= 10


def test_the_script_has_kinds_with_colours_and_names(text):
    data = data_of(text)
    assert data["kinds"] == list(KINDS)
    assert [data["colours"][key] for key in data["classes"]] == COLOURS
    assert [data["texts"][key] for key in data["classes"]] == list(KINDS)
    assert data["sure"] == ["likely", "probable", "possible"]


def test_the_legend_is_bounded_and_says_what_it_leaves_out(tmp_path):
    names = [f"kind of number {number:02}" for number in range(20)]
    text = written(tmp_path, kinds=names, classes=classes_of_run(names), landslides=50)
    legend = legend_of(text)
    assert len(legend) == MOST_IN_LEGEND
    assert [name.removeprefix("landslide: ") for _, name in legend][:10] == names[:10]  # of three landslides each
    assert f"<span>and {20 - MOST_IN_LEGEND} kinds more, of fewer landslides</span>" in text
    assert len(data_of(text)["classes"]) == 20


@pytest.mark.parametrize(
    "how",
    [{}, {"kinds": KINDS}, {"classes": classes_of_run()}, {"kinds": ["slide"], "classes": classes_of_run(["slide"])}],
)
def test_without_several_kinds_landslides_are_coloured_by_their_confidence(tmp_path, how):
    text = written(tmp_path, **how)
    assert legend_of(text) == []
    assert data_of(text)["classes"] == ["likely", "probable", "possible"]
    assert not {"kinds", "sure"} & data_of(text).keys()
    assert "kindOf" not in text


def test_a_kind_that_the_run_does_not_know_is_none(tmp_path):
    text = written(tmp_path, kinds=("</script><b>x", "ground", "slide"), classes=classes_of_run())
    assert legend_of(text) == [(COLOURS[1], "landslide: slide"), (hexadecimal(NO_KIND), "no kind surest")]
    assert "<b>x" not in text
