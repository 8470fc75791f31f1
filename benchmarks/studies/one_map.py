"""Makes one map in a process of its own, so that its peak memory is its own: prints the run record as JSON.

Run as ``python -m landslip.benchmarks.studies.one_map SCENE OUT [MODEL]``; without a model the fake engine stands in
for it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from landslip.models.synthetic import event_files
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.engines import FakeEngine
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest


def main(scene: Path, out: Path, model: Path | None) -> None:
    """Map the synthetic event in ``scene`` into ``out``."""
    event = event_files(scene)
    files = SceneFiles(pre=event.pre, post=event.post, dem=event.dem, masks=(event.clouds,))
    engine = FakeEngine(published_spec("fake", "no model")) if model is None else None
    record = map_scene(MapRequest(model or Path("fake"), files, out, overwrite=True, keep=False), engine=engine)
    print(json.dumps(record))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
