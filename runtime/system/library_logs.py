"""Logs of libraries while landslip uses them: no matter of a program that embeds it.

rasterio and pyogrio say at level INFO what GDAL signals, at every file that is probed for something it does not have,
and how many records were written; at level DEBUG they say each environment, and numba each step of its compiler. Levels
belong to the host program, which may want to read what these libraries say of its own calls. So a filter drops what
comes out of landslip's calls alone; warnings and errors pass.
"""

from __future__ import annotations

import logging
import sys
from types import FrameType

_NAMES = {
    "rasterio": "_base _env _err _features _fill _filepath _io _path _transform _vsiopener _warp crs env features io "
    "mask merge session shutil stack vrt",
    "pyogrio": "_env _err _geometry _io _ogr _vsi",
    "numba.core": "byteflow decorators entrypoints interpreter ssa tracing transforms typeinfer types.functions",
    "PIL": "Image ImageFile PngImagePlugin TiffImagePlugin",
}
_LOGGERS = ("rasterio", "pyogrio", *(f"{package}.{name}" for package in _NAMES for name in _NAMES[package].split()))
"""Loggers that say anything at level INFO or below; a filter of one does not hold for those below it."""

_OWN = "landslip."


def quiet_libraries() -> None:
    """Drop what these libraries say at level INFO and below in calls of landslip's; once and for all."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_worth_saying)  # one that is there is not added again


def _worth_saying(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO or not _is_landslip_call()


def _is_landslip_call() -> bool:
    """Tell whether a module of landslip's is among those that called, this one left out."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - as logging itself finds its caller
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name.startswith(_OWN) and name != __name__:
            return True
        frame = frame.f_back
    return False
