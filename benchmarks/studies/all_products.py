"""Makes every product on demand of a finished map, in a process of its own; prints what each took.

Run as ``python -m landslip.benchmarks.studies.all_products OUT FOLDER``: the products of the map in OUT are written
into FOLDER; seconds, bytes and the peak memory of the process are printed as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from landslip.runtime.delivery.deliverables import DELIVERABLES
from landslip.runtime.run.finished_run import open_finished_run
from landslip.runtime.run.product_names import FURTHER
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.system.memory import peak_rss_bytes

CELL = 250.0
"""Metres of a cell of the grid of densities."""


def main(out: Path, folder: Path) -> None:
    """Make the products of the map in ``out``, one after the other."""
    run = open_finished_run(out).without_further()
    options = ProductOptions(density=CELL)
    seconds: dict[str, float] = {}
    written: dict[str, int] = {}
    for key, make in DELIVERABLES.items():
        began = time.perf_counter()
        make(run, folder / FURTHER[key][0], options)
        seconds[key] = time.perf_counter() - began
        paths = [folder / name for name in FURTHER[key]]
        written[key] = sum(path.stat().st_size for path in paths if path.is_file())
    print(json.dumps({"seconds": seconds, "bytes": written, "peak_rss_bytes": peak_rss_bytes()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
