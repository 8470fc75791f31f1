"""Files of masks: what a user gives as masks, and what products bring along."""

from __future__ import annotations

from landslip.runtime.access.location import Location
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.inputs.sentinel2 import is_product, scene_classes


def mask_files(location: Location, role: str) -> tuple[Location, ...]:
    """The masks in what is given as one: those of all granules of a product, or the file itself.

    Args:
        location: a file, a product, or a folder of products.
        role: what it is in the scene, for messages.

    Raises:
        InputMissingError: a product is not there.
        InputError: a product has no mask, or is damaged.
    """
    granules = granules_of(location, role) or ()
    found = tuple(granule.mask.location for granule in granules if granule.mask is not None)
    if found:
        return found
    return (scene_classes(location, role),) if is_product(location) else (location,)
