"""Raster that a program holds in memory, as a location: a name that GDAL opens as long as the map needs it."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from landslip.runtime.errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import Self

HeldKind: TypeAlias = Literal["array", "dataset"]
"""Object that a program gave instead of a name."""


class HeldRaster(str):
    """Location of a raster in memory; its text, such as ``array pre``, is what messages and records call it.

    Two are equal only where they are the same object: two lists of arrays are called alike.
    """

    def __new__(cls, label: str, **_: Any) -> Self:
        """Take the text."""
        return super().__new__(cls, label)

    def __init__(
        self,
        _: str,
        *,
        kind: HeldKind,
        gdal: str,
        shape: tuple[int, int, int],
        dtype: str,
        snapshot: bool,
        held: object = None,
        free: Callable[[], object] | None = None,
    ) -> None:
        """Describe it.

        Args:
            kind: what the program gave.
            gdal: name by which GDAL opens it, in any thread of this process.
            shape: bands, rows, columns.
            dtype: type of its first band.
            snapshot: whether nobody but landslip can write to what the name opens.
            held: what has to live as long as this.
            free: removes what was made for it.
        """
        self.kind: HeldKind = kind
        self.gdal = gdal
        self.shape = shape
        self.dtype = dtype
        self.snapshot = snapshot
        self.digest: str | None = None
        """SHA-256 of its content, once it is known and cannot change any more."""
        self._held = held
        self._free = None if free is None else weakref.finalize(self, _freed, free)

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __reduce_ex__(self, _: object) -> Any:
        raise UsageError(
            f"The {self.kind} that is given ({self}) lies in the memory of one process, and cannot be sent to another.",
            "Save it as a file, and give that.",
        )

    def __copy__(self) -> HeldRaster:
        return self

    def __deepcopy__(self, _: object) -> HeldRaster:
        return self

    def free(self) -> None:
        """Remove what was made for it; readers that still have it open may go on."""
        if self._free is not None:
            self._free()


def _freed(free: Callable[[], object]) -> None:
    with contextlib.suppress(Exception):  # the process may be ending
        free()
