"""The documents of the repository as text: headings, links, code, tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

ROOT_DOCUMENTS = ("README.md", "DESIGN.md", "CONTRIBUTING.md")
"""Of the root, without the changelog, which tells of what was."""

DOCUMENTS = (*ROOT_DOCUMENTS, *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")))
"""All documents that say how landslip is, by their paths from the root."""

_FENCE = re.compile(r"^( *)```(\w*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_SPAN = re.compile(r"`([^`\n]+)`")


def text_of(document: str) -> str:
    """A document by its path from the root."""
    return (ROOT / document).read_text(encoding="utf-8")


def prose_of(document: str) -> str:
    """The same without its blocks of code."""
    return _FENCE.sub("", text_of(document))


def blocks(document: str, *languages: str) -> Iterator[str]:
    """Its blocks of code in these languages."""
    for found in _FENCE.finditer(text_of(document)):
        if found[2] in languages:
            yield found[3]


def spans(document: str) -> list[str]:
    """Pieces of code in its prose."""
    return _SPAN.findall(prose_of(document))


def links(document: str) -> list[str]:
    """Targets of its links."""
    return _LINK.findall(prose_of(document))


def anchors(document: str) -> set[str]:
    """Anchors of its headings, as code hosts and mkdocs make them."""
    headings = re.findall(r"^#+ +(.+?) *$", prose_of(document), re.MULTILINE)
    return {_slug(re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)) for heading in headings}


def table_keys(document: str, heading: str) -> list[str]:
    """The code spans in the first column of the tables below a heading, up to the next one."""
    section = re.split(rf"^#+ {re.escape(heading)}$", text_of(document), maxsplit=1, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    firsts = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    return [key for first in firsts for key in _SPAN.findall(first)]


def _slug(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip())
