"""``landslip demo``."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from landslip.models.demo.embedded import TEST_SEEDS, DemoResult, run_demo
from landslip.runtime.cli.paths import PATH
from landslip.runtime.cli.printing import files_of, print_json, print_paths
from landslip.runtime.scoring.confusion import Scores
from landslip.runtime.system.progress import progress_for

log = logging.getLogger(__name__)


@click.command("demo", context_settings={"show_default": True})
@click.argument("out", type=PATH)
@click.option("--seed", type=click.IntRange(min=0), default=TEST_SEEDS[0], help="Which event to make up.")
@click.option("--size-km", type=float, default=6.0, help="Edge of the scene in kilometres, 1 to 200.")
@click.option("--overwrite", is_flag=True, help="Replace the results of an earlier demo.")
@click.option("--json", "as_json", is_flag=True, help="Print scores and run record as JSON.")
def demo(out: Path, seed: int, size_km: float, overwrite: bool, as_json: bool) -> None:
    """Map a made-up event with the embedded model and score the map.

    Writes OUT/scene (images, elevation, cloud mask and true landslides), OUT/map (what landslip map writes) and
    OUT/scores.json. Ground and model are synthetic: the figures say that the chain works, not how well real events are
    mapped.
    """
    result = run_demo(out, seed=seed, size_km=size_km, overwrite=overwrite, progress=progress_for(sys.stderr))
    for line in summary(result, seed, size_km):
        log.info(line)
    if as_json:
        print_json({"scores": result.scores.as_dict(), "run": result.record}, out)
    else:
        print_paths([*files_of(result.map_folder, result.record), result.scores_file], out)


def summary(result: DemoResult, seed: int, size_km: float) -> Iterator[str]:
    """Summary of what the demo did, in a few lines for people."""
    record, scores, engine = result.record, result.scores, result.record["engine"]
    ratios = ", ".join(f"{name} {value:.2f}" for name, value in _ratios(scores))
    if not scores.true_positive + scores.false_negative:
        ratios = "none for want of landslides,"
    yield f"Scene   {size_km:g} x {size_km:g} km made up from seed {seed}: {result.event.pre.parent}"
    yield (
        f"Map     {record['landslides']} landslides, {record['landslide_km2']:.2f} km2 of "
        f"{record['observed_km2']:.1f} km2 observed: {result.map_folder}"
    )
    yield (
        f"Time    {record['tiles']['predicted']} tiles in {record['seconds']['total']:.1f} s with {engine['name']} "
        f"on {engine['device']}"
    )
    yield f"Scores  {ratios} over {scores.pixels} pixels, against {result.event.truth}"
    yield f"See     {result.map_folder / 'quicklook.png'}: before, after, and after with the landslides mapped"


def _ratios(scores: Scores) -> tuple[tuple[str, float], ...]:
    return ("precision", scores.precision), ("recall", scores.recall), ("F1", scores.f1), ("MCC", scores.mcc)
