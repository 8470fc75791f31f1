"""Files of the page: a script that parses, words for everything it says, and all of it in the package."""

from __future__ import annotations

import re
import shutil
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
import tomllib

from landslip.runtime.report.landslide_data import CLASS_FIELDS, FIELDS
from landslip.runtime.report.landslide_kinds import PageKind
from landslip.runtime.report.page_data import words_and_colours
from landslip.runtime.report.page_files import KINDS, SCRIPTS, frame, script, style
from landslip.runtime.report.texts import ENGLISH, LANGUAGES

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "runtime" / "report" / "page"
NODE = shutil.which("node")


@pytest.mark.skipif(NODE is None, reason="needs Node.js")
def test_the_script_parses(tmp_path):
    (tmp_path / "whole.js").write_text(script(), encoding="utf-8")
    (tmp_path / "kinds.js").write_text(script(kinds=True), encoding="utf-8")
    for path in [*FOLDER.glob("*.js"), tmp_path / "whole.js", tmp_path / "kinds.js"]:
        subprocess.run([NODE, "--check", path], check=True, timeout=60)


def test_every_script_of_the_folder_is_in_the_page():
    assert {path.name for path in FOLDER.glob("*.js")} == {*SCRIPTS, *KINDS.values()}
    assert set(KINDS) <= set(SCRIPTS)


def test_the_script_evaluates_no_text_and_asks_for_nothing():
    for word in ("eval(", "new Function", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "fetch(",
                 "XMLHttpRequest", "WebSocket", "import(", "localStorage", "http:", "https:"):  # fmt: skip
        assert word not in script() + script(kinds=True), word
    assert "</script" not in script() + script(kinds=True)
    assert "</style" not in style()
    assert "url(" not in style()
    assert "@import" not in style()


def test_every_word_of_the_script_is_in_its_table():
    given = words_and_colours(ENGLISH)["texts"]
    said = set(re.findall(r'said\("(\w+)"', script())) | {f"field_{name}" for name in FIELDS}
    assert said <= given.keys()
    with_classes = words_and_colours(ENGLISH, (*FIELDS, *CLASS_FIELDS))["texts"]
    assert with_classes.keys() - given.keys() == {f"field_{name}" for name in CLASS_FIELDS}
    kinds = (PageKind("kind_0", "debris flow", "#ff0078", (0,)), PageKind("kind_1", None, "#ffffff", (1,)))
    with_kinds = words_and_colours(ENGLISH, FIELDS, kinds)["texts"]
    assert set(re.findall(r'said\("(\w+)"', script(kinds=True))) <= with_kinds.keys()
    assert with_kinds.keys() - given.keys() == {"sureness", "kind_0", "kind_1"}


def test_every_word_of_the_frame_is_in_the_table_of_each_language():
    words = {name for name in re.findall(r"\{\{(\w+)\}\}", frame()) if name.islower()}
    for language in LANGUAGES.values():
        assert words <= language.texts.keys()
        assert language.texts.keys() == ENGLISH.texts.keys()
        for key, text in ENGLISH.texts.items():
            assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", language.texts[key])), key


def test_no_word_of_the_table_is_left_over():
    code = (
        frame()
        + script()
        + script(kinds=True)
        + "".join(path.read_text(encoding="utf-8") for path in FOLDER.parent.glob("*.py"))
    )
    table = (FOLDER.parent / "texts.py").read_text(encoding="utf-8")
    composed = ("class_", "field_", "reason_", "role_", "reading_", "fact_", "score_")
    for key in ENGLISH.texts:
        if not key.startswith(composed):
            assert len(re.findall(rf"\b{key}\b", code)) > len(re.findall(rf"\b{key}\b", table)), key


def test_the_package_carries_the_files():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    carried = patterns["tool"]["setuptools"]["package-data"]["landslip.runtime.report"]
    for path in FOLDER.iterdir():
        assert any(fnmatch(f"page/{path.name}", pattern) for pattern in carried), path.name


@pytest.mark.parametrize(
    ("share", "said"), [(0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.12345, "12.3 %"), (0.99999, "100 %")]
)
def test_shares_have_no_more_decimals_than_they_need(share, said):
    assert ENGLISH.percent(share) == said


def test_numbers_are_written_as_the_language_has_them():
    german = ENGLISH.__class__("de", ENGLISH.texts, decimal=",", group=".")
    assert german.number(1234567.891, 2) == "1.234.567,89"
    assert german.kilometres(0.1234) == "0,123"
    assert ENGLISH.number(-0.001, 2) == "0.00"
    assert ENGLISH.length(6.00194) == "6"
    assert ENGLISH.length(0.5) == "0.50"
