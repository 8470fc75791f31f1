"""Limits of the gates as options: ``--limit int8:iou=0.99``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from landslip.runtime.errors import UsageError
from landslip.runtime.parity import GATES, Gate

FIGURES = tuple(field.name for field in fields(Gate) if field.name != "kinds")
"""What can be limited."""


def gates_with(limits: Sequence[str]) -> dict[str, Gate]:
    """The gates, with some limits replaced.

    Args:
        limits: each as ``PRECISION:FIGURE=VALUE``, or ``PRECISION:FIGURE=none`` to leave a figure free.

    Raises:
        UsageError: one is not of that form.
    """
    gates = dict(GATES)
    for text in limits:
        precision, figure, value = _parsed(text)
        limit: dict[str, Any] = {figure: value}
        gates[precision] = replace(gates[precision], **limit)
    return gates


def _parsed(text: str) -> tuple[str, str, float | None]:
    precision, _, rest = text.partition(":")
    figure, _, number = rest.partition("=")
    try:
        value = None if number == "none" else float(number)
    except ValueError:
        value = math.nan
    if precision not in GATES or figure not in FIGURES or (value is not None and not 0 <= value < math.inf):
        raise UsageError(
            f"The limit {text!r} is not understood. Write PRECISION:FIGURE=VALUE such as int8:iou=0.99, with one of "
            f"{', '.join(GATES)}, one of {', '.join(FIGURES)}, and a number from 0 on or none."
        )
    return precision, figure, value
