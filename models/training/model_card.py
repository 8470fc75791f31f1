"""The model card of the demo model: how it was trained, and how well it maps scenes it has never seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from landslip.runtime.scoring.confusion import Scores

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATE = """# Model card: the demo model of landslip

**For demonstration and tests, not for real events.** It has seen nothing but synthetic mountains.

| | |
|---|---|
| files | `demo.hdf5` (Keras, HDF5 dialect of TensorFlow 1.15, no optimizer state); `{artifact}` with its record |
| proof | `demo.reference.npz`: tiles, and what Keras says of them |
| task | confidence 0..1 that a slope failed between two images, per pixel of 6 m |
| topology | Prakash, Manconi & Loew (2021), doi:10.1038/s41598-021-89015-8, width {width:g}, {parameters} parameters |
| weights | trained from scratch; nothing of the published weights is in them |
| licence | Apache-2.0, as landslip |

## Training

Data: {scenes} synthetic scenes of {scene_km:g} x {scene_km:g} km (`landslip.models.synthetic`), seeds drawn from
{training}, read through `landslip.runtime.scene` as mapping reads them. Tiles of {tile} x {tile} pixels, {batch}
per step, every second one on a landslide; exposure, colour cast and haze varied, and half of them mirrored over the
diagonal from north-west to south-east, the only mirror that keeps the light of the hillshade where it is. Masked pixels
have no weight.

Loss: cross-entropy and soft Dice on the prediction, a quarter of the same on the four deep-supervision heads. Adam,
highest learning rate {rate:g}, cosine to nearly 0. {steps} of at most {planned} steps in {minutes:.0f} minutes on
{processors} CPU cores ({versions}).
The weights after step {kept} were kept: MCC {validation:.3f} over all pixels of the validation scenes (seeds
{validation_seeds}).

    {command}

Again it gives a similar model and not the same bits: the order in which threads add numbers up, and where a time limit
ends the run, are not fixed.

## Scores

Scenes of 6 x 6 km with seeds that were used for nothing else, mapped by `landslip map` with its default settings
(Gaussian protocol, threshold 0.5) and scored over all observed pixels:

| seed | precision | recall | F1 | MCC | pixels in landslides |
|---|---|---|---|---|---|
{rows}

Each line again, with all files: `landslip demo OUT --seed SEED`.

## Limits

- The scenes are easier than the world: one kind of sensor, one climate, no co-registration errors beyond a few metres,
  clouds that are masked almost perfectly. The scores say that the chain works; they promise nothing for real images.
"""


def model_card(facts: Mapping[str, object], scores: Mapping[int, Scores]) -> str:
    """The card as Markdown.

    Args:
        facts: values for the names in the template.
        scores: of each test scene, by seed; the last row sums their pixels up.
    """
    lines = [_row(str(seed), found) for seed, found in scores.items()]
    total = sum(scores.values(), Scores())
    return _TEMPLATE.format(**facts, rows="\n".join([*lines, _row("all", total)]))


def _row(name: str, scores: Scores) -> str:
    ratios = " | ".join(f"{value:.3f}" for value in (scores.precision, scores.recall, scores.f1, scores.mcc))
    return f"| {name} | {ratios} | {scores.true_positive + scores.false_negative} |"
