"""Granules of Sentinel-2: of whole products, of folders of their images, and of single images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from landslip.runtime.access.location import Location, is_folder
from landslip.runtime.declared.acquired import acquired
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.granules import BandFile, Granule, ProductMask
from landslip.runtime.inputs.sentinel2 import is_product, products_of
from landslip.runtime.inputs.sentinel2_bands import BANDS, Sentinel2Name, parsed_name
from landslip.runtime.inputs.sentinel2_files import granule_inside, images_in, metadata_near, metadata_of
from landslip.runtime.inputs.sentinel2_metadata import Radiometry, radiometry_by_name, radiometry_in

_UNSTATED = (
    "does not say how its numbers become reflectance: that depends on the processing baseline, which neither its name "
    "nor metadata beside it tells. Give the whole product, or its MTD_MSIL2A.xml in the same folder. Or say it: "
    "`scale` 0.0001 and `offset` -0.1 for products of baseline 04.00 and later, `offset` 0 for those before."
)


@dataclass(frozen=True)
class _Image:
    """One image of a granule."""

    location: Location
    said: Sentinel2Name


def sentinel2_granules(location: Location, role: str) -> tuple[Granule, ...] | None:
    """The granules of Sentinel-2 products, or images of them; None where a location is none of these.

    Raises:
        InputMissingError: a product is not there.
        InputError: it is damaged, or holds no image.
    """
    if is_product(location):
        products = products_of(location, role)
        return tuple(granule for product in products for granule in _of_product(product, location, role))
    if isinstance(location, Path) and is_folder(location):
        return _loose(images_in(location)) or None
    said = parsed_name(str(location))
    return None if said is None else _loose([location])


def _of_product(product: Path, given: Path, role: str) -> list[Granule]:
    """Granules of one product, those inside what was given."""
    metadata = metadata_of(product)
    stated = None if metadata is None else radiometry_in(*metadata)
    inside = granule_inside(given, product)
    found: dict[str, list[_Image]] = {}
    for image in _images(images_in(product)):
        folder = str(image.location).replace("\\", "/").rpartition("/GRANULE/")[2].partition("/")[0]
        if inside in {None, folder}:
            found.setdefault(folder, []).append(image)
    if not found:
        raise InputError(
            f"{role}: {product} holds no images of Sentinel-2 (GRANULE/*/IMG_DATA/*.jp2).",
            "Download the whole product.",
            where=product,
        )
    name = (stated.name if stated is not None else "") or product.name
    rule = stated or radiometry_by_name(name) or radiometry_by_name(product.name)
    names = {folder: name if len(found) == 1 else f"{name} {folder}" for folder in found}
    decisive = (product,) if not is_folder(product) else () if metadata is None else (Path(metadata[1]),)
    granules = [_granule(images, names[folder], rule, product) for folder, images in sorted(found.items())]
    return [replace(granule, decisive=decisive) for granule in granules]


def _loose(locations: Iterable[Location]) -> tuple[Granule, ...]:
    """Granules of images outside of their product, by tile and date."""
    found: dict[str, list[_Image]] = {}
    for image in _images(locations):
        found.setdefault(image.said.tile, []).append(image)
    return tuple(_of_loose(images, tile) for tile, images in sorted(found.items()))


def _of_loose(images: list[_Image], tile: str) -> Granule:
    first = images[0].location
    metadata = metadata_near(first, tile)
    stated = None if metadata is None else radiometry_in(*metadata)
    name = (stated.name if stated is not None else "") or tile or str(first).replace("\\", "/").rpartition("/")[0]
    granule = _granule(images, name, stated or radiometry_by_name(str(first)), None)
    return granule if metadata is None else replace(granule, decisive=(Path(metadata[1]),))


def _images(locations: Iterable[Location]) -> list[_Image]:
    named = ((location, parsed_name(str(location))) for location in locations)
    return [_Image(location, said) for location, said in named if said is not None]


def _granule(images: list[_Image], name: str, rule: Radiometry | None, product: Path | None) -> Granule:
    """A granule of its images: of each band the one with the smallest pixels."""
    finest: dict[str, _Image] = {}
    for image in sorted(images, key=lambda each: (each.said.metres, str(each.location))):
        finest.setdefault(image.said.what, image)
    picture, classes = finest.get("TCI"), finest.get("SCL")
    sensed = acquired(images[0].location, {}, product) or (rule.acquired if rule is not None else None)
    return Granule(
        kind=_kind(name, images),
        name=name,
        acquired=sensed,
        bands=_bands(finest, rule),
        true_colour=None if picture is None else picture.location,
        mask=None if classes is None else ProductMask(classes.location, "scl"),
    )


def _bands(finest: Mapping[str, _Image], rule: Radiometry | None) -> dict[str, BandFile]:
    found = {}
    for label, band in BANDS.items():
        if label in finest:
            location = finest[label].location
            scale, offset = (1.0, 0.0) if rule is None else rule.of_band(label)
            unstated = _UNSTATED if rule is None else ""
            found[band.common_name] = BandFile(location, 1, scale, offset, 0.0, label, unstated)
    return found


def _kind(name: str, images: list[_Image]) -> str:
    text = f"{name} {images[0].location}".upper()
    return next((f"Sentinel-2 {level}" for level in ("L2A", "L1C") if level in text), "Sentinel-2")
