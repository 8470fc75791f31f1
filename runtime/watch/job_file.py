"""Job files: a SCENE.toml with a table ``[job]``, or STAC with an object ``landslip:job``.

In a STAC file the object is a member of the file itself, or among the properties of an Item. A file of several Items
may give it in each, as long as it is the same.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError, LandslipError
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json
from landslip.runtime.untrusted.printable import printable
from landslip.runtime.untrusted.title import checked_title
from landslip.runtime.untrusted.toml_file import MOST_TOML, parse_toml, read_file
from landslip.runtime.untrusted.typed_values import UnfitError, typed
from landslip.runtime.watch.job_options import JobOptions

TABLE = "job"
"""Table of a SCENE.toml that holds the options of a job."""

MEMBER = "landslip:job"
"""Member of a STAC file, or property of an Item, that holds them."""

_MOST_ITEMS = 1000


def read_job_options(file: Path) -> JobOptions:
    """Read the options of a job.

    Raises:
        InputMissingError: the file is not there.
        InputError: it is not in TOML or JSON, or an option is unknown or out of range.
    """
    is_json = file.suffix == ".json"
    content = read_file(file, "a job", (MOST_BYTES if is_json else MOST_TOML) + 1)
    name = file.name
    if is_json:
        found = _of_stac(content, name)
    else:
        found = parse_toml(content, name, "a job", 'pre = "before.tif"').get(TABLE, {})
    try:
        options: JobOptions = typed(found, JobOptions, MEMBER if is_json else TABLE, plain=True)
        checked_title(options.title)
    except (UnfitError, LandslipError) as error:
        raise InputError(f"{name}: {error}", where=file) from error
    return options


def _of_stac(content: bytes, name: str) -> Any:
    if len(content) > MOST_BYTES:
        raise InputError(f"{name} is larger than {MOST_BYTES >> 20} MB.", "Give the Items of one event alone.")
    try:
        parsed = parse_json(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not in JSON: {printable(str(error), 200)}.", "Save it again.") from error
    if isinstance(parsed, dict) and MEMBER in parsed:
        return parsed[MEMBER]
    given = list(_of_items(parsed))
    if any(each != given[0] for each in given):
        raise InputError(
            f"{name}: its Items give several different {MEMBER}.", f"Give one {MEMBER} as a member of the file itself."
        )
    return given[0] if given else {}


def _of_items(parsed: Any) -> Iterator[Any]:
    features = parsed.get("features") if isinstance(parsed, dict) else parsed
    items = features if isinstance(features, list) else [parsed]
    for item in items[:_MOST_ITEMS]:
        properties = item.get("properties") if isinstance(item, dict) else None
        if isinstance(properties, dict) and MEMBER in properties:
            yield properties[MEMBER]


class JobReader:
    """Reader that remembers the options of files that were there at the last look, and have not changed since."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, ...], JobOptions]] = {}
        self._seen: dict[str, tuple[tuple[int, ...], JobOptions]] = {}

    def look_again(self) -> None:
        """Begin another look: files that the last one has not seen are forgotten."""
        self._known, self._seen = self._seen, {}

    def options(self, file: Path) -> JobOptions:
        """Options of a job as far as they order the queue; none where they are not understood."""
        try:
            entry = os.stat(file)  # noqa: PTH116 - as Path.stat
        except OSError:
            return JobOptions()
        identity = (entry.st_ino, entry.st_size, entry.st_mtime_ns, entry.st_ctime_ns)
        known = self._known.get(str(file))
        if known is None or known[0] != identity:
            try:
                known = identity, read_job_options(file)
            except LandslipError:
                known = identity, JobOptions()
        self._seen[str(file)] = known
        return known[1]
