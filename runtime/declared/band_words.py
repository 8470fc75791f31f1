"""Common names of bands by what files write of them: words, wavelengths, and the numbers of known sensors.

Sources: STAC's extension ``eo`` (names and wavelengths); Sentinel-2 Products Specification Document,
S2-PDGS-TAS-DI-PSD; Landsat 8-9 OLI/TIRS and Landsat 4-7 Collection 2 Level 2 Science Product Guides (USGS LSDS-1619,
LSDS-1618); MODIS MOD09 User's Guide; PlanetScope Product Specifications (Planet Labs).
"""

from __future__ import annotations

import re

from landslip.runtime.artifacts.channels import ALIASES, BAND_NAMES

NUMBERED = {
    "msi": {
        "1": "coastal", "2": "blue", "3": "green", "4": "red", "5": "rededge071", "6": "rededge075",
        "7": "rededge078", "8": "nir", "8a": "nir08", "9": "nir09", "10": "cirrus", "11": "swir16", "12": "swir22",
    },
    "oli": {
        "1": "coastal", "2": "blue", "3": "green", "4": "red", "5": "nir08", "6": "swir16", "7": "swir22", "8": "pan",
        "9": "cirrus", "10": "lwir11", "11": "lwir12",
    },
    "tm": {
        "1": "blue", "2": "green", "3": "red", "4": "nir08", "5": "swir16", "6": "lwir", "7": "swir22", "8": "pan",
    },
    "modis": {"1": "red", "2": "nir", "3": "blue", "4": "green", "6": "swir16", "7": "swir22"},
}  # fmt: skip
"""Names by the numbers of the bands of each sensor; those that are left out have no common name."""

RANGES = {
    "coastal": (400.0, 455.0), "blue": (455.0, 515.0), "green05": (515.0, 535.0), "green": (535.0, 590.0),
    "yellow": (590.0, 620.0), "red": (620.0, 690.0), "rededge071": (690.0, 725.0), "rededge075": (725.0, 760.0),
    "rededge078": (760.0, 800.0), "nir": (800.0, 855.0), "nir08": (855.0, 900.0), "nir09": (930.0, 960.0),
    "cirrus": (1350.0, 1400.0), "swir16": (1550.0, 1750.0), "swir22": (2050.0, 2350.0),
    "lwir11": (10300.0, 11300.0), "lwir12": (11500.0, 12600.0),
}  # fmt: skip
"""Wavelengths in nanometres between which the centre of a band lies."""

CENTRES = {
    "coastal": 443.0, "blue": 490.0, "green05": 531.0, "green": 560.0, "yellow": 605.0, "red": 660.0,
    "rededge071": 705.0, "rededge075": 740.0, "rededge078": 783.0, "nir": 835.0, "nir08": 865.0, "nir09": 945.0,
    "cirrus": 1375.0, "swir16": 1610.0, "swir22": 2200.0, "lwir11": 10900.0, "lwir12": 12000.0,
}  # fmt: skip
"""Usual centre of each, by which the nearest of many narrow bands is taken."""

_WORDS = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\bred ?edge ?(0?71|1)\b", "rededge071"),
        (r"\bred ?edge ?(0?75|2)\b", "rededge075"),
        (r"\bred ?edge ?(0?78|3)\b", "rededge078"),
        (r"\b(red ?edge ?4|(narrow (nir|near infra ?red)|nir narrow)|nir ?0?8a?)\b", "nir08"),
        (r"\b(red ?edge|redge)$|\bred ?edge\b(?! ?\d)", "rededge"),
        (r"\b(nir ?0?9|water vapou?r)\b", "nir09"),
        (r"\b(coastal|aerosol|ultra ?blue|deep blue)\b", "coastal"),
        (r"\bgreen (i|1|05)\b", "green05"),
        (r"\b(swir|short ?wave infra ?red) ?(16|1)\b", "swir16"),
        (r"\b(swir|short ?wave infra ?red) ?(22|2)\b", "swir22"),
        (r"\b(lwir|thermal) ?11\b", "lwir11"),
        (r"\b(lwir|thermal) ?12\b", "lwir12"),
        (r"\bcirrus\b", "cirrus"),
        (r"\byellow\b", "yellow"),
        (r"\bpan(chromatic)?\b", "pan"),
        (r"^(?!.*\b(short|swir|mid|far|thermal|long)\b).*\b(nir1?|near ?infra ?red|infrared)\b", "nir"),
    )
)
"""Words of names, the more special ones first."""


def named_by_words(text: str) -> str:
    """The common name, other than red, green and blue, that words mean; empty where they mean none.

    Args:
        text: name of a band in small letters.
    """
    words = re.findall(r"[a-z0-9]+", text)
    whole = "_".join(words)
    if whole in ALIASES or whole in BAND_NAMES:
        return ALIASES.get(whole, whole)
    joined = " ".join(words)
    return next((name for pattern, name in _WORDS if pattern.search(joined)), "")
