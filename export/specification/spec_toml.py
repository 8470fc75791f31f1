"""SPEC.toml: what a model file does not say, so that ``landslip map`` can run any network that maps landslides.

.. code-block:: toml

    tile = 256                  # pixels; the size the network was trained with
    multiple = 16               # tile sizes have to be multiples of this; that of ``tile`` if not given
    resolution = 10.0           # metres per pixel it was trained with
    output_band = 1             # of a softmax over two classes, the band that means landslide

    [[inputs]]                  # one for each raster, in this order
    role = "pre"                # pre, post, hillshade or slope
    feeds = "image"             # the network's input, by name or position; rasters that feed one are joined
    divisor = [58.4, 57.1, 57.4]    # the network gets value / divisor + offset: a number, or one for each band
    offset = [-2.12, -2.04, -1.80]  # for (value - mean) / std give std, and -mean / std

    [[inputs]]
    role = "slope"
    feeds = "terrain"
    divisor = 90.0

Also: ``name``, ``threshold`` (0.5), ``meaning`` and ``source`` (texts), and ``notice``, a sentence that is said with
every map. What is fed is the same for every network: images of three bands and hillshade as 8-bit numbers from 0 to
255, slope in degrees. ``bands``, ``dtype`` and ``unit`` of an input may repeat that; anything else is refused, since
the map would be made from other values.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from landslip.export.specification.description import Description
from landslip.runtime.artifacts.spec import (
    FED,
    LARGEST,
    MAX_BANDS,
    MAX_TEXT,
    MAX_TILE,
    Dtype,
    InputSpec,
    ModelSpec,
    PerBand,
    Role,
)
from landslip.runtime.errors import InputError
from landslip.runtime.untrusted.printable import shown
from landslip.runtime.untrusted.toml_file import check_key, read_toml

KEYS = ("name", "meaning", "source", "notice", "tile", "multiple", "resolution", "threshold", "output_band", "inputs")
"""Keys that a file may give for a model."""
INPUT_KEYS = ("role", "feeds", "bands", "dtype", "unit", "divisor", "offset")
"""Keys that a file may give for an input."""


def read_description(path: Path, model: Path) -> Description:
    """Read what feeds a network and what its answer means.

    Args:
        path: the file.
        model: the Keras file it describes, whose name is used where the file gives none.

    Raises:
        InputMissingError: there is no such file.
        InputError: a key is unknown or missing, or its value is out of range.
    """
    table = _Table(path, read_toml(path, "a model", "tile = 256"), KEYS)
    tile = table.integer("tile", 1, MAX_TILE)
    entries = [_Table(path, entry, INPUT_KEYS, f"inputs[{i}]") for i, entry in enumerate(table.tables("inputs"))]
    spec = ModelSpec(
        name=table.text("name", model.stem),
        inputs=tuple(_input(entry) for entry in entries),
        output="confidence",
        tile=tile,
        multiple=table.integer("multiple", 1, tile, tile),
        resolution=table.number("resolution", 0.01, 10_000.0),
        threshold=table.number("threshold", 0.001, 0.999, 0.5),
        meaning=table.text("meaning", "confidence that the slope failed between the two images"),
        source=table.text("source", f"exported from {model.name}"),
        notice=table.text("notice", "") if table.has("notice") else "",
    )
    try:
        spec.check()
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: {error}.") from error
    feeds = tuple(entry.feeds() for entry in entries)
    band = table.integer("output_band", 0, MAX_BANDS - 1) if table.has("output_band") else None
    return Description(spec, feeds, band)


def _input(table: _Table) -> InputSpec:
    role: Role = table.choice("role", get_args(Role))
    usual = FED[role]
    bands = table.integer("bands", 1, MAX_BANDS, usual.bands)
    dtype: Dtype = table.choice("dtype", get_args(Dtype), usual.dtype)
    entry = InputSpec(
        role,
        bands,
        dtype,
        table.text("unit", usual.unit),
        table.per_band("divisor", bands, usual.divisor),
        table.per_band("offset", bands, usual.offset),
    )
    if (objection := entry.objection) is not None:
        raise InputError(f"{table.path}: {table.where}: {objection}.")
    return entry


@dataclass(frozen=True)
class _Table:
    """A table of a file, whose values are read and checked one by one."""

    path: Path
    values: Any
    keys: tuple[str, ...]
    where: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.values, dict):
            raise InputError(f"{self.path}: {self.where} is {shown(self.values)}, not a table of keys and values.")
        for key in self.values:
            check_key(self.path, key, self.keys, self.where)

    def has(self, key: str) -> bool:
        return key in self.values

    def wrong(self, key: str, value: Any, wanted: str) -> InputError:
        name = f"{self.where}.{key}" if self.where else key
        return InputError(f"{self.path}: {name} is {shown(value)}; give {wanted}.")

    def text(self, key: str, usual: str) -> str:
        value = self.values.get(key, usual)
        if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
            raise self.wrong(key, value, f"a text of up to {MAX_TEXT} characters on one line")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], usual: str | None = None) -> Any:
        value = self._given(key, usual)
        if value not in allowed:
            raise self.wrong(key, value, f"one of {', '.join(allowed)}")
        return value

    def integer(self, key: str, low: int, high: int, usual: int | None = None) -> int:
        value = self._given(key, usual)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.wrong(key, value, f"a whole number from {low} to {high}")
        return value

    def number(self, key: str, low: float, high: float, usual: float | None = None) -> float:
        value = self._given(key, usual)
        if not _is_number(value) or not low <= value <= high:
            raise self.wrong(key, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def per_band(self, key: str, bands: int, usual: PerBand) -> PerBand:
        value = self.values.get(key, usual)
        numbers = value if isinstance(value, list) else [value]
        counted = not isinstance(value, list) or len(value) == bands
        if not counted or not all(_is_number(each) and abs(each) <= LARGEST for each in numbers):
            raise self.wrong(key, value, f"a number, or a list of {bands} numbers, up to {LARGEST:g}")
        if key == "divisor" and 0 in numbers:
            raise self.wrong(key, value, "numbers other than 0, which values are divided by")
        return tuple(float(each) for each in value) if isinstance(value, list) else float(value)

    def feeds(self) -> int | str:
        value = self.values.get("feeds", 0)
        if isinstance(value, bool) or not isinstance(value, int | str) or (isinstance(value, int) and value < 0):
            raise self.wrong("feeds", value, "the name or position (0, 1 …) of an input of the network")
        return value

    def tables(self, key: str) -> list[Any]:
        value = self._given(key, None)
        if not isinstance(value, list) or not 0 < len(value) <= len(FED):
            raise self.wrong(key, value, f"from one to {len(FED)} tables [[{key}]]")
        return value

    def _given(self, key: str, usual: Any) -> Any:
        if key not in self.values and usual is None:
            name = f"{self.where}.{key}" if self.where else key
            raise InputError(f"{self.path}: does not say {name}. It may hold: {', '.join(self.keys)}.")
        return self.values.get(key, usual)


def _is_number(value: Any) -> bool:
    # Compared, because a whole number can be too large for math.isfinite.
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf
