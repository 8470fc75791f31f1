"""Docstrings begin with a noun or a verb, so that a line of a list says by itself what is meant."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("runtime", "models", "export", "benchmarks")

# fmt: off
NO_BEGINNINGS = frozenset({
    "it", "its", "they", "their", "these", "this", "those", "that", "what", "whether", "how", "where", "which",
    "why", "who", "whose", "when", "as", "so", "if", "of", "in", "at", "on", "from", "for", "by", "with", "without",
    "to", "into", "under", "between", "beside", "before", "after", "here", "there", "both", "nothing", "not",
    "such", "also",
})
# fmt: on
"""First words that name nothing: pronouns, question words, conjunctions and prepositions."""


def docstrings(path):
    """Line, owner and text of every docstring: of modules, classes and functions, and below assignments."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield node.body[0].lineno, getattr(node, "name", path.stem), text
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            for assignment, after in zip(node.body, node.body[1:], strict=False):
                if isinstance(assignment, ast.Assign | ast.AnnAssign) and _is_text(after):
                    yield after.lineno, ast.unparse(assignment).partition("=")[0].strip(), after.value.value


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def begins_badly(text):
    """Tell whether the first word of a text names nothing; ``The same`` leaves open what is meant as well."""
    words = text.split()
    first = words[0].strip(",;:.") if words else ""
    return first.lower() in NO_BEGINNINGS or words[:2] == ["The", "same"]


MODULES = [
    ROOT / "landslip" / "__init__.py",
    *sorted(path for each in PACKAGES for path in (ROOT / each).rglob("*.py")),
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_begin_with_a_noun_or_a_verb(path):
    bad = [f"{line} {owner}: {text.splitlines()[0]}" for line, owner, text in docstrings(path) if begins_badly(text)]
    assert not bad, "\n".join([f"{path}:", *bad])


@pytest.mark.parametrize(
    "text", ["It is one.", "What a file says.", "Of all files.", "The same of others.", "In rows."]
)
def test_such_beginnings_are_seen(text):
    assert begins_badly(text)
