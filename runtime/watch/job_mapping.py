"""One job as a map: what the worker process does, by the public mapper."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from landslip.runtime.engines.opening import spec_of
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inputs.scene_toml import scene_fields_of, whole_scene
from landslip.runtime.mapping.engine_choice import GivenOptions, choose
from landslip.runtime.mapping.mapper import Mapper
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.product_names import RECORD, ROWS
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import PARTIAL
from landslip.runtime.system.progress import Progress
from landslip.runtime.system.safe_writing import is_filled
from landslip.runtime.untrusted.json_text import MOST_BYTES
from landslip.runtime.untrusted.toml_file import read_file
from landslip.runtime.watch.back_pressure import RoomNeeded
from landslip.runtime.watch.job_file import TABLE
from landslip.runtime.watch.room_needed import room_needed


def scene_of_job(file: Path, given_as: Path) -> SceneFiles:
    """Scene of a job file, whose relative paths start from where it was put and not from where it lies now.

    Args:
        file: the job file.
        given_as: its path in ``in/``.

    Raises:
        InputError: it is not understood, or names what is not there.
    """
    content = read_file(file, "a job", MOST_BYTES + 1)
    return whole_scene(scene_fields_of(content, given_as, beside=(TABLE,)), given_as)


def map_job(
    mapper: Mapper,
    order: dict[str, Any],
    progress: Progress,
    cancel: Event,
) -> MapResult:
    """Map a job: from the start, from where an earlier attempt stopped, or not at all where its map is there.

    Args:
        mapper: with its engine open.
        order: ``file``, ``given_as``, ``out``, ``options``, ``deadline``, ``overwrite`` and ``replaces``.
        progress: told how far it is.
        cancel: ends the map when it is set.

    Raises:
        LandslipError: one of its children, with the reason.
    """
    out = Path(order["out"])
    scene = scene_of_job(Path(order["file"]), Path(order["given_as"]))
    options = {**order["options"], "progress": progress, "cancel": cancel, "deadline": order["deadline"]}
    # Results of an earlier job of this name are none of this one's; what this one has published is.
    old = order["overwrite"] and _digest(out / RECORD) == order["replaces"] is not None
    begun = is_filled(out / PARTIAL / ROWS)
    if old and not begun:
        return mapper.map(scene, out=out, overwrite=True, **options)
    try:
        return mapper.map(scene, out=out, resume=begun or (out / RECORD).exists(), **options)
    except UsageError as error:
        # What is unfinished was begun with another engine or other inputs: it is no good any more.
        if error.retryable or not begun or not (old or not (out / RECORD).exists()):
            raise
        return mapper.map(scene, out=out, overwrite=True, **options)


def room_of_job(model: Path, engine: Mapping[str, Any], order: Mapping[str, Any]) -> RoomNeeded:
    """Room that a job takes, told before it is mapped; products that are made on demand are left out.

    Args:
        model: the ONNX file.
        engine: options for it that the spool gives.
        order: ``file``, ``given_as``, ``out`` and ``options``.

    Raises:
        LandslipError: what would stop the map before its first tile.
    """
    scene = scene_of_job(Path(order["file"]), Path(order["given_as"]))
    how = {name: value for name, value in order["options"].items() if name in ("protocol", "preset", "overlap")}
    path, options = choose(model, GivenOptions(**engine))
    return room_needed(MapRequest(path, scene, Path(order["out"]), engine=options, **how), spec_of(path))


def told(result: MapResult) -> dict[str, Any]:
    """Facts of a map that its marker holds."""
    record = result.record
    written = {name: {"bytes": each.bytes, "sha256": each.sha256} for name, each in record.products.items() if each}
    for name, path in result.products.items():
        if name not in written:
            written[name] = {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    return {
        "folder": result.out.name,
        "products": written,
        "fingerprint": record.fingerprint,
        "observed_km2": record.observed_km2,
        "landslide_km2": record.landslide_km2,
        "landslides": record.landslides,
        "tiles_per_second": record.tiles_per_second,
        "resumed_after_row": record.resumed_after_row,
    }


def _digest(path: Path) -> str | None:
    with contextlib.suppress(ValueError):  # an InputError: there is none
        return sha256_of(path)
    return None
