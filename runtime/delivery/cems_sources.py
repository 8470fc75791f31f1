"""Images of a run as the table of sources of Copernicus EMS Rapid Mapping lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.untrusted.printable import printable

_PHASES = {"pre": "Pre-event", "post": "Post-event"}
_SENTINEL_2 = re.compile(r"(?<![A-Za-z0-9])(S2[A-D])_MSI")
_SENTINEL_2_PIXEL = "10 m"
_TEXT = 200
"""Most bytes of a text: a Shapefile takes 254."""


@dataclass(frozen=True)
class Source:
    """A row of the table of sources."""

    number: int
    """``src_id``: 1, 2, …"""
    name: str
    """``source_nam``: mission, as far as the name of the file tells it; that name otherwise."""
    date: str | None
    """``src_date``: day on which the image was taken, dd/mm/yyyy; None where nobody says."""
    time: str | None
    """``source_tm``: time in UTC, Thh:mm:ssZ; None where nobody says."""
    resolution: str | None
    """``sensor_gsd``: pixel of the sensor; None where it is not known."""
    phase: str
    """``eventphase``: ``Pre-event`` or ``Post-event``."""


def sources_of(run: FinishedRun) -> tuple[Source, ...]:
    """Images that the map was made of, in the order of the record; files of one image of a mission are one row."""
    found: dict[tuple[str, str | None, str], Source] = {}
    for entry in run.record.inputs:
        phase = _PHASES.get(entry.role)
        if phase is not None:
            mission = _SENTINEL_2.search(entry.path)
            name = f"Sentinel-{mission[1][1:]}" if mission else _file_name(entry.path)
            resolution = _SENTINEL_2_PIXEL if mission else None
            date, time = _date_and_time(entry.acquired)
            row = Source(len(found) + 1, name, date, time, resolution, phase)
            found.setdefault((name, entry.acquired, phase), row)
    return tuple(found.values())


def _file_name(path: str) -> str:
    """Last part of a path or an address, as far as a Shapefile has room for it."""
    name = re.split(r"[/\\]", path.split("?", maxsplit=1)[0].rstrip("/\\"))[-1]
    return printable(name, _TEXT).encode()[:_TEXT].decode(errors="ignore")


def _date_and_time(acquired: str | None) -> tuple[str | None, str | None]:
    """Day and time, as the manual writes them, of a day or an instant in ISO 8601."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d:\d\dZ)?", acquired or "")
    if found is None:
        return None, None
    return f"{found[3]}/{found[2]}/{found[1]}", found[4]
