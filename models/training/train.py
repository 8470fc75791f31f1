"""Trains and ships the demo model: ``python -m landslip.models.training.train --out DIR``; needs the export extra.

Training, validation and test scenes have seeds from ranges that do not meet: the first teach, the second choose which
state of the network is kept, and the third give the figures in the model card.
"""

from __future__ import annotations

import logging
import math
import os
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from landslip.models.demo.embedded import TEST_SEEDS, run_demo
from landslip.models.registry.registry import DEMO_NOTICE
from landslip.models.training.model_card import model_card
from landslip.models.training.trainer import TRAINING_SEEDS, VALIDATION_SEEDS, Trained, TrainingOptions, train
from landslip.runtime.cli.paths import PATH
from landslip.runtime.scoring.confusion import Scores
from landslip.runtime.system.drafts import write_file

log = logging.getLogger(__name__)


def ship(trained: Trained, options: TrainingOptions, out: Path) -> dict[int, Scores]:
    """Write everything that is shipped: Keras file, ONNX file with its record, model card with scores.

    Args:
        trained: the model.
        options: how it was trained.
        out: folder; files in it are replaced.

    Returns:
        The scores of each test scene, by seed.
    """
    from landslip.export.making.export_model import export_model  # noqa: PLC0415 - an import of seconds, and not of the lean runtime
    from landslip.models.keras.tf115_hdf5 import write_tf115_hdf5  # noqa: PLC0415

    out.mkdir(parents=True, exist_ok=True)
    keras_file = out / "demo.hdf5"
    write_tf115_hdf5(trained.model, keras_file)
    (artifact,) = export_model(keras_file, out, overwrite=True, notice=DEMO_NOTICE)
    scores = {seed: _scored(artifact.path, seed) for seed in TEST_SEEDS}
    write_file(out / "MODEL_CARD.md", model_card(_facts(trained, options, artifact.path), scores))
    return scores


def _scored(model: Path, seed: int) -> Scores:
    with TemporaryDirectory() as folder:
        scores = run_demo(Path(folder), seed=seed, model=model).scores
    log.info("test scene %d: MCC %.3f", seed, scores.mcc)
    return scores


def _facts(trained: Trained, options: TrainingOptions, artifact: Path) -> dict[str, object]:
    packages = ("tensorflow", "tf_keras", "numpy")
    return {
        "artifact": artifact.name,
        "width": options.width,
        "parameters": f"{trained.model.count_params():,}".replace(",", " "),
        "scenes": options.scenes,
        "scene_km": options.scene_m / 1000.0,
        "training": _span(TRAINING_SEEDS),
        "validation_seeds": _span(VALIDATION_SEEDS),
        "tile": options.tile,
        "batch": options.batch,
        "rate": options.rate,
        "kept": trained.kept_at,
        "steps": trained.steps,
        "planned": options.steps,
        "validation": trained.validation_mcc,
        "minutes": trained.seconds / 60.0,
        "processors": os.cpu_count(),
        "versions": ", ".join(f"{name} {version(name)}" for name in packages),
        "command": _command(options),
    }


def _span(seeds: range) -> str:
    return f"{seeds[0]} to {seeds[-1]}"


def _command(options: TrainingOptions) -> str:
    limit = f" --minutes {options.minutes:g}" if math.isfinite(options.minutes) else ""
    return f"python -m landslip.models.training.train --out DIR --seed {options.seed} --steps {options.steps}{limit}"


@click.command(context_settings={"show_default": True})
@click.option("--out", type=PATH, required=True, help="Folder for the model and its card.")
@click.option("--seed", type=int, default=TrainingOptions.seed, help="Of the first weights and of the choice of tiles.")
@click.option("--steps", type=click.IntRange(min=1), default=TrainingOptions.steps, help="Steps of gradient descent.")
@click.option("--minutes", type=float, default=TrainingOptions.minutes, help="End earlier after this wall time.")
def main(out: Path, seed: int, steps: int, minutes: float) -> None:
    """Train the demo model on synthetic scenes, export it, and score it on scenes it has never seen."""
    logging.basicConfig(format="%(asctime)s %(message)s")
    logging.getLogger("landslip").setLevel(logging.INFO)
    options = TrainingOptions(seed=seed, steps=steps, minutes=minutes)
    ship(train(options), options, out)
    click.echo(str(out / "MODEL_CARD.md"))


if __name__ == "__main__":
    main()
