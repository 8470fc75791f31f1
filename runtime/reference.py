"""Reference tiles: raw inputs and what the reference network says of them, in one file beside the artifacts.

They let a machine without TensorFlow prove that what it computes is what was published. The file is a plain NumPy
archive without pickled objects.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.errors import InputMissingError, ModelError

Batch = dict[str, NDArray[Any]]
"""Raw values by input name, each (n, bands, tile, tile) in the type the spec gives."""

SUFFIX = ".reference.npz"
"""End of the name of the file of an export: ``<name>.reference.npz``."""

_FACTS = "facts"
_CONFIDENCE = "confidence"


@dataclass(frozen=True)
class TileSet:
    """A batch of tiles of one kind."""

    kind: str
    """``noise``, ``relief`` or ``scene``."""
    batch: Batch
    """The tiles."""

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
    """What computed it, such as ``Keras network, float64, CPU``."""
    sets: tuple[tuple[TileSet, NDArray[np.float32]], ...]
    """Tiles, and confidence (n, 1, tile, tile)."""


_DAMAGED = (OSError, EOFError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, zipfile.BadZipFile)
"""What NumPy and zipfile raise on a file that is not as they expect."""


def write_reference(path: Path, reference: Reference) -> None:
    """Write a reference file; the caller names it when it is complete."""
    facts = {
        "model": reference.model,
        "source_sha256": reference.source_sha256,
        "made_by": reference.made_by,
        "kinds": [tiles.kind for tiles, _ in reference.sets],
    }
    arrays: dict[str, NDArray[Any]] = {_FACTS: np.array(json.dumps(facts))}
    for number, (tiles, confidence) in enumerate(reference.sets):
        arrays |= {f"{number}/{name}": values for name, values in tiles.batch.items()}
        arrays[f"{number}/{_CONFIDENCE}"] = confidence.astype(np.float32)
    # As np.savez_compressed does, but packed a third smaller.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, values, allow_pickle=False)


def read_reference(path: Path) -> Reference:
    """Read a reference file.

    Raises:
        InputMissingError: there is none.
        ModelError: it is damaged or no reference file.
    """
    try:
        # Opened here: np.load leaves a file it cannot read open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            facts = json.loads(str(archive[_FACTS]))
            sets = tuple(_tile_set(archive, number, kind) for number, kind in enumerate(facts["kinds"]))
            return Reference(facts["model"], facts["source_sha256"], facts["made_by"], sets)
    except FileNotFoundError as error:
        raise InputMissingError(
            f"{path}: there is no such file. Export the model again, or give --reference."
        ) from error
    except _DAMAGED as error:
        raise ModelError(
            f"{path}: the reference tiles cannot be read ({error}). Copy the file again, or export the model again."
        ) from error


def _tile_set(archive: Any, number: int, kind: str) -> tuple[TileSet, NDArray[np.float32]]:
    prefix = f"{number}/"
    arrays = {name.removeprefix(prefix): archive[name] for name in archive.files if name.startswith(prefix)}
    confidence: NDArray[np.float32] = arrays.pop(_CONFIDENCE)
    tiles = TileSet(str(kind), arrays)
    if any(_extent(values) != _extent(confidence) for values in arrays.values()) or confidence.shape[1] != 1:
        raise ValueError(f"set {number} has arrays of different sizes")
    return tiles, confidence


def _extent(values: NDArray[Any]) -> tuple[int, int, int]:
    count, _, rows, cols = values.shape
    return count, rows, cols
