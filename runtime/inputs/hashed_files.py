"""Files whose checksums stand for inputs: what tells whether an input is what it was."""

from __future__ import annotations

from pathlib import Path

from landslip.runtime.access.location import Location, is_folder
from landslip.runtime.artifacts.channels import DATES
from landslip.runtime.inputs.granules import Granule
from landslip.runtime.inputs.mask_files import mask_files
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.inputs.scene_files import SceneFiles


def hashed_file(role: str, location: Location) -> Path | None:
    """The local file whose checksum stands for an input.

    None for a folder, such as a geodatabase, and for what would have to be fetched whole. For the folder of a product
    the first picture in it, else its first band, or the classes for a mask; an archive stands for itself.
    """
    if not isinstance(location, Path):
        return None
    if role in {"pre", "post", "mask"} and (is_folder(location) or location.suffix.lower() in {".xml", ".safe"}):
        granules = granules_of(location, role)
        if granules:
            first = mask_files(location, role)[0] if role == "mask" else _picture_of(granules[0])
            return first if isinstance(first, Path) and not is_folder(first) else None
    return None if is_folder(location) else location


def decisive_files(files: SceneFiles) -> tuple[Path, ...]:
    """Local files besides its images that decide what is read of the products of a scene: metadata, archives."""
    granules = [granule for date in DATES for granule in files.granules_of(date) or ()]
    return tuple(dict.fromkeys(path for granule in granules for path in granule.decisive))


def _picture_of(granule: Granule) -> Location | None:
    if granule.true_colour is not None:
        return granule.true_colour
    return next((band.location for band in granule.bands.values()), None)
