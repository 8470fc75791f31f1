"""Files whose checksums stand for inputs: what tells whether an input is what it was."""

from __future__ import annotations

from pathlib import Path

from landslip.runtime.access.location import Location
from landslip.runtime.inputs.sentinel2 import is_product, product_of, scene_classes, true_colour


def hashed_file(role: str, location: Location) -> Path | None:
    """The local file whose checksum stands for an input.

    None for a folder, such as a geodatabase, and for what would have to be fetched whole.
    For the folder of a Sentinel-2 product that of the file in it that is read: the picture, or the classes for a mask.
    """
    if role in {"pre", "post", "mask"} and is_product(location):
        location = product_of(location, role)
        if location.is_dir():
            location = scene_classes(location, role) if role == "mask" else true_colour(location, role)
    return None if isinstance(location, str) or location.is_dir() else location
