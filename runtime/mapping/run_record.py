"""The run record: what was done, with what, and how long it took."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import Any

from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.access.location import Location, exists, is_networked, shown
from landslip.runtime.access.web import version_of
from landslip.runtime.engines import Engine
from landslip.runtime.engines.opening import precision_of
from landslip.runtime.errors import UsageError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.hashed_files import hashed_file
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.mapping.artifact_warnings import warn_of_record
from landslip.runtime.mapping.model_item import catalogued_as
from landslip.runtime.rasters.content_digest import content_digest
from landslip.runtime.run.finished_run import described
from landslip.runtime.run.product_names import is_ours, made_by
from landslip.runtime.system.digests import sha256_of, side_by_side
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json

log = logging.getLogger(__name__)

Record = dict[str, Any]
"""JSON-like: what ``run.json`` holds."""


def describe_engine(model: Path, engine: Engine, *, shares: bool = False) -> Record:
    """The ``model`` and ``engine`` entries: what the artifact is, and what it was run in.

    An engine that has no file, such as a fake one, leaves the checksum out; one that does not share features between
    overlapping tiles leaves that out.
    """
    sha256 = sha256_of(model) if exists(model) else None
    if sha256 is not None:
        warn_of_record(model, sha256, engine, shares=shares)
    precision = precision_of(model) if exists(model) else engine.precision
    return {
        "model": {
            "name": engine.spec.name,
            "sha256": sha256,
            "precision": precision,
            **({"notice": engine.spec.notice} if engine.spec.notice else {}),
            **({"item": item} if (item := catalogued_as(model, engine.spec.name, sha256)) else {}),
        },
        "engine": {
            "name": engine.name,
            "device": engine.device,
            "precision": engine.precision,
            **({"shared_features": True} if shares else {}),
        },
    }


def identity_of(
    facts: Record,
    engine: Engine,
    reading: ReadOptions,
    parts: Mapping[Path, str],
    batch: Record | None = None,
    masks: Sequence[str] = (),
    images: Record | None = None,
) -> Record:
    """Facts that decide a map, bit by bit: the facts of a record with the version of the engine and how files are read.

    Args:
        facts: entries of the record.
        engine: what computes.
        reading: how files are read.
        parts: SHA-256 of each local file that belongs to the inputs, such as the sources of a VRT; their names count,
            too, since those of products and their files say which band is which.
        batch: tiles per call, as asked for and as taken, where that decides too.
        masks: how each mask is read; names decide it, which are not among the facts.
        images: how the images are read, by date, with checksums for the names of files: names, metadata and STAC Items
            decide it.
    """
    # A file has to have the same content, wherever it lies; what has no checksum has to have the same name, and be of
    # the same version where a server tells it.
    inputs = [
        {"role": entry["role"], "sha256": entry["sha256"] or [entry["path"], entry.get("version")]}
        for entry in facts["inputs"]
    ]
    versioned = {**facts["engine"], "version": engine.version}
    return {
        **facts,
        "model": {name: value for name, value in facts["model"].items() if name != "item"},
        "engine": versioned,
        "inputs": inputs,
        "parts": sorted([path.name, digest] for path, digest in parts.items()),
        "batch": batch,
        "reading": asdict(reading),
        **({"masks": list(masks)} if masks else {}),
        **({"images": images} if images else {}),
    }


def fingerprint_of(identity: Record) -> str:
    """SHA-256 of what decides a map."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()


def earlier_record(path: Path, identity: Record, title: str | None = None) -> Record:
    """The record of a run that is complete, if it was one of the same; its title stays.

    Args:
        path: of the record.
        identity: what decides the map.
        title: asked for now; None for whichever it has.

    Raises:
        UsageError: it was not.
    """
    record: Any = None
    with contextlib.suppress(OSError, ValueError, RecursionError), path.open("rb") as stream:
        record = parse_json(stream.read(MOST_BYTES))
    same = isinstance(record, dict) and record.get("fingerprint") == fingerprint_of(identity)
    if same and not _is_of_its_files(record, path.parent):
        raise UsageError(
            f"output: {path.parent} holds results that are not those of its run.json: they were damaged or changed.",
            "Choose another folder, or add overwrite=True to make them again.",
            option="out",
        )
    if not same:
        raise UsageError(
            f"output: {path.parent} holds results already, of something else.",
            "Choose another folder, or add overwrite=True to replace them.",
            option="out",
        )
    log.info("%s is complete already", path.parent)
    if title is not None and title != record.get("title"):
        log.warning("%s is complete, and keeps the title it was made with.", path.parent)
    found: Record = record
    return found


def _is_of_its_files(record: Record, folder: Path) -> bool:
    """Tell whether the files of a folder are those that the record of a run lists."""
    listed = record.get("products")
    if not isinstance(listed, dict) or not all(map(is_ours, listed)):
        return False
    return {*made_by(classes=bool(record.get("classes")))} <= {*listed} and listed == described(folder, listed)


def describe_inputs(files: SceneFiles, stop: Event | None = None) -> list[Record]:
    """The ``inputs`` entry; ``version`` is what a web server says of a file that is not fetched whole.

    A file that was found in a STAC Item has an ``item``, with the ``id`` of that and its ``address`` on the web.

    Args:
        files: the scene.
        stop: set to end early; the checksums are none then.
    """
    roles = list(files.roles())
    digests = side_by_side(_digest, roles, stop or Event())
    return [
        {"role": role, "path": shown(given), "sha256": digest}
        | ({"version": version_of(given)} if is_networked(given) else {})
        | _held(given)
        | ({"item": {"id": item.id, "address": item.address}} if (item := files.source_of(given)) else {})
        for (role, given), digest in zip(roles, digests, strict=True)
    ]


def _held(given: Location) -> Record:
    if not isinstance(given, HeldRaster):
        return {}
    return {"in_memory": {"kind": given.kind, "shape": list(given.shape), "dtype": given.dtype}}


def _digest(given: tuple[str, Location], stop: Event) -> str | None:
    if isinstance(given[1], HeldRaster):
        return content_digest(given[1], stop)
    file = hashed_file(*given)
    return None if file is None else sha256_of(file, stop)


def describe_grid(grid: MapGrid) -> Record:
    """The ``grid`` entry; the transform as GDAL's six numbers in the order of rasterio."""
    crs = grid.crs.to_epsg()
    return {
        "crs": f"EPSG:{crs}" if crs else grid.crs.to_wkt(),
        "transform": list(grid.transform)[:6],
        "height": grid.height,
        "width": grid.width,
    }
