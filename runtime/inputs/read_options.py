"""Options for reading the files of a scene, where the user does not leave that to the files."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from landslip.runtime.artifacts.channels import ALIASES, BAND_NAMES
from landslip.runtime.declared.acquired import user_time
from landslip.runtime.declared.mask_choice import MaskChoice, mask_choice
from landslip.runtime.errors import UsageError
from landslip.runtime.untrusted.printable import shown

if TYPE_CHECKING:
    from rasterio.crs import CRS

ON_ERROR = ("stop", "skip")
"""Ways to go on where a file is damaged."""

DEM_UNITS = ("m", "ft", "us-ft", "dm", "cm")
"""Units of elevation that can be chosen."""


@dataclass(frozen=True)
class ReadOptions:
    """Choices that hold for a whole scene; the defaults take what the files say."""

    crs: str | None = None
    """CRS of the map, such as ``EPSG:32632``; None for that of the images where it has true metres, else UTM."""
    resolution: float | None = None
    """Pixel size of the map in metres; None for what the model was trained with."""
    dem_nodata: float | None = None
    """Elevation that means unknown, as the files store it, besides what they declare."""
    dem_unit: str | None = None
    """Unit of the elevation, one of :data:`DEM_UNITS`; None for what its files state, else metres."""
    fill_voids: bool = False
    """Fill small voids of the elevation model from the ground around them, instead of leaving them not observed."""
    mask_values: str | None = None
    """Classes of the masks that are not usable, such as ``3,8-10``; None for what the masks are by their names, else
    for all but 0. One of this and the next three is given at most."""
    mask_bits: str | None = None
    """Bits of the masks that mean not usable, from 0, such as ``3,4``."""
    mask_above: float | None = None
    """Largest value of the masks that is usable, as of probabilities of cloud, after the scale and offset of a file."""
    mask_below: float | None = None
    """Smallest value of the masks that is usable, as of probabilities of clear sky, likewise."""
    product_mask: bool = True
    """Hide what the masks of products call clouds, their shadows, snow or defects, such as the SCL of Sentinel-2."""
    on_error: str = "stop"
    """Way to go on where a file is damaged: ``stop``, or ``skip`` the place, which is not observed then."""

    bands: tuple[int, ...] | None = None
    """Three bands of an image that are red, green and blue, from 1; None for what the file says, else its only three.
    Sentinel-2 products and files of one band are read as what they are."""
    band_names: tuple[str, ...] | None = None
    """Common names of all bands of an image in the order of its file, or of its files of one band, such as ``blue``,
    ``green``, ``red``, ``nir``; ``-`` for one without. None for what the files say."""
    scale: float | None = None
    """Reflectance of one step of the numbers of the images: ``number * scale + offset``. None for what products and
    files say."""
    offset: float | None = None
    """Reflectance of a stored 0, likewise."""
    rgb_range: tuple[float, float] | None = None
    """Values of the images, after the scale and offset of their file, that become 0 and 255; None for images in 8 bits
    as they are, and others from their 2nd to their 98th percentile."""

    pre_date: str | None = None
    """Time when the image before the event was taken, such as ``2018-08-24`` or ``2018-08-24T01:27:01Z``; None for what
    files say."""
    post_date: str | None = None
    """Time when the image after the event was taken, likewise."""

    nodata: float | Literal["none"] | None = None
    """Number that means unknown where all bands of an image have it, besides what the images declare; ``none`` where
    there is no such number. None looks for one in files that declare none."""
    pre_nodata: float | None = None
    """Number that means unknown in the image before the event alone, as a catalogue says it."""
    post_nodata: float | None = None
    """Number that means unknown in the image after the event alone."""

    def __post_init__(self) -> None:
        """Check what would be wrong for any scene."""
        if self.bands is not None and (len(self.bands) != 3 or min(self.bands) < 1):
            given = ",".join(map(str, self.bands))
            raise UsageError(
                f"Bands {given} are no picture: give those of red, green and blue, from 1: `bands` 3,2,1.",
                option="bands",
            )
        self._check_measured()
        if self.rgb_range is not None:
            self._check_range(*self.rgb_range)
        if self.resolution is not None and not 0.01 <= self.resolution <= 1000:
            raise UsageError(
                f"A resolution of {self.resolution:g} m is out of range: give 0.01 to 1000.", option="resolution"
            )
        if self.on_error not in ON_ERROR:
            raise UsageError(
                f"on-error {self.on_error!r} is unknown.", f"Choose from: {', '.join(ON_ERROR)}.", option="on_error"
            )
        if self.dem_unit not in (None, *DEM_UNITS):
            raise UsageError(
                f"The unit {self.dem_unit!r} is unknown.", f"Choose from: {', '.join(DEM_UNITS)}.", option="dem_unit"
            )
        for number in (self.nodata, self.pre_nodata, self.post_nodata):
            if not (number is None or number == "none" or math.isfinite(number)):
                raise UsageError(
                    f"A nodata value of {number} is no number: give one, or none: `nodata` 0.", option="nodata"
                )
        if self.crs is not None:
            self._parsed()
        _ = self.mask_choice
        for option, text in (("pre_date", self.pre_date), ("post_date", self.post_date)):
            _check_date(option, text)

    def _check_measured(self) -> None:
        """Check what is said of measured values, and take names of bands by their common ones."""
        for option, number in (("scale", self.scale), ("offset", self.offset)):
            if number is not None and (not math.isfinite(number) or (option == "scale" and number == 0)):
                raise UsageError(
                    f"`{option}` {number:g} leaves no values.",
                    "Reflectance is number * scale + offset: give such as `scale` 0.0001.",
                    option=option,
                )
        if self.band_names is None:
            return
        names = tuple(ALIASES.get(name.strip().lower(), name.strip().lower()) for name in self.band_names)
        odd = next((name for name in names if name not in {*BAND_NAMES, "-"}), None)
        twice = next((name for name in names if name != "-" and names.count(name) > 1), None)
        if odd is not None or twice is not None:
            what = f"{shown(odd)} is no band" if odd is not None else f"{twice} is named twice"
            raise UsageError(
                f"`band_names`: {what}.",
                f"Name every band in its order, each by one of {', '.join(BAND_NAMES)}, or - for another one.",
                option="band_names",
            )
        object.__setattr__(self, "band_names", names)

    @staticmethod
    def _check_range(low: float, high: float) -> None:
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(
                f"A range of {low:g} to {high:g} cannot be stretched: give the value that becomes black, then a larger "
                "one that becomes white: `rgb_range` 0 3000.",
                option="rgb_range",
            )

    @property
    def of_elevation(self) -> bool:
        """Tell whether something was chosen for an elevation model."""
        return self.dem_nodata is not None or self.dem_unit is not None or self.fill_voids

    def nodata_of(self, role: str) -> float | Literal["none"] | None:
        """Number that means unknown in an image, pre or post, besides what its files declare."""
        if self.nodata is not None:
            return self.nodata
        return self.pre_nodata if role == "pre" else self.post_nodata

    @property
    def map_crs(self) -> CRS | None:
        """CRS of the map, if one was chosen."""
        return None if self.crs is None else self._parsed()

    @cached_property
    def mask_choice(self) -> MaskChoice | None:
        """Choice of the values of masks that are not usable; None where none was made.

        Raises:
            UsageError: several are made, or one is not understood.
        """
        return mask_choice(self.mask_values, self.mask_bits, self.mask_above, self.mask_below)

    def _parsed(self) -> CRS:
        # Imported here: the command line needs this module for its help.
        from rasterio.crs import CRS  # noqa: PLC0415
        from rasterio.errors import CRSError  # noqa: PLC0415

        given = self.crs or ""
        try:
            # GDAL would fetch an address.
            return CRS.from_user_input("" if "://" in given.split('"', maxsplit=1)[0] else given)
        except (CRSError, ValueError) as error:  # the latter for EPSG:letters
            from landslip.runtime.geo.proj_database import check_projections  # noqa: PLC0415 - as above

            check_projections()  # where no CRS is known, it is not this one that is wrong
            raise UsageError(
                f"The CRS {self.crs!r} is unknown.", "Give one as EPSG:CODE, WKT or PROJ text.", option="crs"
            ) from error


def _check_date(option: str, text: str | None) -> None:
    if text is None:
        return
    try:
        user_time(text)
    except ValueError as error:
        raise UsageError(
            f"`{option}` {text[:40]!r} is no date.",
            "Give a day such as 2018-09-06, or a time in UTC such as 2018-09-06T01:27:01Z.",
            option=option,
        ) from error
