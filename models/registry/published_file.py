"""A file that others have published: where it is, and how to know it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit


@dataclass(frozen=True)
class PublishedFile:
    """A file that others have published."""

    name: str
    """Name by which a user asks for it."""
    url: str
    """Address where users get the file."""
    size: int
    """Length of the file in bytes."""
    sha256: str
    """Digest of the file, 64 lower-case hexadecimal digits."""

    @property
    def file(self) -> str:
        """Name of the file, without folders."""
        return PurePosixPath(urlsplit(self.url).path).name
