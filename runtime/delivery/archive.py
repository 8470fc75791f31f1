"""Files in one archive, the same bytes whenever it is made."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from landslip.runtime.delivery.layer_files import output_of
from landslip.runtime.system.safe_writing import clear_name

_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of every file in an archive: the first that there is."""

_MODE = 0o100644 << 16
"""Mode of every file: regular, read by all."""


def write_archive(target: Path, folder: Path) -> None:
    """Write the files of a folder, by name, into a ZIP archive.

    Raises:
        OutputError: it cannot be written.
    """
    with output_of(target):
        clear_name(target)
        with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                entry = zipfile.ZipInfo(path.name, _DATE)
                entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _MODE, 3
                entry.file_size = path.stat().st_size  # from which on it is known whether it needs 64 bits
                with path.open("rb") as source, archive.open(entry, "w") as copy:
                    shutil.copyfileobj(source, copy, 1 << 20)
        with zipfile.ZipFile(target) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise OSError(None, f"{damaged} did not arrive in it")
