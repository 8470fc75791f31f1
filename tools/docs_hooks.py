"""What mkdocs does besides: documents of the repository's root become pages, and links to them are turned to those.

On a code host the links of a page lead to files of the repository; in the site they lead to pages. Of a link to a file
that is no page of the site the name of that file is left.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]

PAGES = {
    "README.md": "readme.md",
    "DESIGN.md": "design.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Documents of the root, and where they are in the site."""

_ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):<code>~?((?:\w+\.)*)(\w+)</code>")
"""How docstrings name other things of the code."""
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s]+)\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the documents of the root."""
    for document, page in PAGES.items():
        text = (ROOT / document).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=turned(text, "", page)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn the links of a page that leave the folder of the pages."""
    where = page.file.src_uri
    return markdown if where in PAGES.values() else turned(markdown, f"docs/{where}", where)


def on_page_content(html: str, **_: Any) -> str:
    """Show what docstrings name as code, by its last name."""
    return _ROLE.sub(r"<code>\2</code>", html)


def turned(text: str, source: str, page: str) -> str:
    """A text with links that hold in the site.

    Args:
        text: Markdown.
        source: its path in the repository, or empty for one in the root.
        page: its path in the site.
    """
    folder = posixpath.dirname(source)

    def turn(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        path, mark, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:") or not path:
            return found[0]
        inside = posixpath.normpath(posixpath.join(folder, path))
        goal = inside.removeprefix("docs/") if inside.startswith("docs/") else PAGES.get(inside)
        if goal is None:
            return f"{words} (`{inside}`)" if words.strip("`") != inside else f"`{inside}`"
        away = posixpath.relpath(goal, posixpath.dirname(page) or ".")
        return f"{picture}[{words}]({away}{mark}{anchor})"

    return _LINK.sub(turn, text)
