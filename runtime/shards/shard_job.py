"""Job file: what workers have to know of a map, resolved once by the driver and written once to the spool as JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec

from landslip.runtime.access.location import shown
from landslip.runtime.errors import InputError, OutputError
from landslip.runtime.mapping.elsewhere import BegunMap
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.mapping.run_record import Record, describe_grid, fingerprint_of
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.shards.order import EngineIdentity, job_path
from landslip.runtime.shards.plain_values import parsed, plain
from landslip.runtime.system.drafts import output_errors, write_file
from landslip.runtime.tiling.plan import Plan
from landslip.runtime.untrusted.json_text import MOST_BYTES, parse_json
from landslip.runtime.untrusted.printable import printable


class FileState(msgspec.Struct, frozen=True, kw_only=True):
    """A local file as the driver found it."""

    path: str
    """Absolute path."""
    sha256: str
    """Digest of its content."""
    bytes: int
    """Length of it."""
    changed: int
    """Time of its last change, nanoseconds; a copy on another machine may have another one."""


class ShardJob(msgspec.Struct, frozen=True, kw_only=True):
    """A map whose shards are to be computed."""

    fingerprint: str
    """Digest of what decides the map."""
    request: Any
    """Request for the map, as :func:`~.plain_values.plain` writes it."""
    model_sha256: str | None
    """Digest of the model's file."""
    engine: dict[str, str]
    """Fields of the :class:`~.order.EngineIdentity` of the driver."""
    grid: Any
    """The map grid, as in the run record."""
    tiles: tuple[int, int, int]
    """Edge of a tile, rows and columns of tiles."""
    inputs: tuple[dict[str, Any], ...]
    """The ``inputs`` of the run record."""
    parts: dict[str, str]
    """SHA-256 of each local file that the inputs refer to, by its absolute path."""
    files: tuple[FileState, ...]
    """Local files, as they were."""
    names: tuple[tuple[str, str], ...]
    """Absolute path of each local input, and the name that the user gave it."""
    figures: dict[str, Any]
    """Figures that were measured before the first tile."""

    @property
    def identity(self) -> EngineIdentity:
        """The engine that every worker has to have."""
        return EngineIdentity(**self.engine)

    def map_request(self) -> MapRequest:
        """The request.

        Raises:
            ValueError: it is damaged.
        """
        found = parsed(self.request)
        if not isinstance(found, MapRequest):
            raise ValueError("it holds no request")  # noqa: TRY004 - a file is wrong, no argument
        return found


def job_of(begun: BegunMap, figures: Mapping[str, Any]) -> ShardJob:
    """The job of a map that is begun.

    Raises:
        UsageError: a part of it lies in the memory of this process.
    """
    ready, inputs = begun.ready, begun.inputs
    decisive = replace(
        ready.request, overwrite=False, resume=False, title=None, products=ProductOptions(), out=Path("of-the-driver")
    )
    given = [location for _, location in ready.files.roles() if isinstance(location, Path)]
    others = [path for path in (*ready.scene.files, *ready.scene.parts) if path not in given]
    return ShardJob(
        fingerprint=fingerprint_of(begun.identity),
        request=plain(decisive),
        model_sha256=begun.identity["model"]["sha256"],
        engine=vars(EngineIdentity.of(ready.engine)),
        grid=describe_grid(ready.scene.grid),
        tiles=shape_of(ready.plan),
        inputs=tuple(inputs.records),
        parts={str(path.absolute()): digest for path, digest in inputs.parts.items()},
        files=tuple(_state_of(Path(path), sha256) for path, sha256 in sorted(inputs.digests.items())),
        names=tuple((str(path.absolute()), shown(path)) for path in (*given, *others)),
        figures=dict(figures),
    )


def shape_of(plan: Plan) -> tuple[int, int, int]:
    """Edge of a tile, rows and columns of tiles."""
    return plan.tiles.tile, len(plan.tiles.rows), len(plan.tiles.cols)


def write_job(job: ShardJob, folder: Path) -> str:
    """Write a job into its folder; gives the digest that names it.

    Raises:
        OutputError: it cannot be written.
    """
    content = json.dumps(msgspec.to_builtins(job), sort_keys=True).encode()
    digest = hashlib.sha256(content).hexdigest()[:16]
    with output_errors(folder):
        write_file(job_path(folder, digest), content)
    return digest


def read_job(folder: Path, digest: str) -> ShardJob:
    """Read a job as a worker does.

    Raises:
        OutputError: this machine does not reach the spool.
        InputError: the file is damaged.
    """
    path = job_path(folder, digest)
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES)
    except OSError as error:
        raise OutputError(
            f"A worker cannot read {path} ({error.strerror}): the spool is a folder that it does not reach.",
            "Give a folder as `spool` that all workers see under the same path.",
            where=path,
            option="spool",
        ) from error
    if hashlib.sha256(content).hexdigest()[:16] != digest:
        raise InputError(f"{path} is not what the driver wrote.", "Start the map again.", where=path)
    try:
        return msgspec.convert(parse_json(content), ShardJob)
    except (ValueError, RecursionError) as error:
        said = printable(str(error), 200)
        raise InputError(f"{path} is no job of this version of landslip ({said}).", where=path) from error


def with_given_names(damaged: Iterable[Record], names: Iterable[tuple[str, str]]) -> list[Record]:
    """Damaged places with the names that the driver knows their files by, however these are called here."""
    known = sorted(names, key=lambda pair: -len(pair[0]))
    return [{**entry, "path": _given(cast(str, entry["path"]), known)} for entry in damaged]


def _given(path: str, known: Iterable[tuple[str, str]]) -> str:
    for absolute, given in known:
        if path.startswith(absolute):
            return given + path[len(absolute) :]
    return path


def _state_of(path: Path, sha256: str) -> FileState:
    try:
        found = path.stat()
    except OSError as error:
        raise InputError(f"{path} cannot be read any more ({error.strerror}).", where=path) from error
    return FileState(path=str(path.absolute()), sha256=sha256, bytes=found.st_size, changed=found.st_mtime_ns)
