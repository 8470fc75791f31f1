"""Names of jobs: the name of a job file without its ending becomes that of a folder, as far as that can be."""

from __future__ import annotations

import hashlib
import os

ENDINGS = (".toml", ".json")
"""Endings of job files: SCENE.toml, and a STAC Item, ItemCollection, Catalog or Collection."""

MARKERS = (".done", ".ready")
"""Endings of files that say that the job file of the same name, with its own ending or without, is complete."""

RESULT = ".done"
"""Ending of the file in ``out/`` that says that the results of a job are there."""

ERROR = ".error.json"
"""Ending of the file in ``failed/`` that says why a job is there."""

MOST_BYTES = 200
"""Most bytes of a name of a job, so that endings and names of drafts fit into the 255 that file systems have."""

_ODD = "~bad-"


def is_job_file(name: str) -> bool:
    """Tell whether a file of this name in ``in/`` is a job; hidden ones and those of other endings are none."""
    return not name.startswith(".") and os.path.splitext(name)[1] in ENDINGS  # noqa: PTH122 - a name is no path


def job_name(file_name: str) -> str:
    """Name of a job by that of its file; where that can be no folder, one that is made from its digest."""
    stem = os.path.splitext(file_name)[0]  # noqa: PTH122
    if fault_of_name(file_name) is None:
        return stem
    return f"{_ODD}{hashlib.sha256(os.fsencode(file_name)).hexdigest()[:16]}"


def fault_of_name(file_name: str) -> str | None:
    """Reason why the name of a job file cannot be that of a folder of results, as a sentence; None where it can."""
    stem = os.path.splitext(file_name)[0]  # noqa: PTH122
    try:
        size = len(stem.encode())
    except UnicodeEncodeError:
        return "The name of the job file is not in UTF-8."
    if size > MOST_BYTES:
        return f"The name of the job file has {size} bytes without its ending; {MOST_BYTES} are the most."
    if not stem.isprintable() or any(letter in stem for letter in '\\/:*?"<>|'):
        return 'The name of the job file holds letters that are not printed, or one of \\ / : * ? " < > |.'
    if stem != stem.strip(" .") or not stem:
        return "The name of the job file begins or ends with a space or a dot."
    if stem.startswith(_ODD) or stem.endswith((*MARKERS, *ENDINGS, ".error")):
        return "The name of the job file has a second ending that landslip uses itself: .done, .ready, .error, .json."
    return None
