"""Folders as landslip export leaves them, made without TensorFlow."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from helpers.engines import SPEC
from helpers.models import batch_of, brightness_model
from landslip.runtime.artifacts.reference_tiles import Reference, Rounding, TileSet, write_reference
from landslip.runtime.artifacts.spec import PRECISION_KEY, TARGET_KEY

SOURCE = "ab" * 32
"""SHA-256 of the Keras file that there never was."""


def write_artifact(
    folder: Path, name: str, precision: str = "fp32", target: str = "onnx", source: str = SOURCE
) -> Path:
    """A brightness model with its record beside it."""
    path = brightness_model(folder / name, extra={PRECISION_KEY: precision, TARGET_KEY: target})
    record = {
        "artifact": {"file": name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "precision": precision},
        "source": {"file": "test.hdf5", "sha256": source},
        "spec": {},
    }
    path.with_name(f"{name}.json").write_text(json.dumps(record))
    return path


def write_export(folder: Path, *, error: float = 0.0, source: str = SOURCE, rounding: Rounding | None = None) -> Path:
    """A folder with an fp32 artifact and reference tiles.

    Args:
        folder: where.
        error: how far the reference is from what the artifact gives.
        source: SHA-256 of the Keras file in the reference tiles.
        rounding: how far Keras in float32 is from the reference on each tile; None where that is not kept.
    """
    write_artifact(folder, "test.fp32.onnx")
    sets = []
    for kind, tile in (("noise", 64), ("scene", 64), ("scene", 96)):
        batch = batch_of(3, tile)
        brightest = batch["post"].max(1, keepdims=True).astype(np.float32) / np.float32(255)
        roundings = () if rounding is None else (rounding,) * 3
        sets.append((TileSet(kind, batch, roundings), np.maximum(brightest - np.float32(error), 0)))
    write_reference(
        folder / f"{SPEC.name}.reference.npz", Reference(SPEC.name, source, "the brightest band", tuple(sets))
    )
    return folder
