"""Distance of an artifact from its reference, and how far it may be: the gate every artifact passes.

Two kinds of figures: the error of the confidence, and what it does to the decision, which is what people act on. An
fp16 or INT8 network is judged by the mask it maps: a few large errors may be harmless, and many small ones may not be.
An fp32 network is right when it is about as near to Keras in float64 as Keras in float32 itself is: some networks
amplify rounding, and then no two float32 engines agree to the last digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.reference_tiles import Rounding, TileSet


@dataclass(frozen=True)
class Gate:
    """Limits of the distance of an artifact; None leaves a figure free."""

    max_abs: float | None = None
    """Largest absolute difference of confidence of any pixel, and any class, 0..1."""
    mean_abs: float | None = None
    """Largest mean absolute difference of a set of tiles."""
    p99_9: float | None = None
    """Largest 99.9th percentile of the absolute difference."""
    iou: float | None = None
    """Least intersection over union of the pixels at or above the threshold."""
    area: float | None = None
    """Largest difference of the mapped area, as a share of the reference's."""
    keras_float32: float | None = None
    """Factor that lets what lies beyond ``max_abs`` pass if its largest and mean difference are so many times those of
    Keras in float32, where these are known; None for ``max_abs`` alone."""
    kinds: tuple[str, ...] = ()
    """Kinds of tiles that decide; empty for all."""

    def decides(self, figure: Parity) -> bool:
        """Tell whether a figure counts."""
        return not self.kinds or figure.kind in self.kinds


GATES: dict[str, Gate] = {
    "fp32": Gate(max_abs=1e-5, keras_float32=2.0),
    "fp16": Gate(mean_abs=1e-3, iou=0.995, kinds=("scene",)),
    "bf16": Gate(mean_abs=1e-2, iou=0.98, kinds=("scene",)),
    "int8": Gate(mean_abs=1e-2, iou=0.98, kinds=("scene",)),
    "int8+bf16": Gate(mean_abs=1e-2, iou=0.98, kinds=("scene",)),
}
"""The gate of each precision.

fp32: docs/decisions/fp32-gate.md. fp16: Polygraphy's limit for fp16 engines. Noise tiles decide for fp32 only:
quantised networks are calibrated for what occurs, and noise does not."""

SHARED_IOU = 0.995
"""Least intersection over union of the map with shared features and the one without, of one artifact and engine."""


@dataclass(frozen=True)
class Parity:
    """Distance of an artifact from the reference on one set of tiles; confidences are 0..1."""

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
    keras_float32: Rounding | None = None
    """Distance of Keras in float32 from the reference on the same tiles; None where that is not known."""

    @property
    def area_error(self) -> float:
        """Difference of the mapped area as a share of the reference's; 0 where both are 0."""
        if not self.area_reference:
            return float("inf") if self.area else 0.0
        return abs(self.area - self.area_reference) / self.area_reference


def compare(
    tiles: TileSet,
    reference: NDArray[np.floating],
    confidence: NDArray[np.float32],
    threshold: float,
    landslide: Sequence[int] = (0,),
) -> Parity:
    """Measure the distance of confidences from the reference, computed in float64.

    Args:
        tiles: what both were asked.
        reference: (n, bands, tile, tile): one band, or one for each class.
        confidence: shaped alike. Differences are over all bands.
        threshold: confidence of landslide from which on a pixel is in the mask.
        landslide: bands whose sum is that confidence.
    """
    difference = np.abs(confidence.astype(np.float64) - reference)
    ours, theirs = (landslide_mask(values, threshold, landslide) for values in (confidence, reference))
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
        keras_float32=tiles.rounding,
    )


def landslide_mask(confidence: NDArray[np.floating], threshold: float, landslide: Sequence[int]) -> NDArray[np.bool_]:
    """Mask (n, tile, tile) of the landslides in confidences (n, bands, tile, tile); see :func:`compare`."""
    mask: NDArray[np.bool_] = confidence[:, list(landslide)].sum(axis=1) >= threshold
    return mask


def violations(figures: Sequence[Parity], gate: Gate) -> list[str]:
    """Violations of a gate, one phrase each; empty when everything passes. NaN never passes.

    Where no set of tiles is of a kind that decides, that is said too: nothing was proven.
    """
    deciding = [figure for figure in figures if gate.decides(figure)]
    if not deciding:
        return [f"there are no tiles of the kind {' or '.join(gate.kinds) or 'any'} to judge by"]
    return [phrase for figure in deciding for phrase in _beyond(figure, gate)]


def shared_violations(faithful_iou: float | None) -> list[str]:
    """Violation of :data:`SHARED_IOU` as a phrase; none where nothing was mapped. NaN never passes."""
    if faithful_iou is None or faithful_iou >= SHARED_IOU:
        return []
    return [f"overlaps the map without shared features with an IoU of {faithful_iou:.4f}, and {SHARED_IOU:g} is needed"]


def loosened(figures: Sequence[Parity], gate: Gate) -> list[str]:
    """The limits that would let everything pass, such as ``max_abs=3.2e-05``; none where something is no number."""
    worst: dict[str, float] = {}
    for figure in figures:
        for name, value in _excesses(figure, gate) if gate.decides(figure) else ():
            pick = min if name == "iou" else max
            worst[name] = pick(value, worst.get(name, value))
    if not all(map(math.isfinite, worst.values())):
        return []
    return [f"{name}={_outwards(name, value)}" for name, value in worst.items()]


def _outwards(name: str, value: float) -> str:
    """A number of few digits on the far side of a figure."""
    if name == "iou":
        return f"{math.floor(value * 1e4) / 1e4:g}"
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"{math.ceil(value / step) * step:.1e}"


def _excesses(figure: Parity, gate: Gate) -> Iterator[tuple[str, float]]:
    """Limits that a figure is beyond, and its value; a limit that is given holds alone, whatever Keras does."""
    for name, _, value, limit in _at_most(figure, _judged(figure, gate)):
        if limit is not None and not value <= limit:
            yield ("max_abs", figure.max_abs) if getattr(gate, name) is None else (name, value)
    if gate.iou is not None and not figure.iou >= gate.iou:
        yield "iou", figure.iou


def _judged(figure: Parity, gate: Gate) -> Gate:
    """The gate for one set of tiles: by what rounding does to the network there, where the plain limit is too small."""
    rounding, times = figure.keras_float32, gate.keras_float32
    if rounding is None or times is None or gate.max_abs is None or figure.max_abs <= gate.max_abs:
        return gate
    if times * rounding.max_abs <= gate.max_abs:
        return gate
    mean = times * rounding.mean_abs if gate.mean_abs is None else gate.mean_abs
    return replace(gate, max_abs=times * rounding.max_abs, mean_abs=mean)


def _at_most(figure: Parity, gate: Gate) -> tuple[tuple[str, str, float, float | None], ...]:
    """Name of each limit upwards, what to say of it, the figure, and the limit."""
    return (
        ("max_abs", "differs by up to", figure.max_abs, gate.max_abs),
        ("mean_abs", "differs in the mean by", figure.mean_abs, gate.mean_abs),
        ("p99_9", "differs in the 99.9th percentile by", figure.p99_9, gate.p99_9),
        ("area", "maps an area that is off by a share of", figure.area_error, gate.area),
    )


def _beyond(figure: Parity, gate: Gate) -> Iterator[str]:
    where = f"on {figure.tiles} {figure.kind} tiles of {figure.tile} pixels"
    judged = _judged(figure, gate)
    # Written so that NaN fails.
    for name, what, value, limit in _at_most(figure, judged):
        if limit is not None and not value <= limit:
            by_keras = limit != getattr(gate, name)
            limit_text = f"{limit:.2g}" if by_keras else f"{limit:g}"
            why = f", {judged.keras_float32:g} times what the network itself in float32 does" if by_keras else ""
            yield f"{what} {value:.2g} {where}, and {limit_text} is allowed{why}"
    if gate.iou is not None and not figure.iou >= gate.iou:
        yield f"overlaps the reference's mask with an IoU of {figure.iou:.4f} {where}, and {gate.iou:g} is needed"
