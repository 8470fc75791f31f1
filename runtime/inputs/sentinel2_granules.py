"""Granules of Sentinel-2 products."""

from __future__ import annotations

from landslip.runtime.access.location import Location
from landslip.runtime.declared.acquired import acquired
from landslip.runtime.inputs.granules import Granule, ProductMask
from landslip.runtime.inputs.sentinel2 import classes_of, is_product, pictures_of, product_of


def sentinel2_granules(location: Location, role: str) -> tuple[Granule, ...] | None:
    """The granules of a Sentinel-2 product; None where it is none.

    Raises:
        InputMissingError: it is not there.
        InputError: it is a damaged archive, or a folder of several products.
    """
    if not is_product(location):
        return None
    product = product_of(location, role)
    classes = {_granule(each): each for each in classes_of(location, role)}
    return tuple(
        Granule(
            kind="Sentinel-2",
            name=product.name,
            acquired=acquired(picture, {}, product),
            bands={},
            true_colour=picture,
            mask=ProductMask(classes[_granule(picture)], "scl") if _granule(picture) in classes else None,
        )
        for picture in pictures_of(location, role)
    )


def _granule(file: Location) -> str:
    """Name of the folder of the granule that a file lies in."""
    return str(file).replace("\\", "/").rpartition("/GRANULE/")[2].partition("/")[0]
