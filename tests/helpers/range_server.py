"""A web server of a folder that sends ranges, counts what it sends, and fails on demand.

It runs in a process of its own: rasterio holds Python's lock while GDAL looks for files beside the one it opens, and a
server of the same process could not answer.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

Fault = Sequence[Any]
"""What to do to a request instead of answering it, by name, with its arguments."""


def cut(share: float = 0.5, *, reset: bool = False) -> Fault:
    """Hang up after this share of the body; with a reset, as a link does that breaks."""
    return "cut", share, reset


def status(code: int) -> Fault:
    """Answer with a status and nothing else."""
    return "status", code


def slow(seconds: float) -> Fault:
    """Wait before the answer."""
    return "slow", seconds


@dataclass
class Traffic:
    """One request and what was sent."""

    method: str
    path: str
    headers: dict[str, str]
    sent: int = 0

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")


@dataclass
class RangeServer:
    """The server, as tests see it."""

    base: str

    def url(self, name: str) -> str:
        return f"{self.base}/{name}"

    def fail(self, *faults: Fault, then: Fault | None = None, spare: int = 0) -> None:
        """Do this to the coming requests for files that are there, one after the other, and then to all others.

        The first ``spare`` requests are answered.
        """
        self._told({"faults": faults, "always": then, "spare": spare})

    def say(self, **headers: str) -> None:
        """Send these headers with each answer; underscores stand for hyphens."""
        self._told({"headers": {name.replace("_", "-"): value for name, value in headers.items()}})

    def reset(self) -> None:
        """As it was when it started."""
        self._told({"faults": (), "always": None, "spare": 0, "headers": {}, "traffic": ()})

    @property
    def traffic(self) -> list[Traffic]:
        """All requests so far."""
        return [Traffic(**each) for each in self._told({})["traffic"]]

    @property
    def faults_left(self) -> int:
        return len(self._told({})["faults"])

    def sent(self) -> int:
        """Bytes of content that left the server."""
        return sum(each.sent for each in self.traffic)

    def _told(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        request = Request(f"{self.base}/:control", json.dumps(settings).encode())  # noqa: S310
        with urlopen(request) as answer:  # noqa: S310
            told: dict[str, Any] = json.load(answer)
        return told


@contextlib.contextmanager
def serving_folder(folder: Path) -> Iterator[RangeServer]:
    """A server that runs as long as the block."""
    process = subprocess.Popen([sys.executable, __file__, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield RangeServer(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.state: dict[str, Any] = {"faults": [], "always": None, "spare": 0, "headers": {}, "traffic": []}
        self.lock = threading.Lock()

    def next_fault(self) -> Fault | None:
        with self.lock:
            if self.state["spare"] > 0:
                self.state["spare"] -= 1
                return None
            faults: list[Fault] = self.state["faults"]
            return faults.pop(0) if faults else self.state["always"]

    def handle_error(self, *_: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        settings = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.state |= settings
        self.seen: dict[str, Any] = {"sent": 0}
        content = json.dumps(self.server.state).encode()
        self.head(200, len(content))
        self.send_part(content)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.seen = {"method": self.command, "path": self.path, "headers": dict(self.headers), "sent": 0}
        self.server.state["traffic"].append(self.seen)
        file = self.server.folder / self.path.split("?")[0].lstrip("/")
        if not file.is_file():
            self.head(404, 0)
            return
        content = file.read_bytes()
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first, last = (
            (int(found[1]), min(int(found[2] or 1 << 60), len(content) - 1)) if found else (0, len(content) - 1)
        )
        span = {"Content-Range": f"bytes {first}-{last}/{len(content)}"} if found else {}
        body = content[first : last + 1]
        kind, *how = self.server.next_fault() or ("none",)
        if kind == "status":
            self.head(how[0], 0)
            return
        if kind == "slow":
            time.sleep(how[0])
        self.head(206 if found else 200, len(body), span | self.server.state["headers"])
        if kind == "cut":
            self.send_part(body[: int(len(body) * how[0])])
            self.hang_up(reset=how[1])
            return
        self.send_part(body)

    def log_message(self, *_: object) -> None:
        """Silent."""

    def head(self, code: int, length: int, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(code)
        for name, value in {"Content-Length": str(length), "Accept-Ranges": "bytes", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def send_part(self, part: bytes) -> None:
        if self.command == "HEAD":
            return
        with contextlib.suppress(OSError):
            self.wfile.write(part)
            self.seen["sent"] += len(part)

    def hang_up(self, *, reset: bool) -> None:
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


if __name__ == "__main__":
    with _Server(Path(sys.argv[1])) as served:
        print(served.server_address[1], flush=True)  # noqa: T201 - told to the test
        served.serve_forever()
