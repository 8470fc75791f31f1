"""Metadata of PlanetScope scenes: the coefficient of each band that turns stored radiance into reflectance."""

from __future__ import annotations

import math

from landslip.runtime.errors import InputError
from landslip.runtime.inputs.product_files import ProductFile
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.xml_text import parse_xml

_MOST = 4 << 20
"""Bytes of a file of metadata; real ones have some 10 000."""


def reflectance_coefficients(file: ProductFile) -> dict[int, float]:
    """The coefficients in an ``*_AnalyticMS_metadata.xml``, by the number of the band.

    Reflectance at the top of the atmosphere is the stored number times ``reflectanceCoefficient`` (PlanetScope Product
    Specifications, section on radiometric interpretation).

    Raises:
        InputError: the file is damaged.
    """
    content, name = file.content(_MOST + 1), str(file.location)
    try:
        if len(content) > _MOST:
            raise ValueError(f"it is larger than {_MOST >> 20} MB")  # noqa: TRY301 - as damage of other kinds
        found = {}
        for band in parse_xml(content).iter("bandSpecificMetadata"):
            number, coefficient = (band.findtext(key, "") for key in ("bandNumber", "reflectanceCoefficient"))
            found[int(number)] = _coefficient(coefficient)
    except ValueError as error:
        raise InputError(
            f"{name} cannot be read as metadata of PlanetScope: {printable(str(error), 200)}.",
            "Download it again.",
            where=name,
        ) from error
    return found


def _coefficient(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"it states a reflectanceCoefficient of {number:g}")
    return number
