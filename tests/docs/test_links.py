"""Links, anchors and names of files in the documents lead somewhere, and the short documents are short."""

from __future__ import annotations

import posixpath
import re

import pytest

from helpers.pages import DOCUMENTS, ROOT, anchors, links, prose_of, spans, text_of

_FILE = re.compile(r"[\w./-]+\.(?:py|md|toml|txt|jpg|cff|yml)")
_CODE = ("runtime", "export", "models", "benchmarks", "tests", "tools")
_OTHERS = {"gdal_edit.py"}
"""Programs of others."""


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files_and_headings(document):
    for target in links(document):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        goal = posixpath.normpath(posixpath.join(posixpath.dirname(document), path)) if path else document
        assert (ROOT / goal).exists(), f"{document}: {target}"
        if anchor:
            assert anchor in anchors(goal), f"{document}: {target} has no such heading"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_that_are_named_with_their_folder_exist(document):
    folders = tuple(f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and path.name not in ("build", "dist"))
    for span in spans(document):
        if _FILE.fullmatch(span) and span.startswith(folders) and "NAME" not in span and "PACKAGE" not in span:
            assert (ROOT / span).exists(), f"{document}: {span}"
        if span.startswith(folders) and re.fullmatch(r"[\w./-]+/", span) and "PACKAGE" not in span:
            assert (ROOT / span).is_dir(), f"{document}: {span}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_modules_that_are_named_alone_exist(document):
    modules = {path.name for folder in _CODE for path in (ROOT / folder).rglob("*.py")} | _OTHERS
    for span in spans(document):
        if re.fullmatch(r"[a-z_0-9]+\.py", span):
            assert span in modules, f"{document}: {span}"


def test_the_readme_is_at_most_200_lines():
    assert len(text_of("README.md").splitlines()) <= 200


def test_the_design_is_at_most_10_kilobytes():
    assert len(text_of("DESIGN.md").encode()) <= 10_000


def test_every_decision_is_listed():
    listed = text_of("docs/decisions/index.md")
    pages = [path.name for path in (ROOT / "docs" / "decisions").glob("*.md") if path.name != "index.md"]
    assert [name for name in pages if f"({name})" not in listed] == []


def test_a_decision_has_a_question_a_choice_and_what_would_change_it():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        text = path.read_text(encoding="utf-8")
        if path.name != "index.md":
            assert "**Question.**" in text, path.name
            assert re.search(r"\*\*Choice\.\*\*|\*\*Why not", text), path.name
            assert re.search(r"would\s+change (it|this)", text), path.name


def test_rooms_in_the_design_are_those_of_the_floors():
    from helpers.house import FLOORS

    rows = dict(re.findall(r"^\| (runtime|models|export|benchmarks) \| (.+) \|$", prose_of("DESIGN.md"), re.MULTILINE))
    for package, floors in FLOORS.items():
        drawn = [set(floor.split(", ")) for floor in rows[package].split(" · ")]
        assert drawn[-len(floors) :] == [set(rooms.split()) for rooms in floors], package
