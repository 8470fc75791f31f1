"""Files that the page is made of: its frame, its style, its script; and the policy that lets nothing else run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from importlib.resources import files

from landslip.runtime.report.html_parts import Markup

SCRIPTS = (
    "texts.js", "landslides.js", "sureness.js", "tiles.js", "view.js", "drawing.js", "moving.js", "table.js", "main.js",
)  # fmt: skip
"""Parts of the script, in the order in which they stand in the page."""

KINDS = {"sureness.js": "kinds.js"}
"""Parts that others take the place of where the map tells kinds of landslides apart."""

_PLACE = re.compile(r"\{\{(\w+)\}\}")
_FOLDER = "page"


def frame() -> str:
    """HTML of the page with ``{{name}}`` where its parts go."""
    return _text("report.html")


def style() -> str:
    """Style of the page."""
    return _text("report.css")


def script(*, kinds: bool = False) -> str:
    """Script of the page; for a map that tells kinds of landslides apart, or for any other."""
    return "\n".join(_text(KINDS.get(name, name) if kinds else name) for name in SCRIPTS)


def policy(style_text: str, script_text: str) -> str:
    """Content security policy: this style, this script, pictures inside the page, and nothing from anywhere."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style_text)}'; script-src '{_hash(script_text)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def filled(text: str, parts: Mapping[str, Markup]) -> Markup:
    """A frame with its parts; what a part says is not looked at again."""
    return Markup(_PLACE.sub(lambda found: parts[found[1]], text))


def _hash(text: str) -> str:
    """Hash of a style or script as a policy names it (W3C, Content Security Policy Level 3, 2.3.1)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _text(name: str) -> str:
    return files("landslip.runtime.report").joinpath(_FOLDER, name).read_text(encoding="utf-8")
