"""A file over HTTP, from some byte on. The one module that speaks HTTP: errors of requests and urllib3 end here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from landslip.runtime.errors import FetchError, UsageError
from landslip.runtime.system.versions import landslip_version

_CHUNK = 1 << 16
"""Most bytes handed on at a time."""
_REDIRECTS = 10
_LONGEST_WAIT = 60.0
"""Seconds; no server is waited for longer, whatever it asks for."""
_LENGTH = r"[0-9]{1,18}"
"""A number of bytes."""
_BUSY = {408, 425, 429, 500, 502, 503, 504}
"""Answers that may be another one a moment later."""


class DroppedError(FetchError):
    """What failed this time may work the next time."""

    wait: float = 0.0
    """Seconds the server asks to wait."""


class UnreachableError(DroppedError):
    """No connection came about at all."""


@dataclass(frozen=True)
class Answer:
    """What a server sends of a file."""

    start: int
    """Offset of its first byte; 0 where the server sends the file from its beginning, whatever was asked for."""
    total: int | None
    """Length of the whole file in bytes, if the server says."""
    validator: str | None
    """What names this very version of the file to the server: a strong ETag, or else its date."""
    chunks: Iterator[bytes]
    """The bytes. Raises DroppedError where the connection breaks."""


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
            yield _answer(response, url, start)


class _Session(requests.Session):
    """A session that is not lured from an encrypted connection to an open one."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = _REDIRECTS

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where an answer sends us, if it does."""
        target: str | None = super().get_redirect_target(resp)
        if target and urlsplit(resp.url).scheme == "https" and urlsplit(urljoin(resp.url, target)).scheme != "https":
            raise FetchError(
                f"{shown_url(resp.url)} leads to {shown_url(target)}, which is not encrypted. Give another address "
                "with `url`."
            )
        return target


def shown_url(url: str) -> str:
    """An address as it may be shown and kept: without user, password, query and fragment, which can be secrets."""
    return re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])


def _check_address(session: requests.Session, url: str) -> None:
    try:
        prepared = session.prepare_request(requests.Request("GET", url))
        session.get_adapter(str(prepared.url))
    except ValueError as error:  # all that requests raises for a bad address
        raise UsageError(
            f"{shown_url(url)!r} cannot be downloaded from: it is no address of HTTP or HTTPS. Give one such as "
            "https://…."
        ) from error


def _ask(session: requests.Session, url: str, start: int, validator: str | None, timeout: float) -> requests.Response:
    # Bytes as they are: an encoding would make offsets and lengths those of the encoded file.
    headers = {"Accept-Encoding": "identity", "User-Agent": f"landslip/{landslip_version()}"}
    if start:
        headers["Range"] = f"bytes={start}-"
        headers |= {"If-Range": validator} if validator else {}
    return session.get(url, headers=headers, stream=True, timeout=timeout)


def _answer(response: requests.Response, url: str, start: int) -> Answer:
    first, total = _place(response, url)
    if first > start:
        raise FetchError(
            f"{shown_url(url)}: the server sends the file from byte {first} on, but byte {start} was asked for."
        )
    return Answer(first, total, _validator(response), _chunks(response, url))


def _place(response: requests.Response, url: str) -> tuple[int, int | None]:
    """Offset of the first byte of an answer, and the length of the whole file."""
    length = response.headers.get("Content-Length", "")
    if response.status_code == requests.codes.ok:
        return 0, int(length) if re.fullmatch(_LENGTH, length) else None
    if response.status_code != requests.codes.partial_content:
        raise _refusal(response, url)
    found = re.fullmatch(rf"bytes ({_LENGTH})-{_LENGTH}/({_LENGTH}|\*)", response.headers.get("Content-Range", ""))
    if not found:
        raise FetchError(
            f"{shown_url(url)}: the server sends a part of the file without saying which. Give another `url`."
        )
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _refusal(response: requests.Response, url: str) -> FetchError:
    says = f"{shown_url(url)}: the server answers {response.status_code} {response.reason or ''}".rstrip()
    if response.status_code not in _BUSY:
        return FetchError(f"{says}. Check the address, or give that of another copy with `url`.")
    error = DroppedError(says)
    wait = response.headers.get("Retry-After", "")
    error.wait = min(float(wait), _LONGEST_WAIT) if wait.isdecimal() else 0.0
    return error


def _validator(response: requests.Response) -> str | None:
    """What may stand in ``If-Range``: RFC 9110, 13.1.5, wants a strong ETag, or a date."""
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
    except requests.exceptions.InvalidProxyURL as error:
        raise FetchError("The proxy that the environment variables name has no proper address. Correct it.") from error
    except ValueError as error:
        # What requests raises for a bad address is also a ValueError. The first one was checked.
        raise FetchError(
            f"{shown_url(url)} leads to something that is no address of HTTP or HTTPS. Give another `url`."
        ) from error
    except requests.exceptions.TooManyRedirects as error:
        raise FetchError(
            f"{shown_url(url)} leads from one address to the next without an end. Give another `url`."
        ) from error
    except requests.exceptions.SSLError as error:
        raise FetchError(
            f"{shown_url(url)}: the server's certificate is not accepted ({_reason(error)}). Behind a proxy with one "
            "of its own, name the file that holds it in the environment variable REQUESTS_CA_BUNDLE."
        ) from error
    except (requests.exceptions.ProxyError, requests.exceptions.ConnectTimeout) as error:
        raise UnreachableError(f"{_host(url)} cannot be reached ({_reason(error)})") from error
    except requests.exceptions.ConnectionError as error:
        kind = UnreachableError if isinstance(_cause(error), urllib3.exceptions.NewConnectionError) else DroppedError
        what = "cannot be reached" if kind is UnreachableError else "broke the connection"
        raise kind(f"{_host(url)} {what} ({_reason(error)})") from error
    except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError) as error:
        raise DroppedError(f"{_host(url)} stopped sending") from error
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise DroppedError(f"{_host(url)} broke the connection ({_reason(error)})") from error


def _host(url: str) -> str:
    return urlsplit(shown_url(url)).netloc


def _cause(error: BaseException) -> BaseException:
    """The error of urllib3 that requests has wrapped."""
    inner = error.args[0] if error.args else error
    return getattr(inner, "reason", None) or (inner if isinstance(inner, BaseException) else error)


def _reason(error: BaseException) -> str:
    """What the system said, at the bottom of the chain: the layers above repeat it with their own names."""
    while (deeper := error.__cause__ or error.__context__) is not None and deeper is not error:
        error = deeper
    return str(getattr(error, "strerror", None) or error)
