"""Meaning of a mask's values, by the names of its file and bands: marks of clouds or of clear sky, classes, bits.

Nothing said, every value but 0 is not usable. Sources of the tables:

- Sentinel-2 scene classification (SCL): Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD, its classes.
- Landsat Collection 2 QA_PIXEL: Landsat 8-9 OLI/TIRS Collection 2 Level 2 Science Product Guide (USGS LSDS-1619), 3.2.
- HLS Fmask: Harmonized Landsat Sentinel-2 Product User Guide, version 2, table 9.
- UDM2: PlanetScope Product Specifications (Planet Labs), Usable Data Mask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.declared.mask_values import Classes, in_classes
from landslip.runtime.geo.pixels import Pixels

SCL_CLASSES: Classes = ((0, 1), (3, 3), (8, 11))
"""No data, saturated or defective; cloud shadow; clouds of medium and high probability, thin cirrus, snow or ice."""
SCL_LAST = 11
"""The largest class there is."""
QA_PIXEL_BITS = 0b111111
"""Fill, dilated cloud, cirrus, cloud, cloud shadow, snow."""
HLS_BITS = 0b11110
"""Cloud, adjacent to cloud or shadow, cloud shadow, snow or ice."""
FEW_VALUES = 32
"""Masks and class maps have fewer values than this; probabilities and bit fields usually more."""

_SCL = re.compile(r"(^|[^a-z0-9])scl([^a-z0-9]|$)")
_QA_PIXEL = re.compile(r"(^|[^a-z0-9])qa_?pixel([^a-z0-9]|$)")
_HLS = re.compile(r"(^|[^a-z0-9])hls[^a-z].*fmask([^a-z0-9]|$)")
_CLEAR = re.compile(r"(^|[^a-z0-9])(clear|usable|valid|data.?mask|valid.?mask|clear.?mask)([^a-z0-9]|$)")
_SHARE = re.compile(
    r"prob(?!lem)|(cld|snw)prb|(^|[^a-z0-9])(cld|cs|cs_cdf|cloud.?score(.?plus)?|cloud.?cover|cloud.?percent\w*)([^a-z0-9]|$)"
)
_FMASK = re.compile(r"(^|[^a-z0-9])fmask")


@dataclass(frozen=True)
class MaskRule:
    """Rule that says which values of a band hide the ground."""

    says: str = "nonzero"
    """Words on how it is read, for messages and the run record."""
    band: int = 1
    """Number of the band, from 1."""
    classes: Classes | None = None
    """Classes that hide the ground; all others do not."""
    bits: int = 0
    """A value with one of these bits is not usable, and all else is."""
    inverted: bool = False
    """0 is not usable, and all else is."""
    nodata_is_valid: bool = False
    """The value declared as nodata is one like others."""

    @property
    def plain(self) -> bool:
        """Tell whether every value but 0 hides the ground."""
        return self.classes is None and not self.bits and not self.inverted

    def valid_pixels(self, mask: Pixels, *, masked: bool) -> NDArray[np.bool_]:
        """Pixels (rows, cols) that leave the ground visible.

        Args:
            mask: one band; valid where the file does not declare it as nodata.
            masked: a mask or an alpha band says so, and not a value.
        """
        values, valid = mask.values[0], mask.valid
        if self.plain:
            # A declared nodata value decides nothing: masks that mark only clouds declare their 0 as nodata.
            valid_pixels: NDArray[np.bool_] = values == 0
            return valid_pixels & valid if masked else valid_pixels
        if self.classes is not None:
            valid_pixels = ~in_classes(values, self.classes)
        elif self.bits:
            valid_pixels = (values.astype(np.int64) & self.bits) == 0
        else:
            valid_pixels = values != 0
        return valid_pixels if self.nodata_is_valid and not masked else valid_pixels & valid


@dataclass(frozen=True)
class MaskFile:
    """Statements of a file about itself as a mask."""

    name: str
    """Name of the file, without folders."""
    bands: tuple[str, ...]
    """Names of its bands, without an alpha band; empty where they have none."""
    whole: bool
    """True if it holds whole numbers."""
    values: tuple[float, ...]
    """Some of its values, ascending: all that a sample has, or more than :data:`FEW_VALUES` of them."""

    @property
    def words(self) -> tuple[str, ...]:
        """Name of the file without the ending, and those of its bands, in small letters."""
        return (re.sub(r"\.[a-z0-9]{1,5}$", "", self.name.lower()), *(band.lower() for band in self.bands))


def rule_of(file: MaskFile) -> MaskRule | None:
    """Rule by which the values of a mask are read where names say so for certain; None where they do not.

    A name is not believed where the values contradict it: a file ``scl_mask.tif`` of zeros and ones is a plain mask.
    """
    band = _valid_band(file)
    if band is not None:
        return MaskRule("usable data (band clear)", band, inverted=True)
    if len(file.bands) != 1 or not file.whole:
        return None
    least, most = (file.values[0], file.values[-1]) if file.values else (0, 0)
    if _says(file, _SCL) and 1 < most <= SCL_LAST and least >= 0:
        return MaskRule("Sentinel-2 scene classification, classes 0,1,3,8-11", classes=SCL_CLASSES)
    if _says(file, _HLS) and least >= 0:
        return MaskRule("HLS Fmask, bits 1 to 4", bits=HLS_BITS)
    if _says(file, _QA_PIXEL) and most > 1 and least >= 0:
        return MaskRule("Landsat QA_PIXEL, bits 0 to 5", bits=QA_PIXEL_BITS)
    return None


def band_of_interest(file: MaskFile) -> int:
    """The band to look at: the one that tells what is usable in Planet's UDM2, else the first."""
    return _valid_band(file) or 1


def doubt_of(file: MaskFile) -> str | None:
    """Doubt that every value but 0 hides the ground, and what to do; None where nothing speaks against it."""
    if _says(file, _SHARE) and (len(file.values) > 2 or any(value % 1 for value in file.values)):
        return (
            f"holds shares or probabilities, by its name, and every value above 0 would count as cloud. {_limit(file)}"
        )
    if len(file.values) > FEW_VALUES:
        return (
            f"holds more than {FEW_VALUES} different values ({min(file.values):g} to {max(file.values):g}), as "
            f"probabilities and bit fields do, and every one but 0 would count as not usable. {_limit(file)}"
        )
    if _says(file, _CLEAR) and not re.search("cloud|snow|shadow|unusable|invalid|not", file.words[0]):
        return (
            "seems to mark what is usable, by its name, and every value but 0 would count as not usable. Say which "
            "values are not usable: `mask_values` 0, or `mask_values` 1-255 if it does mark clouds."
        )
    if _says(file, _FMASK) and file.whole and len(file.values) > 2:
        return (
            "holds the classes of an Fmask, which differ between programs. Say which are not usable: `mask_values` 2-4 "
            "where 0 is clear land, `mask_values` 0,2-4 where 1 is."
        )
    if file.whole and file.values and file.values[0] > 0 and file.values[-1] > 255:
        return (
            f"holds no 0, but numbers up to {file.values[-1]:g}, as bit fields do, and every one would count as not "
            f"usable. Make a mask of the bits that mean clouds, for example with gdal_calc.py, or give `mask_values`."
        )
    return None


def _limit(file: MaskFile) -> str:
    if file.whole:
        return f"Say which are not usable, for example `mask_values` 40-{max(100, int(file.values[-1]))}."
    return "Make a mask of it first, for example: gdal_calc.py -A FILE --calc='A>0.4' --type=Byte --outfile=MASK.tif."


def is_scl(file: MaskFile) -> bool:
    """Tell whether a file has the name of a scene classification of Sentinel-2."""
    return _says(file, _SCL)


def probability_with_nodata(file: MaskFile) -> bool:
    """Tell whether a file holds shares of cloud, by its name: a nodata value of 0 means a clear sky then."""
    return file.whole and _says(file, _SHARE)


def _says(file: MaskFile, words: re.Pattern[str]) -> bool:
    return any(words.search(word) for word in file.words)


def _valid_band(file: MaskFile) -> int | None:
    """The band called clear, of UDM2 or of a file of its own."""
    names: Sequence[str] = [band.strip().lower() for band in file.bands]
    if "clear" in names:
        return names.index("clear") + 1
    # UDM2 without names of bands: clear, snow, shadow, light haze, heavy haze, cloud, confidence, unusable.
    return 1 if len(names) == 8 and "udm2" in file.words[0] else None
