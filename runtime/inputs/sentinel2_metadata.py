"""Metadata of Sentinel-2 products: how stored numbers become reflectance, when the product was sensed, its name.

Reflectance is ``(stored + offset) / quantification``. Since processing baseline 04.00, of January 2022, offsets are
-1000; products of before that have none, and those processed again (05.00 and later) have them whatever their date.
Source: Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD, issue 14.9, sections 3.11 and 4.9.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from landslip.runtime.declared.acquired import Acquired, parsed_time
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.sentinel2_bands import BANDS
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.xml_text import parse_xml

_LABELS = tuple(BANDS)
_QUANTIFICATION = ("BOA_QUANTIFICATION_VALUE", "QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE")
_OFFSETS = ("BOA_ADD_OFFSET", "RADIO_ADD_OFFSET")
_BASELINE = re.compile(r"(?:^|[_/\\])N(\d{4})(?=[_./\\]|$)")
_FIRST_WITH_OFFSETS = 400
_TEST = 9000
"""Baselines from here on mark products of tests, such as N9999."""


@dataclass(frozen=True)
class Radiometry:
    """Rule that makes reflectance of the stored numbers of a product."""

    quantification: float = 10_000.0
    """Stored numbers of a reflectance of 1."""
    offsets: Mapping[str, float] = field(default_factory=dict)
    """Numbers that are added before that, by label; 0 of a band that is not named."""
    name: str = ""
    """Name of the product; empty where nothing says so."""
    acquired: Acquired | None = None
    """Time when it was sensed; None where nothing says so."""

    def of_band(self, label: str) -> tuple[float, float]:
        """Scale and offset that give reflectance: ``stored * scale + offset``."""
        return 1 / self.quantification, self.offsets.get(label, 0.0) / self.quantification


def radiometry_in(content: bytes, where: str) -> Radiometry | None:
    """Rule in the metadata of a product, ``MTD_MSIL2A.xml`` or ``MTD_MSIL1C.xml``; None where it states none.

    Raises:
        InputError: the file is damaged.
    """
    try:
        root = parse_xml(content)
        found = next((each for name in _QUANTIFICATION for each in root.iter(name)), None)
        if found is None:
            return None
        quantification = _number(found)
        if quantification <= 0:
            raise ValueError(f"its {found.tag} is {quantification:g}")  # noqa: TRY301 - as damage of other kinds
        offsets = {_label(each): _number(each) for name in _OFFSETS for each in root.iter(name)}
    except ValueError as error:
        raise InputError(
            f"{where} cannot be read as metadata of Sentinel-2: {printable(str(error), 200)}.",
            "Download the product again.",
            where=where,
        ) from error
    name = _text(root, "PRODUCT_URI") or _text(root, "PRODUCT_URI_2A") or _text(root, "PRODUCT_URI_1C")
    stated = None if offsets else radiometry_by_name(f"N{_text(root, 'PROCESSING_BASELINE').replace('.', '')}")
    offsets = dict(stated.offsets) if stated is not None else offsets
    return Radiometry(quantification, offsets, printable(name, 120), _sensed(root))


def radiometry_by_name(name: str) -> Radiometry | None:
    """Rule by the processing baseline in a product's name (``…_N0509_…``), None where it has none, or one of tests."""
    found = _BASELINE.findall(name)
    if not found or int(found[-1]) >= _TEST:
        return None
    return Radiometry(offsets=dict.fromkeys(_LABELS, -1000.0) if int(found[-1]) >= _FIRST_WITH_OFFSETS else {})


def _label(element: Element) -> str:
    number = element.get("band_id", "")
    if not (number.isdecimal() and int(number) < len(_LABELS)):
        raise ValueError(f"its {element.tag} is of band {printable(number, 20)}")
    return _LABELS[int(number)]


def _number(element: Element) -> float:
    number = float(element.text or "")
    if not math.isfinite(number):
        raise ValueError(f"its {element.tag} is {number}")
    return number


def _text(root: Element, name: str) -> str:
    found = next(root.iter(name), None)
    return "" if found is None else (found.text or "").strip()


def _sensed(root: Element) -> Acquired | None:
    with contextlib.suppress(ValueError):
        return Acquired(*parsed_time(_text(root, "PRODUCT_START_TIME")), "metadata")
    return None
