"""Requests for a file over HTTP, from some byte on; errors of requests and urllib3 end in this module."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests import exceptions
from urllib3 import exceptions as lower

from landslip.runtime.access.location import shown
from landslip.runtime.errors import FetchError, UsageError
from landslip.runtime.system.versions import landslip_version

_CHUNK = 1 << 16
"""Most bytes handed on at a time."""
_LONGEST_WAIT = 60.0
"""Seconds that a server is waited for at the most, whatever it asks for."""
_LENGTH = r"[0-9]{1,18}"
"""Pattern of a number of bytes."""
_BUSY = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one a moment later."""


class DroppedError(FetchError):
    """A failure that may be none the next time."""

    _later = True
    wait = 0.0
    """Seconds the server asks to wait."""


class UnreachableError(DroppedError):
    """A connection that did not come about at all."""


_UNREACHABLE: tuple[type[FetchError], str] = UnreachableError, "{host} cannot be reached ({why})"

_TROUBLES: tuple[tuple[Any, type[FetchError], str], ...] = (
    (exceptions.InvalidProxyURL, FetchError,
     "The proxy that the environment variables name has no proper address. Correct it."),
    # What requests raises for a bad address is a ValueError, too. The first one was checked.
    (ValueError, FetchError, "{url} leads to something that is no address of HTTP or HTTPS. Give another `url`."),
    (exceptions.TooManyRedirects, FetchError,
     "{url} leads from one address to the next without an end. Give another `url`."),
    (exceptions.SSLError, FetchError,
     ("{url}: the server's certificate is not accepted ({why}). Behind a proxy with one of its own, name the file "
      "that holds it in the environment variable REQUESTS_CA_BUNDLE.")),
    ((exceptions.ProxyError, exceptions.ConnectTimeout), *_UNREACHABLE),
    ((exceptions.Timeout, lower.TimeoutError), DroppedError, "{host} stopped sending"),
    (Exception, DroppedError, "{host} broke the connection ({why})"),
)  # fmt: skip
"""Errors of requests and urllib3, and ours with its sentence; the first that fits counts."""


@dataclass(frozen=True)
class Answer:
    """Part of a file that a server sends."""

    start: int
    """Offset of its first byte; 0 where the server sends the file from its beginning, whatever was asked for."""
    total: int | None
    """Length of the whole file in bytes, if the server says."""
    validator: str | None
    """Name of this very version of the file for the server: a strong ETag, or else its date."""
    chunks: Iterator[bytes]
    """Bytes from there on. Raises DroppedError where the connection breaks."""


@contextmanager
def opened(url: str, start: int, validator: str | None, timeout: float) -> Iterator[Answer]:
    """Ask for a file from byte ``start`` on.

    Redirects are followed, but never from HTTPS to HTTP. Proxies are taken from the environment.

    Args:
        url: HTTP or HTTPS.
        start: offset of the first byte wanted.
        validator: of the version the bytes before ``start`` are from; a server that has another one sends it whole.
        timeout: seconds without an answer, or without a byte, after which a connection counts as dropped.

    Raises:
        UsageError: the URL is none.
        DroppedError: it may work another time.
        FetchError: it will not.
    """
    with _Session() as session:
        _check_address(session, url)
        with _translated(url):
            response = _ask(session, url, start, validator, timeout)
            if response.status_code == requests.codes.requested_range_not_satisfiable and start:
                # There is no such byte: what was received so far is not of this file.
                response.close()
                response = _ask(session, url, 0, None, timeout)
        with response:
            first, total = _place(response, url)
            if first > start:
                raise _refused(
                    url, f": the server sends the file from byte {first} on, but byte {start} was asked for."
                )
            yield Answer(first, total, _validator(response), _chunks(response, url))


class _Session(requests.Session):
    """A session that is not lured from an encrypted connection to an open one."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 10

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Address that an answer leads to, if it does."""
        target: str | None = super().get_redirect_target(resp)
        if target and urlsplit(resp.url).scheme == "https" and urlsplit(urljoin(resp.url, target)).scheme != "https":
            what = f" leads to {shown(target)}, which is not encrypted."
            raise _refused(resp.url, what, "Give another address with `url`.")
        return target


def _check_address(session: requests.Session, url: str) -> None:
    try:
        session.get_adapter(str(session.prepare_request(requests.Request("GET", url)).url))
    except ValueError as error:  # all that requests raises for a bad address
        raise UsageError(
            f"{shown(url.partition('?')[0])!r} cannot be downloaded from: it is no address of HTTP or HTTPS.",
            "Give one such as https://….",
            option="url",
        ) from error


def _ask(session: requests.Session, url: str, start: int, validator: str | None, timeout: float) -> requests.Response:
    # Bytes as they are: an encoding would make offsets and lengths those of the encoded file.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"landslip/{landslip_version()}"}
    if start:
        headers |= {"Range": f"bytes={start}-"} | ({"If-Range": validator} if validator else {})
    return session.get(url, headers=headers, stream=True, timeout=timeout)


def _place(response: requests.Response, url: str) -> tuple[int, int | None]:
    """Offset of the first byte of an answer, and the length of the whole file."""
    if response.status_code == requests.codes.ok:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if re.fullmatch(_LENGTH, length) else None
    if response.status_code != requests.codes.partial_content:
        raise _refusal(response, url)
    found = re.fullmatch(rf"bytes ({_LENGTH})-{_LENGTH}/({_LENGTH}|\*)", response.headers.get("Content-Range", ""))
    if not found:
        raise _refused(url, ": the server sends a part of the file without saying which.", "Give another `url`.")
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _refused(url: str, what: str, remedy: str = "") -> FetchError:
    return FetchError(f"{shown(url)}{what}", remedy, where=shown(url), option="url")


def _refusal(response: requests.Response, url: str) -> FetchError:
    says = f": the server answers {response.status_code} {response.reason or ''}".rstrip()
    if response.status_code not in _BUSY:
        return _refused(url, f"{says}.", "Check the address, or give that of another copy with `url`.")
    error = DroppedError(f"{shown(url)}{says}", where=shown(url))
    # A number of seconds, or a date. It is cut, because Python refuses thousands of digits.
    with suppress(lower.InvalidHeader, ValueError, OverflowError):
        seconds = urllib3.Retry().parse_retry_after(response.headers.get("Retry-After", "")[:40])
        error.wait = min(float(seconds), _LONGEST_WAIT)
    return error


def _validator(response: requests.Response) -> str | None:
    """Value for ``If-Range``: RFC 9110, 13.1.5, wants a strong ETag, or a date."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def _chunks(response: requests.Response, url: str) -> Iterator[bytes]:
    # Below requests, which holds chunks back until they are full and so loses what came just before a break.
    with _translated(url):
        yield from response.raw.stream(_CHUNK, decode_content=False)


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Errors of requests and urllib3 as ours."""
    try:
        yield
    except (ValueError, exceptions.RequestException, lower.HTTPError) as error:
        is_new = isinstance(_cause(error), lower.NewConnectionError)
        fitting = ((kind, says) for theirs, kind, says in _TROUBLES if isinstance(error, theirs))
        kind, says = _UNREACHABLE if is_new else next(fitting)
        where = shown(url)
        raise kind(says.format(url=where, host=urlsplit(where).netloc, why=_reason(error)), where=where) from error


def _cause(error: BaseException) -> Any:
    """Error of urllib3 that requests has wrapped."""
    inner = error.args[0] if error.args else None
    return getattr(inner, "reason", None) or inner


def _reason(error: BaseException) -> str:
    """Words of the system, at the bottom of the chain: the layers above repeat them with their own names."""
    while (deeper := error.__cause__ or error.__context__) is not None and deeper is not error:
        error = deeper
    return str(getattr(error, "strerror", None) or error)
