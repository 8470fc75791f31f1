"""Grids of 8-bit integers for ranges of real numbers: scales, zero points, rounded weights. Pure numbers, no graphs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Range = tuple[float, float]
"""Least and greatest value of an activation."""

_LEAST_SCALE = 2.0**-100
"""Scale of what is always zero; small, and far enough from float32's end to be multiplied."""
_LARGEST_BIAS = 2.0**30
"""Largest bias in steps of its scale, as 32-bit integers; half their range is left to the sum it is added to."""


@dataclass(frozen=True)
class IntegerScale:
    """Scale of 8-bit integers that stand for real numbers: ``real = scale * (integer - zero_point)``."""

    scale: np.float32
    """Distance of neighbours."""
    zero_point: NDArray[np.integer]
    """The integer that stands for 0, which is always one of them; its type is that of the grid."""


BYTES = IntegerScale(np.float32(1), np.asarray(0, np.uint8))
"""Grid of bytes that stand for themselves."""


def unsigned_scale(span: Range) -> IntegerScale:
    """The finest grid of ``uint8`` over a range, with 0 on it: padding and ReLU then cost no accuracy."""
    low, high = min(span[0], 0.0), max(span[1], 0.0)
    scale = max((high - low) / 255, _LEAST_SCALE)
    return IntegerScale(np.float32(scale), np.asarray(min(255, max(0, round(-low / scale))), np.uint8))


def symmetric_scale(span: Range) -> IntegerScale:
    """The finest grid of ``int8`` over a range with its middle at 0, from -127 to 127."""
    return IntegerScale(np.float32(max(-span[0], span[1], 127 * _LEAST_SCALE) / 127), np.asarray(0, np.int8))


def filter_scales(
    weights: NDArray[np.float32], largest: int, bias: NDArray[np.float32] | None = None, input_scale: float = 1.0
) -> NDArray[np.float32]:
    """Scale for each filter of a convolution.

    Args:
        weights: (filters, bands, rows, cols).
        largest: integer that the largest weight of a filter becomes.
        bias: (filters,) where it is to be an integer too, in steps of ``input_scale`` times the filter's scale. Where
            a filter's weights are nearly zero beside its bias, that would overflow: such a filter gets coarser steps.
        input_scale: of the input's grid.
    """
    scales = np.abs(weights).reshape(len(weights), -1).max(axis=1).astype(np.float64) / largest
    if bias is not None:
        scales = np.maximum(scales, np.abs(bias.astype(np.float64)) / (_LARGEST_BIAS * float(input_scale)))
    floored: NDArray[np.float32] = np.maximum(scales, _LEAST_SCALE).astype(np.float32)
    return floored


def diffused(weights: NDArray[np.float32], scales: NDArray[np.float32], largest: int) -> NDArray[np.int8]:
    """Weights in steps of their filter's scale, rounded so that the errors of each kernel cancel out.

    What rounding one tap takes away is added to the next one before that is rounded, as in the dithering of Floyd &
    Steinberg (1976). Neighbouring pixels are alike, so what counts most is a kernel's sum, and its error stays below
    one step instead of growing with the root of the number of taps.

    Args:
        weights: (filters, bands, rows, cols).
        scales: (filters,).
        largest: bound of the integers on both sides.
    """
    steps = weights.astype(np.float64) / scales.astype(np.float64)[:, None, None, None]
    taps = steps.reshape(*steps.shape[:2], -1)
    rounded = np.zeros_like(taps)
    carry = np.zeros(taps.shape[:2])
    for tap in _boustrophedon(*weights.shape[2:]):
        wanted = taps[:, :, tap] + carry
        rounded[:, :, tap] = np.clip(np.rint(wanted), -largest, largest)
        carry = wanted - rounded[:, :, tap]
    return rounded.reshape(weights.shape).astype(np.int8)


def _boustrophedon(rows: int, cols: int) -> list[int]:
    """Flat indices of a kernel, row after row, every second one backwards: each tap is a neighbour of the last."""
    lines = np.arange(rows * cols).reshape(rows, cols)
    lines[1::2] = lines[1::2, ::-1].copy()
    return [int(tap) for tap in lines.ravel()]


def is_finite_range(span: Range) -> bool:
    """Tell whether a range is one of finite numbers."""
    return math.isfinite(span[0]) and math.isfinite(span[1]) and span[0] <= span[1]
