"""Metadata of Landsat products (MTL): scale and offset of reflectance, time, height of the sun.

An MTL is delivered as text (groups of ``KEY = VALUE``), JSON and XML with the same groups and keys. Sources: Landsat
8-9 OLI/TIRS Collection 2 Level 2 Data Format Control Book (USGS LSDS-1328), and for level 1 the Landsat 8-9 Collection
2 Level 1 Data Format Control Book (LSDS-1822): reflectance at the top of the atmosphere is
``(stored * mult + add) / sin(sun elevation)``.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from landslip.runtime.declared.acquired import Acquired, parsed_time
from landslip.runtime.errors import InputError
from landslip.runtime.inputs.product_files import ProductFile
from landslip.runtime.untrusted.json_text import parse_json
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.xml_text import parse_xml

MOST_MTL = 1 << 20
"""Bytes of an MTL; real ones have some 20 000."""
LEVEL_2 = "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"
LEVEL_1 = "LEVEL1_RADIOMETRIC_RESCALING"
_TIMES = "IMAGE_ATTRIBUTES"
_LINE = re.compile(r'^\s*(\w+)\s*=\s*"?(.*?)"?\s*$')

Groups = Mapping[str, Mapping[str, str]]
"""Values by group and key, as text."""


@dataclass(frozen=True)
class LandsatMetadata:
    """Statements of an MTL."""

    name: str
    """Name of the file, for messages."""
    groups: Groups

    def radiometry(self, band: str, *, level_2: bool) -> tuple[float, float] | None:
        """Scale and offset of a band's reflectance; None where the file states none.

        Raises:
            InputError: they are no numbers that can be used.
        """
        group = self.groups.get(LEVEL_2 if level_2 else LEVEL_1, {})
        keys = f"REFLECTANCE_MULT_BAND_{band}", f"REFLECTANCE_ADD_BAND_{band}"
        if not all(key in group for key in keys):
            return None
        scale, offset = (self._number(group, key) for key in keys)
        if scale == 0:
            raise self._damaged(f"{keys[0]} is 0")
        sun = 1.0 if level_2 else self._sun()
        return scale / sun, offset / sun

    @property
    def acquired(self) -> Acquired | None:
        """Time of the middle of the scene; None where the file does not say it."""
        times = self.groups.get(_TIMES, {})
        text = f"{times.get('DATE_ACQUIRED', '')}T{times.get('SCENE_CENTER_TIME', '')}"
        with contextlib.suppress(ValueError):
            return Acquired(*parsed_time(text), "metadata")
        return None

    def _sun(self) -> float:
        degrees = self._number(self.groups.get(_TIMES, {}), "SUN_ELEVATION")
        if not 0 < degrees <= 90:
            raise self._damaged(f"SUN_ELEVATION is {degrees:g}")
        return math.sin(math.radians(degrees))

    def _number(self, group: Mapping[str, str], key: str) -> float:
        try:
            number = float(group.get(key, ""))
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._damaged(f"{key} is {printable(group.get(key, 'missing'), 40)}")
        return number

    def _damaged(self, why: str) -> InputError:
        return InputError(
            f"{self.name} cannot be read as metadata of Landsat: {why}.", "Download the product again.", where=self.name
        )


def read_mtl(file: ProductFile) -> LandsatMetadata:
    """Read an MTL: JSON, XML or text, by its ending.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    content, name = file.content(MOST_MTL + 1), str(file.location)
    ending = file.name.rpartition(".")[2].lower()
    try:
        if len(content) > MOST_MTL:
            raise ValueError(f"it is larger than {MOST_MTL >> 20} MB")  # noqa: TRY301 - as damage of other kinds
        groups = {"json": _of_json, "xml": _of_xml}.get(ending, _of_text)(content)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{name} cannot be read as metadata of Landsat: {printable(str(error), 200)}.",
            "Download the product again.",
            where=name,
        ) from error
    return LandsatMetadata(name, groups)


def _of_json(content: bytes) -> Groups:
    parsed = parse_json(content)
    root = parsed.get("LANDSAT_METADATA_FILE") if isinstance(parsed, dict) else None
    if not isinstance(root, dict):
        raise ValueError("it has no LANDSAT_METADATA_FILE")  # noqa: TRY004 - damage of a file, not of a call
    groups = {name: group for name, group in root.items() if isinstance(group, dict)}
    return {name: {key: str(value) for key, value in group.items()} for name, group in groups.items()}


def _of_xml(content: bytes) -> Groups:
    return {group.tag: {each.tag: (each.text or "").strip() for each in group} for group in parse_xml(content)}


def _of_text(content: bytes) -> Groups:
    groups: dict[str, dict[str, str]] = {}
    current = ""
    for key, value in _lines(content.decode("utf-8", "replace")):
        if key == "GROUP":
            current = value
        elif key != "END_GROUP":
            groups.setdefault(current, {})[key] = value
    return groups


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if found := _LINE.match(line[:500]):
            yield found[1], found[2]
