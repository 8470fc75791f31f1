"""Names of the files that a run has to leave in its folder."""

from __future__ import annotations

import json
from pathlib import Path

from landslip.runtime.run.product_names import PRODUCTS, RECORD


def names_of_results(out: Path, *further: str) -> list[str]:
    """Names that the folder of a run has to hold, sorted: what every run makes, its STAC Item, what was asked for."""
    item = json.loads((out / RECORD).read_text(encoding="utf-8")).get("item")
    return sorted({*PRODUCTS, *further, *([item] if item else ())})
