"""Inputs of a network put together from bands and layers of terrain that are made up, as a scene's are from files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.export.judging.spectra import DN_OF_ONE, EIGHT_BITS
from landslip.runtime.artifacts.channels import Derived, ImageBand, Relief, leaves
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.geo.pixels import Pixels
from landslip.runtime.scene.network_inputs import NetworkInput, Plane, leaf_of

Leaf = ImageBand | Relief
"""Band of an image, or layer of terrain."""

LeafValues = Callable[[Leaf, str], NDArray[Any]]
"""Function from a leaf and the unit of image bands to its values (rows, cols)."""

_DEGREES, _METRES, _FRACTIONS = 2.0**-4, 2.0**-2, 2.0**-12
"""Steps of slope and aspect, of elevation, and of reflectance and what is computed. Reference files with values to the
last bit would be twice as large."""


def made_input(entry: InputSpec, values_of: LeafValues) -> NDArray[Any]:
    """Raw values of an input (bands, rows, cols), in its type.

    Formulas, ranges and the order of bands are those by which the runtime feeds a scene.

    Args:
        entry: description of the input.
        values_of: gives its leaves.
    """
    read: dict[str, Pixels] = {}
    places: dict[tuple[Leaf, str], Plane] = {}
    for leaf in dict.fromkeys(leaf for channel in entry.shows for leaf in leaves(channel)):
        values = values_of(leaf, entry.unit)
        read[str(leaf)] = Pixels(values[None], np.ones(values.shape, np.bool_))
        places[leaf_of(leaf, entry.unit)] = Plane(str(leaf), 0)
    return np.ascontiguousarray(NetworkInput(entry, places).of(read).values, dtype=entry.dtype)


def in_unit(reflectance: NDArray[np.floating], unit: str) -> NDArray[Any]:
    """Reflectance in the unit that image bands have: as a fraction, as whole numbers, or as a picture."""
    positive: NDArray[Any] = np.maximum(reflectance, 0.0)
    if unit == "reflectance":
        found = positive.astype(np.float32)
    elif unit == "dn":
        found = np.rint(positive * DN_OF_ONE).astype(np.float32)
    else:
        found = np.clip(np.rint(positive * (255.0 / EIGHT_BITS)), 0, 255).astype(np.uint8)
    return found


def stepped(values: NDArray[Any], entry: InputSpec) -> NDArray[Any]:
    """Raw values (bands, rows, cols) in steps, which pack well; whole numbers are there already."""
    if entry.dtype != "float32":
        return values
    steps = np.reshape(_steps(entry), (-1, 1, 1))
    found: NDArray[Any] = np.rint(values / steps) * steps
    return found


def _steps(entry: InputSpec) -> Sequence[float]:
    image = 1.0 if entry.unit in ("dn", "8-bit") else _FRACTIONS
    terrain = {"slope": _DEGREES, "aspect": _DEGREES, "dem": _METRES, "hillshade": 1.0}
    return [
        _FRACTIONS if isinstance(shown, Derived) else terrain[shown.kind] if isinstance(shown, Relief) else image
        for shown in entry.shows
    ]
