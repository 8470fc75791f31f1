"""MaskRule: which values of a mask's band hide the ground."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.declared.mask_choice import MaskChoice
from landslip.runtime.declared.mask_values import Classes, in_classes, parsed_bits, parsed_classes
from landslip.runtime.declared.units import Linear
from landslip.runtime.geo.pixels import Pixels

AS_STORED = Linear()
"""Values that are the stored numbers."""


@dataclass(frozen=True)
class MaskRule:
    """Rule that says which values of a band hide the ground; without any, every value but 0 does."""

    says: str = "nonzero"
    """Words on how it is read, for messages and the run record."""
    band: int = 1
    """Number of the band, from 1."""
    classes: Classes | None = None
    """Classes that hide the ground; all others do not."""
    bits: int = 0
    """A value with one of these bits is not usable, and all else is."""
    above: float | None = None
    """A value above this is not usable, and all else is."""
    below: float | None = None
    """A value below this is not usable, and all else is."""
    scaling: Linear = AS_STORED
    """Conversion of stored numbers to values that ``above`` and ``below`` are compared with."""
    inverted: bool = False
    """0 is not usable, and all else is."""
    nodata_is_valid: bool = False
    """The value declared as nodata is one like others."""

    @property
    def plain(self) -> bool:
        """Tell whether every value but 0 hides the ground."""
        return self.classes is None and not (self.bits or self.inverted) and self.above is None and self.below is None

    def valid_pixels(self, mask: Pixels, *, masked: bool) -> NDArray[np.bool_]:
        """Pixels (rows, cols) that leave the ground visible.

        Args:
            mask: one band; valid where the file does not declare it as nodata.
            masked: a mask or an alpha band says so, and not a value.
        """
        valid_pixels = self._usable(mask)
        if self.plain:
            # A declared nodata value decides nothing: masks that mark only clouds declare their 0 as nodata.
            return valid_pixels & mask.valid if masked else valid_pixels
        return valid_pixels if self.nodata_is_valid and not masked else valid_pixels & mask.valid

    def _usable(self, mask: Pixels) -> NDArray[np.bool_]:
        """Pixels whose values are usable, whatever is declared as nodata; NaN is not."""
        values = mask.values[0]
        usable: NDArray[np.bool_]
        if self.classes is not None:
            usable = ~in_classes(values, self.classes)
        elif self.bits:
            usable = (values.astype(np.int64) & self.bits) == 0
        elif self.above is not None:
            usable = self.scaling.of(values) <= self.above
        elif self.below is not None:
            usable = self.scaling.of(values) >= self.below
        else:
            usable = values != 0 if self.inverted else values == 0
        return usable


def rule_as_chosen(choice: MaskChoice, scaling: Linear = AS_STORED, *, nodata_is_valid: bool) -> MaskRule:
    """Rule by which a mask is read where a user says which values are not usable.

    Args:
        choice: what the user says.
        scaling: conversion of the stored numbers to those that a threshold is compared with.
        nodata_is_valid: the value declared as nodata is one like others.
    """
    given = str(choice.given)
    if choice.option == "mask_values":
        return MaskRule(f"classes {given}", classes=parsed_classes(given), nodata_is_valid=nodata_is_valid)
    if choice.option == "mask_bits":
        return MaskRule(f"bits {given}", bits=parsed_bits(given), nodata_is_valid=nodata_is_valid)
    above, below = (choice.limit, None) if choice.option == "mask_above" else (None, choice.limit)
    says = f"values {'below' if above is None else 'above'} {choice.limit:g}"
    return MaskRule(says, above=above, below=below, scaling=scaling, nodata_is_valid=nodata_is_valid)
