"""Limits of the gates as a user writes them: ``int8:iou=0.99``."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from landslip.runtime.artifacts.parity import GATES, Gate
from landslip.runtime.errors import UsageError

FIGURES = tuple(field.name for field in fields(Gate) if field.name not in ("kinds", "keras_float32"))
"""Measures of difference that a limit can be set for."""
_SHORT = {"max": "max_abs", "mean": "mean_abs", "p99.9": "p99_9", "IoU": "iou"}
"""Names of the same in the table of ``landslip verify``."""


def gates_with(limits: Sequence[str]) -> dict[str, Gate]:
    """The gates, with some limits replaced. A limit of the largest difference holds alone, whatever Keras itself does.

    A limit of ``int8`` holds for ``int8+bf16`` too, where that has none of its own.

    Args:
        limits: each as ``PRECISION:FIGURE=VALUE``, or ``PRECISION:FIGURE=none`` to leave a figure free.

    Raises:
        UsageError: one is not of that form.
    """
    gates = dict(GATES)
    for precision, figure, value in sorted(map(_parsed, limits), key=lambda limit: "+" in limit[0]):
        limit: dict[str, Any] = {figure: value}
        if figure == "max_abs":
            limit["keras_float32"] = None
        gates |= {name: replace(gates[name], **limit) for name in gates if name in (precision, f"{precision}+bf16")}
    return gates


def check_limited(limits: Sequence[str], precisions: Sequence[str]) -> None:
    """Make sure that limits are of precisions that are made.

    Raises:
        UsageError: one would be without effect.
    """
    for text in limits:
        precision, _, _ = _parsed(text)
        if precision.removesuffix("+bf16") not in precisions:  # int8 is judged in int8+bf16 too
            remedy = (
                "Give it to landslip verify, which judges what engines compute in bf16."
                if precision == "bf16"
                else f"Leave it out, or add `precisions` {precision.removesuffix('+bf16')}."
            )
            raise UsageError(
                f"The limit {text!r} would be without effect: what is exported is {', '.join(precisions)}. {remedy}"
            )


def _parsed(text: str) -> tuple[str, str, float | None]:
    precision, _, rest = text.partition(":")
    named, _, number = rest.partition("=")
    figure = _SHORT.get(named, named)
    try:
        value = None if number == "none" else float(number)
    except ValueError:
        value = math.nan
    # Written so that NaN fails.
    most = 1.0 if figure == "iou" else sys.float_info.max
    if precision not in GATES or figure not in FIGURES or (value is not None and not 0 <= value <= most):
        raise UsageError(
            f"The limit {text!r} is not understood. Write PRECISION:FIGURE=VALUE such as int8:iou=0.99, with one of "
            f"{', '.join(GATES)}, one of {', '.join(FIGURES)}, and a number from 0 on (to 1 for iou) or none."
        )
    return precision, figure, value
