"""Encoded tiles on their way into the page: in a file without a name, so that memory does not grow with the map."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING

from landslip.runtime.report.tile_places import TilePlace
from landslip.runtime.report.webp import base64_length

if TYPE_CHECKING:
    from typing_extensions import Self

PER_TILE = 80
"""Bytes of markup around a tile in the page, at the most."""


class PictureStore:
    """Encoded tiles by role and place; a context that keeps them until it is left."""

    def __init__(self, folder: Path) -> None:
        """Make the file in a folder that has room."""
        self._folder = folder
        self._places: dict[tuple[str, TilePlace], tuple[int, int]] = {}

    def __enter__(self) -> Self:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, role: str, place: TilePlace, data: bytes) -> None:
        """Keep a tile."""
        start = self._file.seek(0, 2)
        self._file.write(data)
        self._places[role, place] = start, len(data)

    def get(self, role: str, place: TilePlace) -> bytes:
        """A tile that was kept."""
        start, length = self._places[role, place]
        self._file.seek(start)
        return self._file.read(length)

    @property
    def costs(self) -> Mapping[TilePlace, int]:
        """Bytes of the page that each tile takes, those of all roles together."""
        found: dict[TilePlace, int] = {}
        for (_, place), (_, length) in self._places.items():
            found[place] = found.get(place, 0) + base64_length(length) + PER_TILE
        return found
