"""Times when the images of a scene were taken: what the user says of a date, else what its files say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.artifacts.spec import Role
from landslip.runtime.declared.acquired import Acquired, acquired, earliest, user_time
from landslip.runtime.imagery.file_bands import Bands
from landslip.runtime.imagery.image import Image
from landslip.runtime.inputs.products import granules_of
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles

Times = Mapping[Role, tuple["Acquired | None", ...]]
"""Times by image: when each file that was given for it was taken; None where nothing says so."""


def times_of(images: Iterable[Image], files: SceneFiles) -> dict[Role, tuple[Acquired | None, ...]]:
    """Times when the images were taken, file by file, in the order in which the files were given."""
    return {image.role: _times_of(image, files) for image in images}


def with_times(inputs: Sequence[Mapping[str, Any]], times: Times) -> list[dict[str, Any]]:
    """The ``inputs`` of a run record with ``acquired``, a day or an instant in UTC, and ``acquired_from``, its source.

    Args:
        inputs: entries with their ``role``; those of one role in the order in which its files were given.
        times: when the images were taken.
    """
    left = {role: iter(found) for role, found in times.items()}
    described = []
    for entry in inputs:
        time = next(left[entry["role"]], None) if entry["role"] in left else None
        said = {} if time is None else {"acquired": time.text, "acquired_from": time.source}
        described.append({**entry, **said})
    return described


def span_of(times: Times) -> tuple[str | None, str | None]:
    """Time of the earliest image before the event, and of the latest one after it; None where nothing says so."""
    before = [time for time in times.get("pre", ()) if time is not None]
    after = [time for time in times.get("post", ()) if time is not None]
    return (
        min(before, key=lambda time: time.start).text if before else None,
        max(after, key=lambda time: time.start).text if after else None,
    )


def _times_of(image: Image, files: SceneFiles) -> tuple[Acquired | None, ...]:
    given = files.images[image.role]
    said = _said(image.role, files.reading)
    if said is not None:
        return (said,) * len(given)
    parts = [image.parts[min(index, len(image.parts) - 1)] for index in range(len(given))]
    return tuple(_time_of(location, part) for location, part in zip(given, parts, strict=True))


def _time_of(location: Location, part: Bands) -> Acquired | None:
    """Time of a file, or of the first granule in a product or a folder of products."""
    granules = granules_of(location, part.raster.role) or ()
    raster = part.raster
    return earliest(granule.acquired for granule in granules) or acquired(raster.location, raster.tags)


def _said(role: Role, reading: ReadOptions) -> Acquired | None:
    text = {"pre": reading.pre_date, "post": reading.post_date}.get(role)
    return None if text is None else user_time(text)
