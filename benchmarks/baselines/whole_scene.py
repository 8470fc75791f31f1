"""Maps one scene without a network in a process of its own, so that its peak memory is its own.

Run as ``python -m landslip.benchmarks.baselines.whole_scene WAY SCENE OUT``: ``WAY`` is ``landslip``, which maps the
files of ``SCENE`` into ``OUT``, or ``MONAI``, which reads them into one tensor and keeps the map in memory. Prints what
it took as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from landslip.benchmarks.measuring.fixed_tile_engine import fixed_tile_engine
from landslip.benchmarks.scenes.grid_scene import on_the_grid
from landslip.benchmarks.scenes.pattern_scene import pattern_files
from landslip.runtime.artifacts.spec import published_spec
from landslip.runtime.engines import FakeEngine
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.system.memory import peak_rss_bytes

BATCH, OVERLAP = 4, 0.5


def files_in(scene: Path) -> SceneFiles:
    """The files of a scene on the map's grid, of whatever size."""
    return pattern_files(scene, on_the_grid(1, 1))


def by_landslip(scene: Path, out: Path) -> dict[str, int | None]:
    """Map to files; gives bytes and the number of tiles."""
    before = peak_rss_bytes()
    request = MapRequest(Path("fake"), files_in(scene), out, overlap=OVERLAP, overwrite=True)
    record = map_scene(request, engine=_engine())
    return {"imports": before, "peak": peak_rss_bytes(), "tiles": record["tiles"]["predicted"]}


def by_monai(scene: Path, out: Path) -> dict[str, int | None]:
    """Map to memory; gives bytes and the number of tiles."""
    without_tensorflow()
    # Imported here: the other way must not pay for torch.
    from landslip.benchmarks.baselines import monai  # noqa: PLC0415
    from landslip.benchmarks.baselines.torch_predictor import predictor_of  # noqa: PLC0415

    del out
    before, engine = peak_rss_bytes(), _engine()
    tile = engine.spec.tile
    raster = monai.stacked(files_in(scene), engine.spec.inputs)
    confidence = monai.monai_map(
        raster, predictor_of(engine, BATCH, typed=False, kept=True), tile=tile, overlap=OVERLAP, batch=BATCH
    )
    rows, cols = confidence.shape
    return {"imports": before, "peak": peak_rss_bytes(), "tiles": monai.windows_of(rows, cols, tile, OVERLAP)}


def without_tensorflow() -> None:
    """Keep TensorFlow out of this process, as it would be where it is not installed.

    TensorBoard, which MONAI and others import where it is there, would bring it along: half a gigabyte. It is here for
    exports, and no part of what is measured.
    """
    sys.modules["tensorflow"] = None  # type: ignore[assignment]


WAYS = {"landslip": by_landslip, "MONAI": by_monai}


def _engine() -> FakeEngine:
    return fixed_tile_engine(published_spec("stamp", "no network"), BATCH)


if __name__ == "__main__":
    print(json.dumps(WAYS[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))))
