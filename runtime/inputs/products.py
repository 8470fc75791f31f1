"""Products of satellites: the granules that a folder, archive or file of one holds, whichever satellite it is of."""

from __future__ import annotations

from collections.abc import Callable

from landslip.runtime.access.location import Location
from landslip.runtime.inputs.granules import BandFile, Granule, MaskKind, ProductMask
from landslip.runtime.inputs.landsat import landsat_granules
from landslip.runtime.inputs.planet import planet_granules
from landslip.runtime.inputs.sentinel2_granules import sentinel2_granules

__all__ = ["RECOGNISERS", "BandFile", "Granule", "MaskKind", "ProductMask", "granules_of"]

RECOGNISERS: tuple[Callable[[Location, str], tuple[Granule, ...] | None], ...] = (
    sentinel2_granules,
    planet_granules,
    landsat_granules,
)
"""Functions that tell a satellite's products: the granules in a location, or None where it is none of theirs."""


def granules_of(location: Location, role: str) -> tuple[Granule, ...] | None:
    """The granules of a product, or of a folder of products.

    Args:
        location: what a user gives.
        role: what it is in the scene, for messages.

    Returns:
        The granules in the order of their names; None where it is no product.

    Raises:
        InputMissingError: a product is not there.
        InputError: it is a damaged product.
    """
    found = (recogniser(location, role) for recogniser in RECOGNISERS)
    return next((granules for granules in found if granules is not None), None)
