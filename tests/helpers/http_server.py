"""A real HTTP server for tests, with a script of what it does to each request in turn."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Act = Callable[["Handler"], None]
"""What to do to one request."""


class FileServer(ThreadingHTTPServer):
    """Serves ``content`` under any path. The last act of its script is repeated."""

    daemon_threads = True

    def __init__(self, content: bytes, *script: Act, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.script = list(script) or [send()]
        self.requests: list[dict[str, str]] = []
        self.released = threading.Event()
        self._scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    @property
    def base(self) -> str:
        return f"{self._scheme}://localhost:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"{self.base}/models/net.hdf5"

    @property
    def ranges(self) -> list[str | None]:
        """The ``Range`` of each request so far."""
        return [headers.get("Range") for headers in self.requests]

    def next_act(self) -> Act:
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: FileServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append({":path": self.path, **dict(self.headers)})
        with contextlib.suppress(OSError):
            self.server.next_act()(self)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Silent."""

    def head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Connection": "close"} | headers).items():
            self.send_header(name, value)
        self.end_headers()


def send(
    *,
    headers: dict[str, str] | None = None,
    cut: int | None = None,
    stall: int | None = None,
    chunk: int | None = None,
    pause: float = 0.0,
    ranges: bool = True,
) -> Act:
    """Send the content, or the part that is asked for.

    Args:
        headers: such as an ETag, by which a conditional Range is decided.
        cut: hang up after so many bytes.
        stall: say nothing more after so many bytes.
        chunk, pause: send so many bytes, then wait so many seconds.
        ranges: whether Range is understood.
    """
    own = headers or {}

    def act(handler: Handler) -> None:
        content = handler.server.content
        start = _start(handler, own) if ranges else 0
        body = content[start:]
        length = {"Content-Length": str(len(body))}
        span = {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        handler.head(206 if start else 200, own | length | span)
        end = min(len(body), *(stop for stop in (cut, stall) if stop is not None), len(body))
        for at in range(0, end, chunk or end or 1):
            handler.wfile.write(body[at : min(end, at + (chunk or end))])
            if pause:
                time.sleep(pause)
        if stall is not None:
            handler.server.released.wait(20)

    return act


def _start(handler: Handler, own: dict[str, str]) -> int:
    found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    condition = handler.headers.get("If-Range")
    if not found or (condition is not None and condition not in own.values()):
        return 0
    return int(found[1])


def answer(status: int, body: bytes = b"", **headers: str) -> Act:
    """Answer with a status and a body; underscores in the names of headers stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    def act(handler: Handler) -> None:
        handler.head(status, {"Content-Length": str(len(body))} | named)
        handler.wfile.write(body)

    return act


def without_length(body: bytes) -> Act:
    """Send a body in chunks, without saying how long it is."""

    def act(handler: Handler) -> None:
        handler.head(200, {"Transfer-Encoding": "chunked"})
        for at in range(0, len(body), 10_000):
            piece = body[at : at + 10_000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    return act


@contextlib.contextmanager
def serving(content: bytes, *script: Act, certificate: Path | None = None) -> Iterator[FileServer]:
    """A server that runs as long as the block."""
    server = FileServer(content, *script, certificate=certificate)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.stop()
