"""Reference of held-out tiles, from the network: for the gate, and for a file that proves artifacts elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from landslip.export.conversion.keras_reference import MADE_BY, rounding_of
from landslip.export.folder.existing_artifacts import ExistingArtifacts
from landslip.export.precisions.graph_session import single_tiles
from landslip.runtime.artifacts.parity import GATES
from landslip.runtime.artifacts.reference_tiles import Reference, TileArrays, TileSet, read_reference, write_reference
from landslip.runtime.errors import InputError

log = logging.getLogger(__name__)

NetworkFunction = Callable[[TileArrays], NDArray[np.float64]]
"""Function from raw tiles to confidence (n, bands, tile, tile)."""

ReferenceSet = tuple[TileSet, NDArray[np.float64]]
"""Tiles, and the confidence (n, bands, tile, tile) of the network."""

StoredSet = tuple[TileSet, NDArray[np.float32]]
"""Tiles, and the confidence of the network as a file keeps it."""

_STEPS = 2.0**20
"""Confidences are kept in steps of a millionth, a tenth of the strictest gate; so they pack well."""


def reference_sets(
    confidence: NetworkFunction, float32: NetworkFunction, tile_sets: Iterable[TileSet]
) -> list[ReferenceSet]:
    """Ask the network, tile by tile: in float64 its activations are large.

    Args:
        confidence: what it says in float64, which is the reference.
        float32: what it says in float32; how far that is off stays with the tiles.
        tile_sets: what to ask.
    """
    sets = []
    for tiles in tile_sets:
        log.info("asking the network: %d %s tiles of %d pixels", tiles.count, tiles.kind, tiles.tile)
        exact = [confidence(tile) for tile in single_tiles(tiles.batch)]
        rounded = [float32(tile) for tile in single_tiles(tiles.batch)]
        roundings = tuple(rounding_of(*pair) for pair in zip(exact, rounded, strict=True))
        sets.append((replace(tiles, roundings=roundings), np.concatenate(exact)))
    return sets


def reference_of(name: str, source_sha256: str, sets: Sequence[ReferenceSet], made_by: str = MADE_BY) -> Reference:
    """Reference for a file: all tiles of scenes, and one tile of noise, which cannot be packed and is small.

    Args:
        name: of the model.
        source_sha256: digest of the file the network was read from.
        sets: from :func:`reference_sets`.
        made_by: name of what was asked.
    """
    noise = min((each for each in sets if each[0].kind == "noise"), key=lambda each: each[0].tile)
    kept = [_first(noise), *(each for each in sets if each[0].kind == "scene")]
    stored = tuple((tiles, (np.rint(values * _STEPS) / _STEPS).astype(np.float32)) for tiles, values in kept)
    return Reference(name, source_sha256, made_by, stored)


def _first(pair: ReferenceSet) -> ReferenceSet:
    tiles, values = pair
    batch = {name: each[:1] for name, each in tiles.batch.items()}
    return TileSet(tiles.kind, batch, tiles.roundings[:1]), values[:1]


def reference_file(folder: Path, reference: Reference, existing: ExistingArtifacts) -> Path:
    """The file of the reference tiles: the one of an earlier export where it says the same, or a new one.

    Args:
        folder: for a new one, until it gets its name.
        reference: what it has to say.
        existing: what is there.

    Raises:
        UsageError: a new one would take the place of one that other artifacts need.
    """
    if _holds(existing.tiles, reference):
        return existing.tiles
    existing.before_replacing()
    path = folder / existing.tiles.name
    write_reference(path, reference)
    return path


def _holds(path: Path, reference: Reference) -> bool:
    """Tell whether a file holds a reference; another machine may have rounded its last digit differently."""
    try:
        there = read_reference(path)
    except InputError:
        return False
    same = there.source_sha256 == reference.source_sha256 and len(there.sets) == len(reference.sets)
    return same and all(_alike(*pair) for pair in zip(reference.sets, there.sets, strict=True))


def _amplifies(tiles: TileSet) -> bool:
    """Tell whether rounding moves the network so much that a file without these figures would be no yardstick."""
    gate, rounding = GATES["fp32"], tiles.rounding
    return rounding is not None and (gate.keras_float32 or 0.0) * rounding.max_abs > (gate.max_abs or 0.0)


def _alike(ours: StoredSet, theirs: StoredSet) -> bool:
    (tiles, confidence), (others, other_confidence) = ours, theirs
    pairs = [(tiles.batch[name], others.batch.get(name)) for name in tiles.batch]
    return (
        tiles.kind == others.kind
        and (others.rounding is not None or not _amplifies(tiles))
        and all(there is not None and np.array_equal(here, there, equal_nan=True) for here, there in pairs)
        and confidence.shape == other_confidence.shape
        and np.allclose(confidence, other_confidence, rtol=0, atol=2 / _STEPS)
    )
