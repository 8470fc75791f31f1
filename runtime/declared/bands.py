"""Bands of an image by what files call them: their common names, and which are red, green and blue.

A band says so by a word in its name, by its wavelength, or by its number where the sensor is known: band 2 is blue in
Sentinel-2 (MSI) and Landsat 8 and 9 (OLI), and green in Landsat 4 to 7 (TM, ETM+). Numbers that only count the bands of
the file (``Band 1``, ``Band 2`` …) say nothing.

Sources: Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD; Landsat 8-9 OLI/TIRS and Landsat 4-7 Collection
2 Level 2 Science Product Guides (USGS LSDS-1619, LSDS-1618); MODIS MOD09 User's Guide; PlanetScope Product
Specifications (Planet Labs).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landslip.runtime.declared.band_words import CENTRES, NUMBERED, RANGES, named_by_words

COLOURS = ("red", "green", "blue")
"""Colours in the order the network takes them."""

OTHER = "other"
"""A band that its name knows to be none of those that are looked for."""

_NOT_THAT = {
    "red": {"edge", "near", "infra", "nir", "far", "short", "wave", "thermal"},
    "green": {"i"},
    "blue": {"coastal", "deep", "ultra", "aerosol"},
}
"""Words that make another band of a colour: red edge, coastal blue, the first green of PlanetScope."""
_OTHER_WORDS = {
    "nir", "nir1", "nir2", "nir08", "nir09", "swir", "swir1", "swir2", "swir16", "swir22", "rededge", "rededge1",
    "rededge2", "rededge3", "rededge071", "rededge075", "rededge078", "redge", "infrared", "coastal", "aerosol",
    "yellow", "pan", "panchromatic", "cirrus", "thermal", "lwir", "lwir11", "lwir12", "edge",
}  # fmt: skip
_LETTERS = {"r": "red", "g": "green", "b": "blue"}

_NANOMETRES = re.compile(r"(?<![\w.])(\d{3,5}(?:\.\d+)?) ?nm\b|(?<![\w.])(\d(?:\.\d+)?) ?(?:µm|um|micrometers?)\b")

_NUMBER = re.compile(r"(?:^|[^a-z0-9])(sr[_ ]|sur[_ ]refl[_ ])?b(?:and)?[ _.-]?(0?)(\d{1,2}a?)(?=$|[^a-z0-9])")
_SENSORS = {
    "msi": re.compile(r"(^|[^a-z0-9])(s2[a-d]?|msi)([^a-z0-9]|$)|sentinel.?2|hls.?s30|(^|_)t\d\d[a-z]{3}_\d{8}t"),
    "oli": re.compile(r"(^|[^a-z0-9])l[co]0?[89]([^a-z0-9]|$)|landsat.?0?[89]|hls(?!.?s30)"),
    "tm": re.compile(r"(^|[^a-z0-9])l[te]0?[4-7]([^a-z0-9]|$)|landsat.?0?[4-7]"),
}
SATELLITES = ("satelliteid", "spacecraft_id", "spacecraft", "satellite", "platform", "sensor", "sensor_id")
"""Metadata of a file that may name the satellite; keys in small letters."""


@dataclass(frozen=True)
class Band:
    """Statements of a file about one of its bands."""

    name: str = ""
    """Name of the band; empty where it has none."""
    wavelength: float | None = None
    """Centre in nanometres, where the file gives it."""
    colour: str = ""
    """GDAL's colour interpretation: red, gray, alpha, undefined …"""


def wavelength_of(tags: Mapping[str, str]) -> float | None:
    """The centre of a band in nanometres from GDAL's metadata of it; None where it does not give one.

    Args:
        tags: keys in small letters, such as ``wavelength`` with ``wavelength_units``, or ``central_wavelength_um``.
    """
    for key, usual in (("central_wavelength_um", 1000.0), ("wavelength", None), ("center_wavelength", None)):
        try:
            length = float(tags[key])
        except (KeyError, ValueError):
            continue
        micrometres = tags.get("wavelength_units", "").lower().startswith("mic") or length < 100.0
        factor = usual if usual is not None else 1000.0 if micrometres else 1.0
        return length * factor if length > 0 else None
    return None


def named_colours(bands: Sequence[Band], sensor: str = "") -> tuple[str, ...]:
    """Colour of each band by its name or wavelength: red, green, blue, :data:`OTHER`, or empty where that is not said.

    Args:
        bands: all bands of a file, or the files of one band that make an image.
        sensor: names of files and of the satellite, from which bands with numbers are understood.
    """
    return tuple(name if name in {"", *COLOURS} else OTHER for name in named_bands(bands, sensor))


def named_bands(bands: Sequence[Band], sensor: str = "") -> tuple[str, ...]:
    """Common name of each band by its name, wavelength or number: :data:`OTHER` where it is said and none of them.

    Args:
        bands: see :func:`named_colours`.
        sensor: see :func:`named_colours`.
    """
    numbered = _by_number([band.name.lower() for band in bands], sensor.lower())
    measured = _by_wavelength(bands)
    return tuple(_by_word(band.name.lower()) or measured[index] or numbered[index] for index, band in enumerate(bands))


def chosen(bands: Sequence[Band], sensor: str = "") -> tuple[int, ...] | None:
    """The numbers, from 1, of the bands that are red, green and blue; None where the file does not say so.

    Names count before the colour interpretation, which GDAL gives to any three bands of 8 bits. Three bands of which
    nothing is said are 1, 2, 3; that transparency comes last is no name.

    Args:
        bands: all bands of a file.
        sensor: see :func:`named_colours`.
    """
    colours = named_colours(bands, sensor)
    if all(colours.count(colour) == 1 for colour in COLOURS):
        return tuple(colours.index(colour) + 1 for colour in COLOURS)
    shown = [band.colour for band in bands]
    if all(shown.count(colour) == 1 for colour in COLOURS):
        places = tuple(shown.index(colour) for colour in COLOURS)
        if all(colours[place] in {"", colour} for place, colour in zip(places, COLOURS, strict=True)):
            return tuple(place + 1 for place in places)
        return None
    plain = [number for number, band in enumerate(bands, 1) if band.colour != "alpha"]
    return tuple(plain) if len(plain) == 3 and not any(colours[number - 1] for number in plain) else None


def differing(names: Sequence[str]) -> list[str]:
    """The words of names, such as those of files, that are not in all of them."""
    words = [re.findall(r"[A-Za-z0-9]+", name) for name in names]
    common = set.intersection(*map(set, words))
    return [" ".join(word for word in each if word not in common) for each in words]


def _by_word(name: str) -> str:
    words = set(re.split(r"[^a-z0-9]+", name))
    if name.strip() in _LETTERS:
        return _LETTERS[name.strip()]
    found = [colour for colour in COLOURS if colour in words and not words & _NOT_THAT[colour]]
    if len(found) == 1 and not words & _OTHER_WORDS:
        return found[0]
    other = named_by_words(name)
    others = words & _OTHER_WORDS or any(colour in words and words & _NOT_THAT[colour] for colour in COLOURS)
    return (other or OTHER) if (others or other) and not found else ""


def _wavelength(band: Band) -> float | None:
    if band.wavelength is not None:
        return band.wavelength
    found = _NANOMETRES.search(band.name.lower())
    if found is None:
        return None
    return float(found[1]) if found[1] else 1000.0 * float(found[2])


def _by_wavelength(bands: Sequence[Band]) -> list[str]:
    """Names by wavelengths; of the many narrow bands of a spectrometer the nearest is taken for each."""
    lengths = {index: length for index, band in enumerate(bands) if (length := _wavelength(band)) is not None}
    found = [OTHER if index in lengths else "" for index in range(len(bands))]
    for name, (low, high) in RANGES.items():
        inside = [index for index, length in lengths.items() if low <= length <= high]
        if inside:
            found[min(inside, key=lambda index: abs(lengths[index] - CENTRES[name]))] = name
    return found


def _by_number(names: Sequence[str], sensor: str) -> list[str]:
    """Names by the numbers of a sensor's bands."""
    found = [next(iter([*_NUMBER.finditer(name)][-1:]), None) for name in names]
    numbers = ["" if each is None else each[3] for each in found]
    prefixes = {each[1] for each in found if each is not None and each[1]}
    known = _sensor_of(numbers, sensor, prefixes, padded=any(each is not None and each[2] for each in found))
    if known is None:
        return [""] * len(names)
    return [NUMBERED[known].get(number, OTHER) if number else "" for number in numbers]


def _sensor_of(numbers: Sequence[str], sensor: str, prefixes: set[str], *, padded: bool) -> str | None:
    """Sensor whose numbers these are, as far as names and numbers tell."""
    present = {*numbers} - {""}
    told = [name for name, pattern in _SENSORS.items() if pattern.search(sensor)]
    if len(told) == 1:
        return told[0]
    if any(prefix.startswith("sur") for prefix in prefixes):
        return "modis"
    if any(prefix.startswith("sr") for prefix in prefixes):
        return _landsat(present)
    # Numbers that count the bands of the file, and those of no certain sensor.
    counted = list(numbers) == [str(place) for place in range(1, len(numbers) + 1)]
    visible = {"2", "3", "4"} <= present
    return "msi" if visible and not counted and (padded or "1" not in present or present & {"8a", "11", "12"}) else None


def _landsat(present: set[str]) -> str | None:
    """Surface reflectance: TM and ETM+ have bands 1 to 5 and 7, OLI 1 to 7."""
    if "6" in present or ("4" in present and "1" not in present):
        return "oli"
    return "tm" if present in ({"1", "2", "3"}, {"1", "2", "3", "4", "5", "7"}) else None
