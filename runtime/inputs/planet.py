"""Granules of PlanetScope: strips of the item type PSScene as they are ordered, with their usable data masks.

Names are ``20240801_101112_45_2439_3B_AnalyticMS_SR_8b_harmonized_clip.tif``: the item, which begins with the time it
was taken, the level, and what the file holds. Analytic files have four bands, blue, green, red and near infrared, or
eight (``8b``). Surface reflectance (SR) and reflectance at the top of the atmosphere (toar) are stored times 10 000;
others hold radiance, which the coefficients in the item's XML turn into reflectance at the top of the atmosphere.
0 is nodata. Source: PlanetScope Product Specifications (Planet Labs).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from landslip.runtime.access.location import Location, is_folder, shown
from landslip.runtime.declared.acquired import acquired
from landslip.runtime.inputs.granules import BandFile, Granule, MaskKind, ProductMask
from landslip.runtime.inputs.planet_metadata import reflectance_coefficients
from landslip.runtime.inputs.product_files import ProductFile, decisive_paths, product_files

SCALE = 1e-4
"""Reflectance of one step of SR and toar files."""

FOUR_BANDS = (("blue", "blue"), ("green", "green"), ("red", "red"), ("nir", "nir"))
EIGHT_BANDS = (
    ("coastal", "coastal_blue"), ("blue", "blue"), ("green05", "green_i"), ("green", "green"), ("yellow", "yellow"),
    ("red", "red"), ("rededge", "rededge"), ("nir", "nir"),
)  # fmt: skip
"""Common names and Planet's own, in the order of the files."""

_NAME = re.compile(
    r"^(?P<item>\d{8}_\d{6}(?:_\d{1,3})?_[0-9a-f]{4})_(?P<level>[13][AB])_"
    r"(?P<what>AnalyticMS|Visual|udm2|DN_udm|udm)(?P<rest>(?:_[A-Za-z0-9]+)*)\.(?P<ending>tiff?|xml)$",
    re.IGNORECASE,
)
_OTHER = {"bandmath", "pansharpen"}
"""Words of files whose bands are no longer those of the sensor."""


class _PlanetFile(NamedTuple):
    """One file of an item, and what its name says."""

    file: ProductFile
    item: str
    what: str
    """``analytic``, ``visual``, ``udm2``, ``udm``, or ``metadata``."""
    words: frozenset[str]

    @property
    def eight(self) -> bool:
        """Tell whether it is of eight bands."""
        return "8b" in self.words

    @property
    def is_reflectance(self) -> bool:
        """Tell whether it holds reflectance."""
        return bool({"sr", "toar"} & self.words)

    @property
    def merit(self) -> tuple[int, str]:
        """Rank among the analytic files of an item: reflectance first, harmonised first, more bands first."""
        ranks = [bool({"sr"} & self.words), "toar" in self.words, "harmonized" in self.words, self.eight]
        return -sum(8 >> place for place, has in enumerate(ranks) if has), str(self.file.location)


def planet_granules(location: Location, role: str) -> tuple[Granule, ...] | None:
    """The granules of PlanetScope scenes: of a folder of an order, of its zip archive, or of one file.

    Args:
        location: a folder in which strips lie, a zip of them, or the analytic or visual file of one.
        role: what it is in the scene, for messages.

    Returns:
        One granule for each strip, by name; None where it is none of PlanetScope.

    Raises:
        InputError: metadata is damaged.
    """
    given = _parsed([ProductFile(re.split(r"[/\\]", shown(location))[-1], location)])
    single = given[0] if given else None
    if single is not None and single.what not in {"analytic", "visual"}:
        return None
    if single is None and not _may_hold(location):
        return None
    items: dict[str, list[_PlanetFile]] = {}
    for file in _parsed(product_files(location, _NAME)):
        if single is None or _is_with(file, single):
            items.setdefault(file.item, []).append(file)
    del role
    granules = tuple(
        _granule(item, files)
        for item, files in sorted(items.items())
        if any(each.what in {"analytic", "visual"} for each in files)
    )
    return granules or None


def _may_hold(location: Location) -> bool:
    return isinstance(location, Path) and (is_folder(location) or location.suffix.lower() == ".zip")


def _is_with(file: _PlanetFile, single: _PlanetFile) -> bool:
    """Tell whether a file beside a single one belongs to it: masks and metadata, and no other image of the item."""
    other = file.what in {"analytic", "visual"} and file.file.location != single.file.location
    return file.item == single.item and not other


def _parsed(files: Iterable[ProductFile]) -> list[_PlanetFile]:
    found = []
    for file in files:
        name = _NAME.match(file.name)
        if name is None:
            continue
        words = frozenset(name["rest"].lower().split("_")) - {""}
        what = {"analyticms": "analytic", "visual": "visual", "udm2": "udm2"}.get(name["what"].lower(), "udm")
        what = "udm" if "udm" in words else what  # …_AnalyticMS_DN_udm.tif
        what = "metadata" if name["ending"].lower() == "xml" else what
        if not words & _OTHER:
            found.append(_PlanetFile(file, name["item"].lower(), what, words))
    return found


def _granule(item: str, files: list[_PlanetFile]) -> Granule:
    analytic = min((each for each in files if each.what == "analytic"), key=lambda each: each.merit, default=None)
    visual = next((each.file.location for each in files if each.what == "visual"), None)
    return Granule(
        kind="PlanetScope" if analytic is None else f"PlanetScope {_level(analytic)}",
        name=item,
        acquired=acquired(files[0].file.location, {}),
        bands={} if analytic is None else _bands(analytic, files),
        true_colour=visual,
        mask=_mask(files),
        decisive=decisive_paths(
            None if analytic is None else _metadata(analytic, files), (each.file for each in files)
        ),
    )


def _level(analytic: _PlanetFile) -> str:
    if "sr" in analytic.words:
        return "surface reflectance"
    return "reflectance at the top of the atmosphere" if "toar" in analytic.words else "radiance"


def _mask(files: list[_PlanetFile]) -> ProductMask | None:
    kinds: tuple[MaskKind, ...] = ("udm2", "udm")
    for kind in kinds:
        for each in files:
            if each.what == kind:
                return ProductMask(each.file.location, kind)
    return None


def _bands(analytic: _PlanetFile, files: list[_PlanetFile]) -> dict[str, BandFile]:
    names = EIGHT_BANDS if analytic.eight else FOUR_BANDS
    metadata = _metadata(analytic, files)
    coefficients = {} if metadata is None else reflectance_coefficients(metadata)
    bands = {}
    for number, (name, label) in enumerate(names, 1):
        scale = SCALE if analytic.is_reflectance else coefficients.get(number)
        unstated = "" if scale is not None else _UNSTATED
        bands[name] = BandFile(analytic.file.location, number, scale or 1.0, 0.0, 0.0, label, unstated)
    return bands


_UNSTATED = (
    "holds radiance, and the coefficients that make reflectance of it stand in the item's XML "
    "(*_AnalyticMS_metadata.xml), which is not beside it. Put it there, or order surface reflectance (SR)."
)


def _metadata(analytic: _PlanetFile, files: list[_PlanetFile]) -> ProductFile | None:
    """Metadata with the coefficients of a file of radiance; None where there is none, and of a file of reflectance."""
    found = (each.file for each in files if each.what == "metadata" and each.eight == analytic.eight)
    return None if analytic.is_reflectance else next(found, None)
