"""Granules: what a satellite's product holds, as values; the recogniser of each satellite makes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from landslip.runtime.access.location import Location
from landslip.runtime.declared.acquired import Acquired

MaskKind = Literal["scl", "qa_pixel", "udm2", "udm"]
"""Table that says which values of a product's mask are not usable."""


@dataclass(frozen=True)
class BandFile:
    """One band of a product: ``stored * scale + offset`` is reflectance, nominally 0 to 1."""

    location: Location
    """File it lies in."""
    number: int = 1
    """Number of the band in that file, from 1."""
    scale: float = 1.0
    """Reflectance of one step of the stored numbers."""
    offset: float = 0.0
    """Reflectance of a stored 0."""
    nodata: float | None = None
    """Stored number that means unknown, besides what the file declares; scale and offset do not apply to it."""
    label: str = ""
    """Name that the sensor's documents give it, such as ``B04``."""
    unstated: str = ""
    """Words on why scale and offset are not known, to go on after the name of the file, and what to do; empty where
    they are known. Its stored numbers can be read all the same."""


@dataclass(frozen=True)
class ProductMask:
    """Mask that a product brings along."""

    location: Location
    """File it lies in."""
    kind: MaskKind
    """Meaning of its values."""
    band: int = 1
    """Number of the band in that file, from 1."""


@dataclass(frozen=True)
class Granule:
    """One tile of one acquisition: its bands, each on its own grid."""

    kind: str
    """Satellite and level, such as ``Sentinel-2 L2A``."""
    name: str
    """Name of the product, in which tile, orbit and date stand."""
    acquired: Acquired | None
    """Time when it was taken; None where neither names nor metadata say so."""
    bands: Mapping[str, BandFile]
    """Bands by STAC's common names, such as ``red``: of each the file with the smallest pixels."""
    true_colour: Location | None
    """Picture in natural colours in 8 bits, in which 0 is unknown; None where it brings none."""
    mask: ProductMask | None
    """Mask of clouds and the like; None where it brings none."""

    decisive: tuple[Path, ...] = ()
    """Local files, besides its images, whose content decides what is read: its metadata, or the archive of all."""

    def band(self, name: str) -> BandFile | None:
        """The band of a common name, or of a label of the sensor such as ``B04``; None where it has none."""
        if name in self.bands:
            return self.bands[name]
        return next((band for band in self.bands.values() if band.label.lower() == name.lower()), None)
