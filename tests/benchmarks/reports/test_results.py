"""The reports that are kept can be found, and name neither paths nor people."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"
PAGES = sorted(RESULTS.rglob("*.md"))
DATA = sorted(RESULTS.rglob("*.json"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(RESULTS)))
def test_links_and_pictures_are_there(page):
    targets = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert not missing


def test_every_report_is_linked_or_lies_with_a_summary():
    index = (RESULTS / "README.md").read_text(encoding="utf-8")
    lost = [
        page
        for page in PAGES
        if page.name != "README.md"
        and f"({page.relative_to(RESULTS).as_posix()})" not in index
        and not (page.parent / "summary.md").exists()
    ]
    assert not lost


@pytest.mark.parametrize("data", DATA, ids=lambda data: str(data.relative_to(RESULTS)))
def test_reports_are_json_and_name_no_folder_of_a_machine(data):
    text = data.read_text(encoding="utf-8")
    assert json.loads(text)["environment"]["cpu"]
    assert not re.search(r"/(tmp|home|root|work|Users)/", text)
