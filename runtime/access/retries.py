"""Files behind a connection that may be slow or break: how GDAL is set up for them, and how often to try again.

GDAL tries again by itself where a server answers that it is busy (429, 502, 503 …) and where no answer begins. It does
not where an answer breaks off: it keeps the half as if it were all, and gives it again whenever it is asked. So what
failed is closed, which drops what GDAL keeps (``CPL_VSIL_CURL_NON_CACHED``), and opened anew.
"""

from __future__ import annotations

import logging
import math
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rasterio
from rasterio.env import get_gdal_config, getenv, hasenv

from landslip.runtime.access.bound_pyogrio import pyogrio
from landslip.runtime.access.location import Location, is_networked, shown, without_secrets
from landslip.runtime.errors import ConnectionLostError, InputError, InputMissingError
from landslip.runtime.system import endings, stopping
from landslip.runtime.system.machine import usable_cores
from landslip.runtime.system.shortage import address_space

log = logging.getLogger(__name__)

T = TypeVar("T")

MORE_ATTEMPTS = 3
"""Attempts after the first; ``GDAL_HTTP_MAX_RETRY`` in the environment wins, for GDAL's own attempts as well."""
GDALS_OWN = 1
"""Attempts of GDAL's after the first of each, where no answer begins and where a server is busy. It asks twice for a
file that it opens, so one of our attempts is up to four of its own."""
PATIENCE = 40.0
"""Seconds after which no further attempt begins, unless the environment says how many there are to be. A server that
is silent costs one attempt: 60 seconds, or some 80 where it does not even take the connection, or speaks FTP."""
FIRST_PAUSE = 1.0
"""Seconds before the second attempt; each pause is twice as long as the one before. ``GDAL_HTTP_RETRY_DELAY`` wins."""
_LONGEST_PAUSE = 30.0

_NETWORKS = ("curl", "s3", "gs", "az", "adls", "oss", "swift", "webhdfs")

SETTINGS = {
    "GDAL_HTTP_MAX_RETRY": str(GDALS_OWN),
    "GDAL_HTTP_RETRY_DELAY": str(FIRST_PAUSE),
    "GDAL_HTTP_CONNECTTIMEOUT": "20",
    # Seconds with less than so many bytes per second: silence ends an attempt, a slow link does not. That is why there
    # is no GDAL_HTTP_TIMEOUT.
    "GDAL_HTTP_LOW_SPEED_TIME": "30",
    "GDAL_HTTP_LOW_SPEED_LIMIT": "10",
    "GDAL_HTTP_TCP_KEEPALIVE": "YES",
    "CPL_VSIL_CURL_NON_CACHED": ":".join(f"/vsi{network}/" for network in _NETWORKS),
}
"""GDAL's options for remote files. Not set: VSI_CACHE, one more place in which half an answer would stay."""

READING = {
    # Masks (.msk) and statistics with nodata values (.aux.xml) beside a file count: EMPTY_DIR, which is often advised
    # for remote files, passes over them, and what such a mask hides would be mapped.
    "GDAL_DISABLE_READDIR_ON_OPEN": "FALSE",
    "GDAL_PAM_ENABLED": "YES",
    # Where a file says that it lies, in GDAL's own order.
    "GDAL_GEOREF_SOURCES": "PAM,INTERNAL,TABFILE,WORLDFILE,XML",
    "GTIFF_POINT_GEO_IGNORE": "NO",
    # Damage is an error, not a guess; masks are 0 and 255; JPEG in a TIFF is red, green and blue.
    "GTIFF_IGNORE_READ_ERRORS": "NO",
    "GDAL_TIFF_INTERNAL_MASK_TO_8BIT": "YES",
    "CONVERT_YCBCR_TO_RGB": "YES",
    "GDAL_NETCDF_BOTTOMUP": "YES",
    # Holes in polygons are holes.
    "OGR_ORGANIZE_POLYGONS": "DEFAULT",
}
"""GDAL's options that decide what a file holds, as GDAL has them by itself: they replace what others have set."""

NO_LISTS = {"GDAL_DISABLE_READDIR_ON_OPEN": "TRUE"}
"""Setting of GDAL for no list of the folder over a network: what may lie beside a file is looked for by its name."""

_THREADS, _LOCAL_ALONE = "GDAL_NUM_THREADS", (".tif", ".tiff", ".jp2")
"""GDAL's option for threads, and endings of files that hold all of their pixels themselves."""
_BUSY = 2
"""Cores that two images keep busy: there GDAL's queue takes more than it brings."""
_HEADS = re.compile(rb"II[*+]\0|MM\0[*+]|\0\0\0\x0cjP  |\xffO\xffQ")
"""First bytes of these files; a virtual one may be called as they are."""
_OF_DECODING = ("GTIFF_IGNORE_READ_ERRORS", "GDAL_TIFF_INTERNAL_MASK_TO_8BIT", "CONVERT_YCBCR_TO_RGB")
"""Options of :data:`READING` that GDAL asks for where it decodes; its own threads see what others have set."""

_GEOTIFF = re.compile(r"(/vsi(curl|s3|gs|az)/|(https?|s3|gs|az)://)(?!.*/vsi)[^?!]*\.tiff?", re.IGNORECASE)
BESIDE_GEOTIFF = {"CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".tif,.tiff,.msk,.aux.xml"}
"""Files that may count beside a GeoTIFF: GDAL would ask for a dozen other names, one after the other, each time."""


class _Pool:
    """GDAL's own threads, which it keeps: a process that is forked has none, and GDAL would wait for them for ever."""

    is_used = is_lost = False

    def fork(self) -> None:
        self.is_lost |= self.is_used


_pool = _Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.fork)


class _Tried(threading.local):
    more = 0
    """Attempts after the first, of what this thread tried last."""


_tried = _Tried()

_REFUSALS = frozenset({401, 403, 409})
"""Refusals by HTTP status; 409 is what Azure says of a file that needs a signed address (Planetary Computer's)."""
_STATUS = re.compile(r"HTTP response code(?: on \S+)?:? ?(\d{3})")
_GONE = re.compile("NoSuchKey|NoSuchBucket|key does not exist|bucket does not exist|NotFound", re.IGNORECASE)
_REFUSED = re.compile("credential|access ?denied|signature|forbidden|InvalidAccessKey", re.IGNORECASE)
_UNKNOWN = "not recognized as being in a supported file format"
_LINK = re.compile(r"CURL error|HTTP response code|timed? ?out|could not (connect|resolve)|connection", re.IGNORECASE)


def settings(location: Location) -> rasterio.Env:
    """GDAL's options while a file is opened or read, as a context.

    What the environment or the caller's own ``rasterio.Env`` says wins, except where it decides which pixels a file has
    (:data:`READING`): maps must not depend on settings that were made for other programs. Options hold for the thread
    that enters, so they are entered where a file is read.
    """
    ours = {name: value for name, value in READING.items() if get_gdal_config(name) is not None} | _threads(location)
    if not is_networked(location):
        return rasterio.Env(**dict[str, Any](ours))
    taken = {*os.environ, *(getenv() if hasenv() else ())}
    options = {name: value for name, value in SETTINGS.items() if name not in taken} | ours | NO_LISTS
    if _GEOTIFF.fullmatch(str(location)):
        options |= BESIDE_GEOTIFF
    return rasterio.Env(**dict[str, Any](options))


def _threads(location: Location) -> dict[str, str]:
    """Threads with which GDAL decodes blocks that it reads in one go.

    One where anything may come over a network, a virtual raster's files for example, whatever somebody has set: with
    more, GDAL takes half an answer for all of it, without a word (GeoTIFF, GDAL 3.10). A file of this machine that is
    cut off is heard of with many threads, too. One also where others have set how pixels are decoded: what is set here
    instead holds for this thread alone. One where the address space is limited, as then the system may start no
    more threads: GDAL's queue would wait for them for ever. And one where the files that are read side by side keep
    the cores busy anyway.
    """
    if isinstance(location, str) or location.suffix.lower() not in _LOCAL_ALONE or not _is_whole(location):
        return {_THREADS: "1"}
    others_set = any(get_gdal_config(name) is not None for name in _OF_DECODING)
    if _pool.is_lost or others_set or address_space() is not None:
        return {_THREADS: "1"}
    cores, _pool.is_used = usable_cores(), True
    return {_THREADS: str(cores if cores > _BUSY else 1)} if get_gdal_config(_THREADS) is None else {}


def _is_whole(path: Path) -> bool:
    """Tell whether a local file begins as one that holds all of its pixels."""
    try:
        with path.open("rb", buffering=0) as file:
            return _HEADS.match(file.read(8)) is not None
    except (OSError, ValueError):
        return False


def set_up_pyogrio(location: Location) -> None:
    """Set up retries for pyogrio, which has a GDAL of its own; for the whole process, as it knows no other way.

    Args:
        location: what is going to be read; the options of a local file are set only where others were.
    """
    configured = {name: pyogrio.get_gdal_config_option(name) for name in SETTINGS | READING}
    ours = {name: value for name, value in READING.items() if configured[name] is not None}
    if is_networked(location):
        ours = {name: value for name, value in SETTINGS.items() if configured[name] is None} | ours | NO_LISTS
    pyogrio.set_gdal_config_options(ours)


def pauses() -> list[float]:
    """Seconds between attempts."""
    count, first = int(_number("GDAL_HTTP_MAX_RETRY", MORE_ATTEMPTS)), _number("GDAL_HTTP_RETRY_DELAY", FIRST_PAUSE)
    return [min(first * 2**k, _LONGEST_PAUSE) for k in range(min(count, 20))]


def patiently(location: Location, action: Callable[[], T], errors: tuple[type[Exception], ...]) -> T:
    """Do something with a file; where the connection to it may have broken, try again a few times.

    Args:
        location: the file; one that comes over no connection is tried once.
        action: what to do. It has to open anew what has failed.
        errors: what it raises when it fails.

    Raises:
        One of ``errors``: it failed each time, or cannot get better.
        LandslipError: the call is to stop here.
    """
    stopping.check()
    began = time.monotonic()
    for number, pause in enumerate(pauses() if is_networked(location) else ()):
        _tried.more = number
        try:
            return action()
        except errors as error:
            endings.give_way()  # GDAL may have swallowed it
            stopping.check()
            if is_final(_messages(error)) or time.monotonic() - began > _patience():
                raise
            log.info("%s: an attempt to read failed, the next one is in %.3g s", shown(location), pause)
            log.debug("%s", without_secrets(_messages(error)))
            stopping.pause(pause)
            endings.give_way()
    _tried.more = len(pauses())
    return action()


def is_final(message: str) -> bool:
    """Tell whether a server said something that another attempt does not change."""
    status = _status(message)
    return status in {*_REFUSALS, 404, 410} or _GONE.search(message) is not None or _REFUSED.search(message) is not None


def opening_error(location: Location, role: str, message: str) -> InputError | None:
    """Error to tell a user when a remote file cannot be opened; None where it is not for its being remote.

    Args:
        location: the file.
        role: what it is in the scene.
        message: GDAL's own words, without secrets.
    """
    if not is_networked(location):
        return None
    name, status = shown(location), _status(message)
    if status in {404, 410} or _GONE.search(message):
        return InputMissingError(f"{role}: {name} does not exist ({message}).", "Check the address.", where=name)
    if status in _REFUSALS or _REFUSED.search(message):
        return InputError(
            f"{role}: the server refuses {name} ({message}).",
            "Give access as GDAL takes it, for example with GDAL_HTTP_HEADER_FILE or AWS_ACCESS_KEY_ID in the "
            "environment, or a signed address that has not expired.",
            where=name,
        )
    if _LINK.search(message):
        return ConnectionLostError(
            f"{role}: {name} cannot be reached ({message}){_more()}.",
            "Check the connection and the address.",
            where=name,
        )
    if _UNKNOWN in message:
        return InputError(
            f"{role}: what {name} answers cannot be read as a raster. Where a login is asked for, as by Earthdata, a "
            "web page comes in place of the file: give access as GDAL takes it, for example with "
            "GDAL_HTTP_HEADER_FILE, or with GDAL_HTTP_COOKIEFILE, GDAL_HTTP_COOKIEJAR and a .netrc file.",
            where=name,
        )
    return None


def reading_error(location: Location, role: str, where: str, message: str) -> InputError:
    """Error to tell a user when a remote file that was opened can be read no more.

    Args:
        location: the file.
        role: what it is in the scene.
        where: which part of it.
        message: GDAL's own words, without secrets.
    """
    refused = opening_error(location, role, message) if is_final(message) else None
    return refused or ConnectionLostError(
        f"{role}: the connection to {shown(location)} was lost in {where} ({message}){_more()}.",
        "Check the connection and continue with resume=True; if it stops there again, the file is damaged.",
        where=shown(location),
    )


def _patience() -> float:
    return math.inf if "GDAL_HTTP_MAX_RETRY" in os.environ else PATIENCE


def _more() -> str:
    count = _tried.more
    return f", also after {count} more attempt{'s' * (count != 1)}" if count else ""


def _status(message: str) -> int | None:
    found = _STATUS.search(message)
    return int(found[1]) if found else None


def _messages(error: BaseException | None) -> str:
    """Words of an error and those that led to it."""
    texts: list[str] = []
    while error is not None and len(texts) < 10:
        texts.append(str(error))
        error = error.__cause__ or error.__context__
    return " ".join(texts)


def _number(name: str, default: float) -> float:
    try:
        return max(0.0, float(os.environ[name]))
    except (KeyError, ValueError):
        return default
