"""Files of plain bytes that a run works with, and what is said where they cannot be written."""

from __future__ import annotations

import errno
from io import FileIO
from pathlib import Path

from landslip.runtime.errors import OutputError


def write_all(file: FileIO, content: memoryview) -> None:
    """Write all of it: a nearly full disk takes a part first.

    Raises:
        OSError: it cannot be written.
    """
    while content:
        content = content[file.write(content) :]


def unwritable(path: Path, error: OSError) -> OutputError:
    """Sentence for when a working file cannot be written."""
    full = error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None), errno.EFBIG)
    remedy = "Check the free disk space." if full else "Once the folder can be written again, resume=True goes on."
    return OutputError(
        f"{path.name} cannot be written to {path.parent.parent} ({error.strerror}).", remedy, where=path.parent.parent
    )
