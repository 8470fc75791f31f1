"""Time when an image was taken: from what the user says, the name of a product, its metadata, or the tags of a file.

Sources: Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD (names and ``MTD_MSI….xml``); USGS LSDS-1618
(names of Landsat Collection 2); Planet's imagery product specification (names of PlanetScope scenes); TIFF 6.0, tag
306.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

from landslip.runtime.access.location import Location

_INSTANT = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:\.(\d{1,6})\d{0,20})?)?(?:[Zz]|UTC|([+-])(\d\d):?(\d\d))?)?",
    re.ASCII,
)
"""RFC 3339, ISO 8601's basic form, or a day alone."""

_NAMES = (
    # S2A_MSIL1C_20180911T012701_N0206_…: when sensing began. The date at the end of a name is that of the processing.
    re.compile(r"S2[A-Z]_MSIL(?:1C|2A)_(\d{8}T\d{6})_", re.ASCII),
    # Products of before December 2016: …_V20151231T101201_20151231T101201.SAFE.
    re.compile(r"S2[A-Z]_\w+_V(\d{8}T\d{6})_", re.ASCII),
    # Pictures and bands in a product: T54TWN_20180911T012701_TCI.jp2.
    re.compile(r"(?:^|[^A-Za-z0-9])T\d\d[A-Z]{3}_(\d{8}T\d{6})_", re.ASCII),
    # Sentinel-2 in archives on the web: S2A_54TWN_20180911_0_L2A, and …/tiles/54/T/WN/2018/9/11/0/B04.jp2.
    re.compile(r"S2[A-Z]_\d{1,2}[A-Z]{3}_(\d{8})_\d", re.ASCII),
    re.compile(r"/tiles/\d{1,2}/[A-Z]/[A-Z]{2}/(\d{4}/\d{1,2}/\d{1,2})/", re.ASCII),
    # LC08_L2SP_107030_20180918_20200830_02_T1_SR_B4.TIF: the first date is that of the picture.
    re.compile(r"L[COTEM]\d\d_L[12]\w{2}_\d{6}_(\d{8})_\d{8}_\d\d_", re.ASCII),
    # PlanetScope: 20180820_012030_0f3c_3B_AnalyticMS.tif, 20220822_153019_55_2459_3B_….
    re.compile(r"(?:^|[/\\])(\d{8}_\d{6})_(?:\d\d_)?[0-9a-f]{4}_(?:[13][AB]|metadata)", re.ASCII),
)

_SENSED = re.compile(rb"<PRODUCT_START_TIME>([^<]{1,40})</PRODUCT_START_TIME>")
_MOST_METADATA = 1 << 20
"""Bytes of a product's metadata that are looked at; the time stands near its top."""


@dataclass(frozen=True)
class Acquired:
    """Time when an image was taken, and who says so."""

    start: datetime
    """Beginning of the day, or of the acquisition, in UTC."""
    whole_day: bool
    """True if only the day is known."""
    source: str
    """Origin of the time: ``given``, ``name``, ``metadata``, or ``tag``."""

    @property
    def text(self) -> str:
        """ISO 8601: a day, or an instant in UTC to the second."""
        if self.whole_day:
            return self.start.date().isoformat()
        return self.start.strftime("%Y-%m-%dT%H:%M:%SZ")

    @property
    def certain(self) -> bool:
        """Tell whether it is when the picture was taken; a TIFF's own tag may be of the day the file was written."""
        return self.source != "tag"

    def after(self, other: Acquired) -> bool:
        """Tell whether it was taken later than another, as far as both are known: one day is not later than itself."""
        if self.whole_day or other.whole_day:
            return self.start.date() > other.start.date()
        return self.start > other.start


def parsed_time(text: str) -> tuple[datetime, bool]:
    """A day such as 2018-09-06, or an instant such as 2018-09-06T01:27:01Z; times without a zone are in UTC.

    Returns:
        The instant in UTC, and whether only the day was given.

    Raises:
        ValueError: it is neither.
    """
    found = _INSTANT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no date")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    ahead = timedelta(hours=int(found[9] or 0), minutes=int(found[10] or 0)) * (-1 if found[8] == "-" else 1)
    try:
        # A leap second is counted as the one before it.
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=timezone.utc)
        return local + timedelta(microseconds=int((found[7] or "0").ljust(6, "0"))) - ahead, found[4] is None
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no date ({error})") from error


def user_time(text: str) -> Acquired:
    """Time that a user gives.

    Raises:
        ValueError: it is no time.
    """
    return Acquired(*parsed_time(text), "given")


def acquired(location: Location, tags: Mapping[str, str], held_in: Location | None = None) -> Acquired | None:
    """Time when the picture in a file was taken; None where nothing says so.

    Args:
        location: the file; its name and those of its folders count, the file's own first.
        tags: metadata of the file, as GDAL names them.
        held_in: the Sentinel-2 product it was taken from.
    """
    return (
        _of_name(str(location).replace("\\", "/"))
        or (None if held_in is None else _of_name(str(held_in)) or _of_product(held_in))
        or _of_tag(tags.get("ACQUISITIONDATETIME"), "metadata")
        or _of_tag(tags.get("TIFFTAG_DATETIME"), "tag")
    )


def earliest(times: Iterable[Acquired | None]) -> Acquired | None:
    """The first of the times at which the files of one image were taken."""
    return min((time for time in times if time is not None), key=lambda time: time.start, default=None)


def latest(times: Iterable[Acquired | None]) -> Acquired | None:
    """The last of the times at which the files of one image were taken."""
    return max((time for time in times if time is not None), key=lambda time: time.start, default=None)


def _of_name(name: str) -> Acquired | None:
    # The last folder that says so, or the file: a folder of many events says less than the file in it.
    found = [(match.end(), match[1]) for pattern in _NAMES for match in pattern.finditer(name)]
    for _, text in sorted(found, reverse=True):
        if (time := _built(text, "name")) is not None:
            return time
    return None


def _built(text: str, source: str) -> Acquired | None:
    if "/" in text:
        year, month, day = map(int, text.split("/"))
        text = f"{year:04d}-{month:02d}-{day:02d}"
    try:
        return Acquired(*parsed_time(text.replace("_", "T")), source)
    except ValueError:
        return None


def _of_product(product: Location) -> Acquired | None:
    """Time in the metadata of a product's folder, by their text alone: no entity of XML is resolved."""
    if not isinstance(product, Path):
        return None
    folder = product if product.is_dir() else product.parent
    for path in sorted(folder.glob("MTD_MSIL*.xml")):
        try:
            with path.open("rb") as stream:
                found = _SENSED.search(stream.read(_MOST_METADATA))
        except OSError:
            continue
        if found is not None:
            return _built(found[1].decode("ascii", "replace"), "metadata")
    return None


def _of_tag(text: str | None, source: str) -> Acquired | None:
    """TIFF writes 2018:09:06 01:27:01, and many programs what they like."""
    if text is None:
        return None
    time = _built(re.sub(r"^(\d{4}):(\d\d):(\d\d)", r"\1-\2-\3", text.strip()), source)
    # Clocks that were never set write 1970, 1980 or 0000; the first satellite with such pictures flew in 1972.
    return time if time is not None and date(1972, 7, 23) <= time.start.date() else None
