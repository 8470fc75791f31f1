"""Messages between a watching service and its worker process: one JSON object a line, bounded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from landslip.runtime.untrusted.json_text import parse_json

_MOST = 4 << 20
"""Bytes of a line."""

Message = Mapping[str, Any]
"""A message; its key ``kind`` says which."""


def encoded(kind: str, **values: Any) -> bytes:
    """A message as it is sent."""
    return json.dumps({"kind": kind, **values}).encode("ascii") + b"\n"


def messages(stream: IO[bytes]) -> Iterator[Message]:
    """Messages as they come, until the other side is gone; what is no message is passed over."""
    while line := stream.readline(_MOST):
        try:
            found = parse_json(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and isinstance(found.get("kind"), str):
            yield found
