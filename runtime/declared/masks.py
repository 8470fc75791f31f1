"""Meaning of a mask's values, by the names of its file and bands: marks of clouds or of clear sky, classes, bits.

Nothing said, every value but 0 is not usable. Sources of the tables:

- Sentinel-2 scene classification (SCL): Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD, its classes.
- Landsat Collection 2 QA_PIXEL: Landsat 8-9 OLI/TIRS Collection 2 Level 2 Science Product Guide (USGS LSDS-1619), 3.2;
  SR_CLOUD_QA of Landsat 4 to 7: Landsat 4-7 Collection 2 Level 2 Science Product Guide (LSDS-1618).
- HLS Fmask: Harmonized Landsat Sentinel-2 Product User Guide, version 2, table 9.
- UDM2 and UDM: PlanetScope Product Specifications (Planet Labs), Usable Data Mask and Unusable Data Mask.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from landslip.runtime.declared.mask_rule import MaskRule
from landslip.runtime.declared.mask_values import Classes

SCL_CLASSES: Classes = ((0, 1), (3, 3), (8, 11))
"""No data, saturated or defective; cloud shadow; clouds of medium and high probability, thin cirrus, snow or ice."""
SCL_LAST = 11
"""The largest class there is."""
QA_PIXEL_BITS = 0b111111
"""Fill, dilated cloud, cirrus, cloud, cloud shadow, snow."""
CLOUD_QA_BITS = 0b11110
"""Cloud, cloud shadow, adjacent to cloud, snow; not dark dense vegetation (bit 0) and water (bit 5)."""
HLS_BITS = 0b11110
"""Cloud, adjacent to cloud or shadow, cloud shadow, snow or ice."""
UDM_BITS = 0b11111111
"""Blackfill, cloud, and for each band that it is missing or suspect."""
FEW_VALUES = 32
"""Masks and class maps have fewer values than this; probabilities and bit fields usually more."""

_SCL = re.compile(r"(^|[^a-z0-9])scl([^a-z0-9]|$)")
_QA_PIXEL = re.compile(r"(^|[^a-z0-9])qa_?pixel([^a-z0-9]|$)")
_CLOUD_QA = re.compile(r"(^|[^a-z0-9])sr_cloud_qa([^a-z0-9]|$)")
_HLS = re.compile(r"(^|[^a-z0-9])hls[^a-z].*fmask([^a-z0-9]|$)")
_UDM = re.compile(r"(^|[^a-z0-9])udm([^a-z0-9]|$)")
_CLEAR = re.compile(r"(^|[^a-z0-9])(clear|usable|valid|data.?mask|valid.?mask|clear.?mask)([^a-z0-9]|$)")
_SHARE = re.compile(
    r"prob(?!lem)|(cld|snw)prb|(^|[^a-z0-9])(cld|cs|cs_cdf|cloud.?score(.?plus)?|cloud.?cover|cloud.?percent\w*)([^a-z0-9]|$)"
)
_CLEAR_SHARE = re.compile(r"(^|[^a-z0-9])(cs|cs_cdf|cloud.?score.?plus|clear\w*)([^a-z0-9]|$)")
"""Shares that grow with clear sky: those of Cloud Score+ (Google), and what is called clear."""
_FMASK = re.compile(r"(^|[^a-z0-9])fmask")


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


RULES = {
    "scl": MaskRule("Sentinel-2 scene classification, classes 0,1,3,8-11", classes=SCL_CLASSES),
    "qa_pixel": MaskRule("Landsat QA_PIXEL, bits 0 to 5", bits=QA_PIXEL_BITS),
    "cloud_qa": MaskRule("Landsat SR_CLOUD_QA, bits 1 to 4", bits=CLOUD_QA_BITS),
    "hls": MaskRule("HLS Fmask, bits 1 to 4", bits=HLS_BITS),
    "udm2": MaskRule("usable data (band clear)", inverted=True),
    "udm": MaskRule("Planet UDM, any of its bits", bits=UDM_BITS),
}
"""Rules by the kind of a product's mask (:data:`landslip.runtime.inputs.granules.MaskKind`), for its first band."""


def rule_of(file: MaskFile) -> MaskRule | None:
    """Rule by which the values of a mask are read where names say so for certain; None where they do not.

    A name is not believed where the values contradict it: a file ``scl_mask.tif`` of zeros and ones is a plain mask.
    """
    band = _valid_band(file)
    if band is not None:
        return replace(RULES["udm2"], band=band)
    if len(file.bands) != 1 or not file.whole:
        return None
    least, most = (file.values[0], file.values[-1]) if file.values else (0, 0)
    return _rule_by_name(file, most) if least >= 0 else None


def _rule_by_name(file: MaskFile, most: float) -> MaskRule | None:
    """Rule of one band of whole numbers from 0 to ``most``."""
    if _says(file, _SCL) and 1 < most <= SCL_LAST:
        return RULES["scl"]
    if _says(file, _HLS):
        return RULES["hls"]
    if _says(file, _CLOUD_QA):
        return RULES["cloud_qa"]
    if _says(file, _QA_PIXEL) and most > 1:
        return RULES["qa_pixel"]
    return RULES["udm"] if _says(file, _UDM) else None


def band_of_interest(file: MaskFile) -> int:
    """The band to look at: the one that tells what is usable in Planet's UDM2, else the first."""
    return _valid_band(file) or 1


def doubt_of(file: MaskFile) -> str | None:
    """Doubt that every value but 0 hides the ground, and what to do; None where nothing speaks against it."""
    if _says(file, _SHARE) and (len(file.values) > 2 or any(value % 1 for value in file.values)):
        return (
            f"holds shares or probabilities, by its name, and every value above 0 would count as cloud. Say "
            f"{_limit(file)}."
        )
    if len(file.values) > FEW_VALUES:
        bits = ", or which bits of a bit field are: `mask_bits` 3,4" if file.whole else ""
        return (
            f"holds more than {FEW_VALUES} different values ({min(file.values):g} to {max(file.values):g}), as "
            f"probabilities and bit fields do, and every one but 0 would count as not usable. Say {_limit(file)}{bits}."
        )
    if _says(file, _CLEAR) and not re.search("cloud|snow|shadow|unusable|invalid|not", file.words[0]):
        return (
            "seems to mark what is usable, by its name, and every value but 0 would count as not usable. Say which "
            "values are not usable: `mask_values` 0, or `mask_values` 1-255 if it does mark clouds."
        )
    if _says(file, _FMASK) and file.whole and len(file.values) > 2:
        return (
            "holds the classes of an Fmask, which differ between programs. Say which are not usable: `mask_values` 2-4 "
            "where 0 is clear land, `mask_values` 0,2-4 where 1 is, or `mask_bits` 1-4 where it is a bit field of HLS."
        )
    if file.whole and file.values and file.values[0] > 0 and file.values[-1] > 255:
        return (
            f"holds no 0, but numbers up to {file.values[-1]:g}, as bit fields do, and every one would count as not "
            "usable. Say which bits mean clouds, such as `mask_bits` 3,4, or give `mask_values`."
        )
    return None


def _limit(file: MaskFile) -> str:
    """Words that say from which value on a share hides the ground, to go on after "say"."""
    fraction = not file.whole and file.values[-1] <= 1
    if _says(file, _CLEAR_SHARE):
        return f"below which value it is not usable: `mask_below` {0.6 if fraction else 60}"
    return f"above which value it is not usable: `mask_above` {0.4 if fraction else 40}"


def is_scl(file: MaskFile) -> bool:
    """Tell whether a file has the name of a scene classification of Sentinel-2."""
    return _says(file, _SCL)


def probability_with_nodata(file: MaskFile) -> bool:
    """Tell whether a file holds shares of cloud, by its name: a nodata value of 0 means a clear sky then."""
    return _says(file, _SHARE) and not _says(file, _CLEAR_SHARE)


def _says(file: MaskFile, words: re.Pattern[str]) -> bool:
    return any(words.search(word) for word in file.words)


def _valid_band(file: MaskFile) -> int | None:
    """The band called clear, of UDM2 or of a file of its own."""
    names: Sequence[str] = [band.strip().lower() for band in file.bands]
    if "clear" in names:
        return names.index("clear") + 1
    # UDM2 without names of bands: clear, snow, shadow, light haze, heavy haze, cloud, confidence, unusable.
    return 1 if len(names) == 8 and "udm2" in file.words[0] else None
