"""The little that is asked of web servers without GDAL: which version of a file they have, and small text files."""

from __future__ import annotations

import base64
import contextlib
import http.client
import ssl
from collections.abc import Iterator
from email.message import Message
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from landslip.runtime.access.location import Location, shown, web_address
from landslip.runtime.access.retries import pauses
from landslip.runtime.errors import ConnectionLostError, InputError, InputMissingError
from landslip.runtime.system import stopping
from landslip.runtime.untrusted.printable import printable

_WAIT = 20
"""Seconds without an answer, or within one."""
_TEXT = 200
"""Most characters of what a server says of a file."""
_ERRORS = (OSError, http.client.HTTPException, ValueError, ssl.SSLError)
"""Exceptions of urllib: its own errors are OSErrors, and an address may be none."""


def version_of(location: Location) -> dict[str, Any] | None:
    """Version of a remote file: ``bytes``, ``etag`` and ``last_modified``, as far as known.

    One byte is asked for, as addresses are often signed for reading alone, and not for ``HEAD``. None for what lies on
    no web server, and where the server does not tell: a record can do without.
    """
    address = web_address(location)
    if address is None:
        return None
    headers = _headers(address)
    size = (headers.get("Content-Range") or "").rpartition("/")[2] or headers.get("Content-Length", "")
    found = {"etag": headers.get("ETag"), "last_modified": headers.get("Last-Modified")}
    named: dict[str, Any] = {name: printable(text, _TEXT) for name, text in found.items() if text}
    if size.isdecimal() and len(size) < 20:
        named = {"bytes": int(size), **named}
    return named or None


def _headers(address: str) -> Message:
    """Headers that a server sends for a file; none where it does not answer, or not to us as it does to GDAL."""
    for pause in (*pauses()[:1], None):
        stopping.check()
        try:
            with _response(address, {"Range": "bytes=0-0"}) as answer:
                headers: Message = answer.headers
                return headers
        except _ERRORS as error:
            if pause is None or (isinstance(error, HTTPError) and error.code < 500 and error.code != 429):
                break
            # Once more: a run is only continued with inputs of which the same is known.
            stopping.pause(pause)
    return Message()


def read_address(location: Location, most: int) -> bytes:
    """Read up to ``most`` bytes of a small file on a web server.

    Raises:
        InputMissingError: there is no such file.
        ConnectionLostError: the server cannot be reached.
        InputError: it lies on no web server, or is refused.
    """
    address, name = web_address(location), shown(location)
    if address is None:
        raise InputError(f"{name} is no address of a web server.", "Give one with https://, or a file.", where=name)
    try:
        with _response(address, {}) as answer:
            content: bytes = answer.read(most)
    except HTTPError as error:
        if error.code in {404, 410}:
            raise InputMissingError(
                f"{name} does not exist ({error.code}).", "Check the address.", where=name
            ) from error
        raise InputError(f"{name} cannot be read: the server answers with status {error.code}.", where=name) from error
    except _ERRORS as error:
        reason = printable(str(getattr(error, "reason", error)), _TEXT)
        raise ConnectionLostError(
            f"{name} cannot be reached ({reason}).", "Check the connection and the address.", where=name
        ) from error
    return content


@contextlib.contextmanager
def _response(address: str, headers: dict[str, str]) -> Iterator[Any]:
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    request = Request(urlunsplit(parts._replace(netloc=host)), headers=headers)  # noqa: S310 - http and https alone
    if at:
        # Not for the server that this one may send us to.
        token = base64.b64encode(unquote(user).encode()).decode("ascii")
        request.add_unredirected_header("Authorization", f"Basic {token}")
    try:
        answer = urlopen(request, timeout=_WAIT)  # noqa: S310
    except HTTPError as error:
        error.close()  # It is the answer as well, with its connection.
        raise
    with answer:
        yield answer
