"""Reference tiles: raw inputs and what the reference network says of them, in one file beside the artifacts.

They let a machine without TensorFlow prove that what it computes is what was published. The file is a plain NumPy
archive without pickled objects.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.spec import MAX_BANDS, MAX_CLASSES, MAX_TEXT, MAX_TILE, Dtype
from landslip.runtime.errors import InputMissingError, ModelError
from landslip.runtime.untrusted.npz_file import Arrays, read_arrays, write_arrays
from landslip.runtime.untrusted.printable import printable, shown

TileArrays = dict[str, NDArray[Any]]
"""Raw values by input name, each (n, bands, tile, tile) in the type the spec gives."""

SUFFIX = ".reference.npz"
"""End of the name of the file of an export: ``<name>.reference.npz``."""

_FACTS = "facts"
_ROUNDING = "keras_float32"
"""The fact that files of earlier versions do not hold."""
_CONFIDENCE = "confidence"
_TYPES = get_args(Dtype)


@dataclass(frozen=True)
class Rounding:
    """Distance of a network that Keras computes in float32 from itself in float64: what rounding alone does to it."""

    max_abs: float
    """Largest absolute difference of confidence of any pixel, 0..1."""
    mean_abs: float
    """Mean absolute difference."""


@dataclass(frozen=True)
class TileSet:
    """A batch of tiles of one kind."""

    kind: str
    """``noise``, ``relief`` or ``scene``."""
    batch: TileArrays
    """The tiles."""
    roundings: tuple[Rounding, ...] = ()
    """Rounding of the network on each tile; empty where nobody measured it."""

    @property
    def rounding(self) -> Rounding | None:
        """Rounding of the network on all of them; None where that is not known, or no number."""
        if not self.roundings:
            return None
        most, means = max(each.max_abs for each in self.roundings), [each.mean_abs for each in self.roundings]
        mean = math.fsum(means) / len(means)
        return Rounding(most, mean) if all(map(math.isfinite, (most, mean))) else None

    @property
    def tile(self) -> int:
        """Edge of its tiles in pixels."""
        return int(self._first.shape[-1])

    @property
    def count(self) -> int:
        """Number of its tiles."""
        return int(self._first.shape[0])

    @property
    def _first(self) -> NDArray[Any]:
        return next(iter(self.batch.values()))


@dataclass(frozen=True)
class Reference:
    """Tiles with the reference's answers."""

    model: str
    """Name of the model."""
    source_sha256: str
    """Digest of the file the reference network was read from."""
    made_by: str
    """Name of what computed it, such as ``Keras network, float64, CPU``."""
    sets: tuple[tuple[TileSet, NDArray[np.float32]], ...]
    """Tiles, and confidence (n, bands, tile, tile): one band, or one for each class."""


def write_reference(path: Path, reference: Reference) -> None:
    """Write a reference file; the caller names it when it is complete."""
    facts = {
        "model": reference.model,
        "source_sha256": reference.source_sha256,
        "made_by": reference.made_by,
        "kinds": [tiles.kind for tiles, _ in reference.sets],
        _ROUNDING: [[asdict(each) for each in tiles.roundings] for tiles, _ in reference.sets],
    }
    arrays: dict[str, NDArray[Any]] = {_FACTS: np.array(json.dumps(facts))}
    for number, (tiles, confidence) in enumerate(reference.sets):
        arrays |= {f"{number}/{name}": values for name, values in tiles.batch.items()}
        arrays[f"{number}/{_CONFIDENCE}"] = confidence.astype(np.float32)
    write_arrays(path, arrays)


def read_reference(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        InputMissingError: there is none.
        ModelError: it is damaged or no reference file.
    """
    try:
        return _reference(read_arrays(path))
    except FileNotFoundError as error:
        raise InputMissingError(
            f"{path}: there is no such file.", "Export the model again, or give `reference`.", where=path
        ) from error
    except Exception as error:  # NumPy, zipfile, zlib and bz2 raise what they happen to meet
        reason = printable(str(error) or type(error).__name__, MAX_TEXT)
        raise ModelError(
            f"{path}: the reference tiles cannot be read ({reason}).",
            "Copy the file again, or export the model again.",
            where=path,
        ) from error


def _reference(arrays: Arrays) -> Reference:
    facts = json.loads(str(arrays[_FACTS]))
    kinds = [_text(kind) for kind in facts["kinds"]]
    roundings = facts.get(_ROUNDING, [[] for _ in kinds])
    sets = tuple(
        _tile_set(arrays, number, kind, roundings=tuple(map(_rounding, roundings[number])))
        for number, kind in enumerate(kinds)
    )
    return Reference(_text(facts["model"]), _text(facts["source_sha256"]), _text(facts["made_by"]), sets)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
        raise ValueError(f"{shown(value)} is no text on one line")
    return value


def _rounding(value: Any) -> Rounding:
    found = Rounding(float(value["max_abs"]), float(value["mean_abs"]))
    # Written so that NaN fails.
    if not 0 <= found.mean_abs <= found.max_abs <= 1:
        raise ValueError(f"{shown(value)} is no difference of confidences")
    return found


def _tile_set(
    arrays: Arrays, number: int, kind: str, roundings: tuple[Rounding, ...]
) -> tuple[TileSet, NDArray[np.float32]]:
    prefix = f"{number}/"
    batch = {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}
    confidence: NDArray[np.float32] = batch.pop(_CONFIDENCE)
    _check_tiles(number, batch, confidence)
    tiles = TileSet(kind, batch, roundings)
    if roundings and len(roundings) != tiles.count:
        raise ValueError(f"set {number} has {tiles.count} tiles and tells the rounding of {len(roundings)}")
    return tiles, confidence


def _check_tiles(number: int, batch: TileArrays, confidence: NDArray[Any]) -> None:
    if not batch or any(values.dtype not in _TYPES for values in batch.values()) or confidence.dtype != np.float32:
        raise ValueError(f"set {number} has no inputs, or arrays of other types than {' and '.join(_TYPES)}")
    extents = {_extent(values) for values in (*batch.values(), confidence)}
    count, rows, cols = min(extents)
    if len(extents) > 1 or confidence.shape[1] > MAX_CLASSES or not (count and rows == cols and 0 < rows <= MAX_TILE):
        raise ValueError(f"set {number} has arrays of different sizes, or that are no square tiles")
    # Written so that NaN fails.
    if not (confidence.min() >= 0 and confidence.max() <= 1):
        raise ValueError(f"set {number} has confidences that are none of 0..1")


def _extent(values: NDArray[Any]) -> tuple[int, int, int]:
    count, bands, rows, cols = values.shape
    if not 0 < bands <= MAX_BANDS:
        raise ValueError(f"an array has {bands} bands")
    return count, rows, cols
