"""The demo: a synthetic event, mapped with the embedded model, and scored against the truth that is known for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from landslip.models.synthetic import EventFiles, EventSpec, write_event
from landslip.runtime.access.location import exists
from landslip.runtime.engines import EngineOptions, open_engine
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.hidden_folder import check_folder
from landslip.runtime.run.product_names import CONFIDENCE
from landslip.runtime.scoring.given_truth import Truth
from landslip.runtime.scoring.score_run import MapMade, scored
from landslip.runtime.scoring.score_types import Score
from landslip.runtime.system.drafts import output_errors, write_file
from landslip.runtime.system.progress import NoProgress, Progress

if TYPE_CHECKING:
    from landslip.runtime.mapping.run_record import Record

TEST_SEEDS = range(9001, 9007)
"""Seeds of the scenes in the model card: never trained on, never used to choose anything."""
DEMO_MODEL = Path(__file__).parents[1] / "demo_data" / "demo.fp32.onnx"
"""The embedded model; see ``MODEL_CARD.md`` beside it."""


@dataclass(frozen=True)
class DemoResult:
    """Result of the demo."""

    event: EventFiles
    """The scene's files."""
    map_folder: Path
    """Folder of the map's files."""
    record: Record
    """The run record of the map, as in ``run.json``."""
    scores: Score
    """Scores of the map against the truth."""
    scores_file: Path
    """The file that holds them."""


def run_demo(
    out: Path,
    *,
    seed: int = TEST_SEEDS[0],
    size_km: float = 6.0,
    overwrite: bool = False,
    progress: Progress | None = None,
    model: Path = DEMO_MODEL,
) -> DemoResult:
    """Generate a scene into ``out/scene``, map it into ``out/map``, and write ``out/scores.json``.

    Args:
        out: folder for the results, empty or not there yet.
        seed: which event to make up.
        size_km: edge of the scene, 1 to 200 km.
        overwrite: replace the results of an earlier demo.
        progress: told how far it is.
        model: the model to map with.

    Raises:
        LandslipError: one of its children, with the reason.
    """
    _check(out, size_km, overwrite)
    progress = progress or NoProgress()
    # Opened before anything is written: without an engine there is no demo.
    with open_engine(model, EngineOptions()) as engine:
        spec = EventSpec(seed=seed, width_m=1000.0 * size_km, height_m=1000.0 * size_km)
        event = _generate(out / "scene", spec, progress)
        files = SceneFiles(pre=event.pre, post=event.post, dem=event.dem, masks=(event.clouds,))
        title = f"Demo: an event made up from seed {seed}"
        request = MapRequest(model=model, files=files, out=out / "map", overwrite=overwrite, keep=False, title=title)
        record = map_scene(request, engine=engine, progress=progress)
    made = MapMade(request.out / CONFIDENCE, record["threshold"], record["min_area_m2"])
    scores = scored(made, Truth(event.truth))
    scores_file = out / "scores.json"
    _write_scores(scores_file, {"seed": seed, "size_km": size_km, **scores.as_dict()})
    return DemoResult(event, request.out, record, scores, scores_file)


def _check(out: Path, size_km: float, overwrite: bool) -> None:
    if not 1.0 <= size_km <= 200.0:
        raise UsageError(f"A scene of {size_km:g} km cannot be made: give a size from 1 to 200 km.", option="size_km")
    check_folder(out)
    if exists(out) and any(out.iterdir()) and not overwrite:
        raise UsageError(
            f"output: {out} is not empty.", "Choose another folder, or add overwrite=True.", where=out, option="out"
        )


def _generate(folder: Path, spec: EventSpec, progress: Progress) -> EventFiles:
    progress.start("generating", spec.shape[0], "row")
    done = 0

    def advance(rows: int, _: int) -> None:
        nonlocal done
        progress.advance(rows - done)
        done = rows

    try:
        return write_event(folder, spec, advance)
    finally:
        progress.finish()


def _write_scores(path: Path, scores: dict[str, Any]) -> None:
    with output_errors(path):
        write_file(path, json.dumps(scores, indent=2) + "\n")
