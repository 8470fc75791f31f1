"""STAC MLM Item of a model: where catalogues have it, as the file beside the model says."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from landslip.runtime.inputs.stac_addresses import address_of
from landslip.runtime.system.digests import multihash
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json


def catalogued_as(model: Path, name: str, sha256: str | None) -> str | None:
    """Address of the Item of a model on the web, without secrets.

    ``landslip export`` writes ``NAME.stac.json`` beside a model; whoever publishes it adds a ``self`` link. None where
    there is no such file, it is damaged, has no address, or lists no file with the checksum of the model.

    Args:
        model: the ONNX file.
        name: name of the model.
        sha256: digest of the file; None where there is none.
    """
    with contextlib.suppress(OSError, ValueError, RecursionError):
        path = model.with_name(f"{name}.stac.json")
        with path.open("rb") as stream:
            item = parse_json(stream.read(MOST_BYTES))
        if sha256 is not None and isinstance(item, dict) and multihash(sha256) in _checksums(item.get("assets")):
            return address_of(item, path)
    return None


def _checksums(assets: Any) -> list[Any]:
    entries = assets.values() if isinstance(assets, dict) else ()
    return [entry.get("file:checksum") for entry in entries if isinstance(entry, dict)]
