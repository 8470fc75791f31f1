"""Maps one scene by one contestant, without a network, in a process of its own, so that its peak memory is its own.

Run as ``python -m landslip.benchmarks.studies.one_peer_map NAME SCENE OUT``. Prints as JSON what it took, in bytes:
before the map, with everything imported, and at the most.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from landslip.benchmarks.baselines.peer_scene import PeerScene
from landslip.benchmarks.baselines.whole_scene import files_in, without_tensorflow
from landslip.benchmarks.measuring.fixed_tile_engine import fixed_tile_engine
from landslip.benchmarks.studies.peer_contestants import contestants
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.run.product_names import CONFIDENCE
from landslip.runtime.system.memory import peak_rss_bytes

STACKED = "stacked.tif"
"""Name of the file of a scene that holds all bands."""


def main(name: str, scene: Path, out: Path) -> dict[str, int | None]:
    """Map; gives bytes."""
    without_tensorflow()
    contestant = next(each for each in contestants() if each.name == name)
    map_files = contestant.load()
    engine = fixed_tile_engine(published_spec("stamp", "no network"), contestant.batch)
    before = peak_rss_bytes()
    out.mkdir(parents=True, exist_ok=True)
    map_files(PeerScene(files_in(scene), scene / STACKED), out / CONFIDENCE, engine, contestant.batch)
    return {"imports": before, "peak": peak_rss_bytes()}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
