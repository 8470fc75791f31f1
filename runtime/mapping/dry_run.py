"""Dry run: what ``landslip map`` would do, found out without writing anything."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.access.location import exists
from landslip.runtime.artifacts.spec import ModelSpec
from landslip.runtime.delivery.deliverables import check_offered
from landslip.runtime.engines import Engine
from landslip.runtime.engines.protocol import sharing
from landslip.runtime.engines.speed import seconds_per_batch
from landslip.runtime.geo.overlap import pixels_below_map
from landslip.runtime.geo.windows import make_window
from landslip.runtime.inspection.survey import PATIENCE, Survey, survey
from landslip.runtime.mapping.budget import COMPRESSED, disk_needed, memory_needed
from landslip.runtime.mapping.prepared_map import PreparedMap, cache_bytes, prepared_map
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record, describe_grid
from landslip.runtime.run.hidden_folder import check_folder, check_hidden
from landslip.runtime.run.product_names import PRODUCTS
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system.drafts import PARTIAL
from landslip.runtime.system.memory import resident_bytes
from landslip.runtime.tiling.piece_grid import PieceGrid
from landslip.runtime.tiling.plan import Plan

log = logging.getLogger(__name__)

TIMED = 3
"""Batches that are timed, after one that is not."""


def dry_run(request: MapRequest, *, engine: Engine | None = None, patience: float = PATIENCE) -> Record:
    """Open everything, check it, and say what mapping it takes. Nothing is written, and no folder made.

    Args:
        request: the map that is thought of.
        engine: an open engine to use instead of opening ``request.model``; it stays open.
        patience: seconds that counting tiles may take; they are estimated from a sample if it would take longer.

    Returns:
        ``grid``, ``tiles``, ``seconds``, ``memory_bytes`` and ``disk_bytes``, and what the checks found. Seconds,
        memory and disk are estimates.

    Raises:
        LandslipError: what would stop the run before its first tile.
    """
    check_offered(request.products)
    _check_out(request)
    with prepared_map(request, engine) as ready:
        findings, scene, plan, batch = ready.inspected([]), ready.scene, ready.plan, ready.layout.batch
        per_batch = _seconds_per_batch(ready.engine, plan, _a_batch(scene, plan, ready.engine.spec, batch))
        memory = _memory(ready)
        found = survey(scene, plan, patience)
        return {
            **ready.described(),
            "preset": request.laid_as,
            "grid": describe_grid(scene.grid) | {"resolution": scene.grid.resolution},
            "tiles": _tiles(plan, found),
            **({"reading": scene.facts} if scene.facts else {}),
            **findings,
            "seconds": _seconds(found, ready.engine, batch, per_batch),
            "memory_bytes": memory,
            "disk_bytes": _disk(scene, request.out, classes=bool(ready.engine.spec.classes)),
        }


def _check_out(request: MapRequest) -> None:
    check_folder(request.out)
    hidden = request.out / PARTIAL
    if os.path.lexists(hidden):
        check_hidden(hidden)
    found = [name for name in (*PRODUCTS, *request.products.names) if exists(request.out / name)]
    if found and not request.overwrite:
        log.warning(
            "output: %s holds results already (%s). The run will need another folder, or overwrite=True.",
            request.out, ", ".join(found),
        )  # fmt: skip


def _tiles(plan: Plan, found: Survey) -> Record:
    return {
        "total": len(plan.tiles),
        "predicted": found.predicted,
        "skipped": len(plan.tiles) - found.predicted,
        "skipped_because": found.skipped,
        "sampled": found.sampled,
    }


def _seconds(found: Survey, engine: Engine, batch: int, per_batch: float) -> Record:
    infer = math.ceil(found.predicted / batch) * per_batch
    # On the CPU the stages share its cores; a GPU works while the CPU reads.
    total = found.read_seconds + infer if engine.device == "cpu" else max(found.read_seconds, infer)
    return {
        "total": round(total, 3),
        "read": round(found.read_seconds, 3),
        "infer": round(infer, 3),
        "per_batch": round(per_batch, 4),
        "batches_timed": TIMED * engine.lanes,
    }


def _seconds_per_batch(engine: Engine, plan: Plan, batch: Mapping[str, NDArray[Any]]) -> float:
    """The median of a few; the first one, which prepares things, does not count.

    Where features are shared, a batch has a share in those that are computed for the whole map.
    """
    apart = sharing(engine)
    shared_seconds = 0.0
    if apart is not None and apart.shared is not None and plan.tiles.rows:
        inputs, features = batch, apart.features
        per_tile = PieceGrid.of(plan.tiles, apart.shared.reach).per_tile
        shared_seconds = per_tile * _median(lambda: seconds_per_batch(apart, inputs, features))
    whole = batch if apart is None else {**batch, **apart.features(batch)}
    return _median(lambda: seconds_per_batch(engine, whole)) + shared_seconds


def _median(timed: Callable[[], float]) -> float:
    _, *times = (timed() for _ in range(1 + TIMED))
    return float(np.median(times))


def _a_batch(scene: Scene, plan: Plan, spec: ModelSpec, batch: int) -> dict[str, NDArray[Any]]:
    """The middle of the map as one tile, many times; continued by reflection where the map is smaller."""
    tile, height, width = plan.tiles.tile, scene.grid.height, scene.grid.width
    high, wide = min(tile, height), min(tile, width)
    block = scene.read(make_window((width - wide) // 2, (height - high) // 2, wide, high))
    margin = ((0, 0), (0, tile - high), (0, tile - wide))
    taken = {entry.name: block.arrays[entry.name] for entry in spec.inputs}
    tiles = {role: np.pad(values, margin, mode="symmetric") for role, values in taken.items()}
    return {role: np.repeat(values[None], batch, axis=0) for role, values in tiles.items()}


def _memory(ready: PreparedMap) -> Record:
    """Bytes by purpose, and in total; those that the system does not tell are None and not in the total."""
    before, after, engine = ready.bytes_before_engine, resident_bytes(), ready.engine
    apart = sharing(engine)
    shared = None if apart is None else apart.shared
    arrays = memory_needed(ready.plan, engine.spec, ready.layout.batch, engine.lanes, input_pixels(ready.scene), shared)
    parts: Record = {
        "process": before,
        "engine": None if before is None or after is None else max(0, after - before),
        **arrays,
        "gdal_cache": cache_bytes(ready.scene),
    }
    # The pictures are mixed when the arrays of the stages are gone.
    whole = sum(size for name, size in parts.items() if size is not None and name not in {*arrays})
    pictures = arrays["quicklook"]
    return parts | {"total": whole + max(pictures, sum(arrays.values()) - pictures)}


def input_pixels(scene: Scene) -> int:
    """Pixels of the input that has the most of them below the map, as the budget of memory wants them."""
    below = [pixels_below_map(raster, scene.grid) for entry in scene.inputs for raster in entry.rasters]
    return int(max(below, default=0))


def _disk(scene: Scene, out: Path, *, classes: bool) -> Record:
    parts = disk_needed(scene.grid, len(scene.images), classes=classes)
    needed = sum(parts.values())
    place = next((folder for folder in (out, *out.absolute().parents) if folder.is_dir()), None)
    free = None
    with contextlib.suppress(OSError):
        free = None if place is None else shutil.disk_usage(place).free
    if free is not None and free < needed:
        log.warning(
            "The results need about %.0f MB in %s, and %.0f MB are free there. Free some space, or choose another "
            "folder.", needed / 1e6, out, free / 1e6,
        )  # fmt: skip
    return {**parts, "needed": needed, "free": free, "bytes_per_pixel_assumed": COMPRESSED}
