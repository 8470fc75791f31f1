"""Messages that troubleshooting quotes are still in the code."""

from __future__ import annotations

import ast
import re

import pytest

from helpers.pages import ROOT, text_of

PAGE = "docs/troubleshooting.md"
SHELL = {"landslip: command not found"}
"""What is said by others."""


def quoted():
    """Messages in the first column of the page's tables."""
    for line in text_of(PAGE).splitlines():
        if line.startswith("| `"):
            yield from re.findall(r"`([^`]+)`", line.split(" | ")[0])


@pytest.fixture(scope="module")
def messages():
    """Texts of the code, with … where a value is put in."""
    found = []
    for package in ("runtime", "export", "models"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += [_text(node) for node in ast.walk(tree) if isinstance(node, ast.Constant | ast.JoinedStr)]
    return "\n".join(re.sub(r"%[sdg]|%\.\d[fe]", "…", text).replace(" %% ", " % ") for text in found if text)


def _text(node):
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(value) if isinstance(value, ast.Constant) else "…" for value in node.values)
    value = getattr(node, "value", None)
    return value.decode(errors="replace") if isinstance(value, bytes) else value if isinstance(value, str) else ""


@pytest.mark.parametrize("message", list(quoted()))
def test_each_message_is_in_the_code(message, messages):
    if message not in SHELL:
        parts = [re.escape(part) for part in message.split("…")]
        assert re.search(".*?".join(parts), messages), "take it out, or quote what the code says now"


def test_there_are_messages():
    assert len(list(quoted())) > 40
