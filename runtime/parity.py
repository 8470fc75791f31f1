"""How far an artifact is from its reference, and how far it may be: the gate every artifact passes.

Two kinds of figures: the error of the confidence, and what it does to the decision, which is what people act on. An
fp16 or INT8 network is judged by the mask it maps: a few large errors may be harmless, and many small ones may not be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.reference import TileSet


@dataclass(frozen=True)
class Gate:
    """What an artifact may differ by; None leaves a figure free."""

    max_abs: float | None = None
    """Largest absolute difference of confidence of any pixel, 0..1."""
    mean_abs: float | None = None
    """Largest mean absolute difference of a set of tiles."""
    p99_9: float | None = None
    """Largest 99.9th percentile of the absolute difference."""
    iou: float | None = None
    """Least intersection over union of the pixels at or above the threshold."""
    area: float | None = None
    """Largest difference of the mapped area, as a share of the reference's."""
    kinds: tuple[str, ...] = ()
    """Kinds of tiles that decide; empty for all."""

    def decides(self, figure: Parity) -> bool:
        """Whether a figure counts."""
        return not self.kinds or figure.kind in self.kinds


GATES: dict[str, Gate] = {
    "fp32": Gate(max_abs=1e-5),
    "fp16": Gate(mean_abs=1e-3, iou=0.995, kinds=("scene",)),
    "bf16": Gate(mean_abs=1e-2, iou=0.98, kinds=("scene",)),
    "int8": Gate(mean_abs=1e-2, iou=0.98, kinds=("scene",)),
}
"""The gate of each precision.

fp16: Polygraphy's limit for fp16 engines. Noise tiles decide for fp32 only: quantised networks are calibrated for what
occurs, and noise does not."""


@dataclass(frozen=True)
class Parity:
    """How far an artifact is from the reference on one set of tiles; confidences are 0..1."""

    kind: str
    """Kind of the tiles."""
    tiles: int
    """Number of tiles."""
    tile: int
    """Edge of the tiles in pixels."""
    max_abs: float
    """Largest absolute difference."""
    mean_abs: float
    """Mean absolute difference."""
    p99_9: float
    """99.9th percentile of the absolute difference."""
    iou: float
    """Intersection over union of the pixels at or above the threshold, over all tiles; 1 where neither has any."""
    area: int
    """Pixels the artifact puts at or above the threshold."""
    area_reference: int
    """Pixels the reference puts there."""

    @property
    def area_error(self) -> float:
        """Difference of the mapped area as a share of the reference's; 0 where both are 0."""
        if not self.area_reference:
            return float("inf") if self.area else 0.0
        return abs(self.area - self.area_reference) / self.area_reference


def compare(
    tiles: TileSet, reference: NDArray[np.floating], confidence: NDArray[np.float32], threshold: float
) -> Parity:
    """Measure the distance of confidences (n, 1, tile, tile) from the reference, computed in float64."""
    difference = np.abs(confidence.astype(np.float64) - reference)
    ours, theirs = confidence >= threshold, reference >= threshold
    union = int((ours | theirs).sum())
    return Parity(
        kind=tiles.kind,
        tiles=tiles.count,
        tile=tiles.tile,
        max_abs=float(difference.max()),
        mean_abs=float(difference.mean()),
        p99_9=float(np.percentile(difference, 99.9, method="higher")),
        iou=int((ours & theirs).sum()) / union if union else 1.0,
        area=int(ours.sum()),
        area_reference=int(theirs.sum()),
    )


def violations(figures: Sequence[Parity], gate: Gate) -> list[str]:
    """What lies beyond a gate, one phrase each; empty when everything passes. NaN never passes.

    Where no set of tiles is of a kind that decides, that is said too: nothing was proven.
    """
    deciding = [figure for figure in figures if gate.decides(figure)]
    if not deciding:
        return [f"there are no tiles of the kind {' or '.join(gate.kinds) or 'any'} to judge by"]
    return [phrase for figure in deciding for phrase in _beyond(figure, gate)]


def _beyond(figure: Parity, gate: Gate) -> Iterator[str]:
    where = f"on {figure.tiles} {figure.kind} tiles of {figure.tile} pixels"
    at_most = (
        ("differs by up to", figure.max_abs, gate.max_abs),
        ("differs in the mean by", figure.mean_abs, gate.mean_abs),
        ("differs in the 99.9th percentile by", figure.p99_9, gate.p99_9),
        ("maps an area that is off by a share of", figure.area_error, gate.area),
    )
    # Written so that NaN fails.
    for what, value, limit in at_most:
        if limit is not None and not value <= limit:
            yield f"{what} {value:.2g} {where}, and {limit:g} is allowed"
    if gate.iou is not None and not figure.iou >= gate.iou:
        yield f"overlaps the reference's mask with an IoU of {figure.iou:.4f} {where}, and {gate.iou:g} is needed"
