"""MaskChoice: what a user says of the values of masks, which counts before what their names say."""

from __future__ import annotations

import math
from dataclasses import dataclass

from landslip.runtime.declared.mask_values import parsed_bits, parsed_classes
from landslip.runtime.errors import UsageError

MASK_OPTIONS = ("mask_values", "mask_bits", "mask_above", "mask_below")
"""Options that say which values are not usable; one of them is given at most."""


@dataclass(frozen=True)
class MaskChoice:
    """One of :data:`MASK_OPTIONS` with what is given for it."""

    option: str
    """Name of the option."""
    given: str | float
    """Numbers and ranges as text; for ``mask_above`` and ``mask_below`` a number."""

    @property
    def whole(self) -> bool:
        """Tell whether it holds for whole numbers alone."""
        return self.option in {"mask_values", "mask_bits"}

    @property
    def limit(self) -> float:
        """Number that ``mask_above`` or ``mask_below`` compares values with."""
        return float(self.given)

    def check(self) -> None:
        """Check what is given.

        Raises:
            UsageError: it is not understood.
        """
        if self.whole:
            (parsed_classes if self.option == "mask_values" else parsed_bits)(str(self.given))
        elif not math.isfinite(self.limit):
            raise UsageError(
                f"`{self.option}` {self.limit} is no number that values can be compared with.",
                f"Give one, such as `{self.option}` 40 for percent, or `{self.option}` 0.4.",
                option=self.option,
            )


def mask_choice(values: str | None, bits: str | None, above: float | None, below: float | None) -> MaskChoice | None:
    """Choice of the values of masks that are not usable, checked; None where none is made.

    Args:
        values: classes that are not usable, such as ``3,8-10``.
        bits: bits that mean not usable, from 0, such as ``3,4``.
        above: largest value that is usable.
        below: smallest value that is usable.

    Raises:
        UsageError: more than one is given, or it is not understood.
    """
    options = zip(MASK_OPTIONS, (values, bits, above, below), strict=True)
    given = [MaskChoice(option, value) for option, value in options if value is not None]
    if len(given) > 1:
        names = " and ".join(f"`{each.option}`" for each in given)
        raise UsageError(
            f"{names} all say which values of masks are not usable.", "Give one of them.", option=given[1].option
        )
    for choice in given:
        choice.check()
    return given[0] if given else None
