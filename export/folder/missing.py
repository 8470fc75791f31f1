"""Artifacts that ought to lie in a folder, as records and STAC items in it tell, and do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from landslip.export.folder.json_file import read_json

_RECORD = ".onnx.json"
"""End of the name of a record."""
ITEM = ".stac.json"
"""End of the name of a STAC item: ``<name>.stac.json``."""


def missing(folder: Path) -> list[tuple[Path, str]]:
    """Artifacts that are not there, and a sentence that says what speaks of each."""
    found: dict[Path, str] = {}
    for artifact, witness in (*_recorded(folder), *_listed(folder)):
        # A link that leads nowhere is there; it is said to be what it is elsewhere.
        if not artifact.exists() and not artifact.is_symlink():
            found.setdefault(artifact, f"{artifact.name} is missing, {witness}. Copy it again, or export it again.")
    return list(found.items())


def _recorded(folder: Path) -> Iterator[tuple[Path, str]]:
    for record in sorted(folder.glob(f"*{_RECORD}")):
        if not record.name.startswith("."):
            yield record.with_suffix(""), f"and its record {record.name} is there"


def _listed(folder: Path) -> Iterator[tuple[Path, str]]:
    for item in sorted(folder.glob(f"*{ITEM}")):
        for name in _names(item):
            yield folder / name, f"and {item.name} lists it"


def _names(item: Path) -> list[str]:
    """File names of the artifacts an item lists that lie beside it; an item that cannot be read lists none."""
    try:
        assets = read_json(item)["assets"]
    except (OSError, ValueError, RecursionError, LookupError, TypeError):
        return []
    hrefs = [_href(asset) for asset in assets.values()] if isinstance(assets, dict) else []
    names = [unquote(href.removeprefix("./")) for href in hrefs if href.startswith("./")]
    return [name for name in names if name.endswith(".onnx") and name == Path(name).name and "\0" not in name]


def _href(asset: Any) -> str:
    href = asset.get("href") if isinstance(asset, dict) else None
    return href if isinstance(href, str) else ""
