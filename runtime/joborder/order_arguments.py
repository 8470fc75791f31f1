"""Arguments of a map by what an order says, and by what a facility's names mean."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.errors import InputError
from landslip.runtime.joborder.ipf_config import IpfConfig
from landslip.runtime.joborder.option_values import parsed_option
from landslip.runtime.joborder.order_files import files_of
from landslip.runtime.joborder.order_types import JobOrder, OrderedInput, OrderedTask
from landslip.runtime.untrusted.printable import shown

_IMAGES = ("pre", "post")
_NEVER = datetime.min.replace(tzinfo=timezone.utc)


def map_arguments(order: JobOrder, task: OrderedTask, config: IpfConfig, working: Path) -> dict[str, Any]:
    """Arguments of :func:`landslip.map_scene` without the model and the folder; files are lists of locations.

    Raises:
        InputMissingError: an input is not there.
        InputError: the order has what the configuration does not know, or the other way round.
    """
    files, spans = _files(order, task, config, working)
    arguments: dict[str, Any] = {**config.options, **_parameters(order, task, config), **files}
    for role in ("scene", "hillshade", "slope", "aoi"):
        if len(files.get(role, ())) > 1:
            raise InputError(
                f"{order.path} gives {len(files[role])} files that are {role}.", "Give one of them.", where=order.path
            )
        if role in files:
            arguments[role] = files[role][0]
    if config.dates == "order":
        for role, time in _dates(order, spans, files).items():
            arguments.setdefault(f"{role}_date", time.strftime("%Y-%m-%dT%H:%M:%SZ"))
    if task.cores is not None:
        cores = max(1, min(int(task.cores), os.cpu_count() or 1))
        arguments["threads"] = min(cores, arguments.get("threads") or cores)
    return arguments


def unused_parameters(task: OrderedTask, config: IpfConfig) -> list[str]:
    """Names of processing parameters that the configuration does not know."""
    return [name for name in task.parameters if name not in config.parameters]


Spans = dict[str, list[datetime]]
"""Times of the files of a role."""


def _files(
    order: JobOrder, task: OrderedTask, config: IpfConfig, working: Path
) -> tuple[dict[str, list[Location]], Spans]:
    """Files by role, and the times that the order says of them."""
    found: dict[str, list[Location]] = {}
    spans: Spans = {}
    for ordered in task.inputs:
        roles = config.inputs.get(ordered.input_id) or config.inputs.get(ordered.file_type)
        if roles is None:
            raise InputError(
                f"{order.path} gives files of the type {shown(ordered.file_type)}, which are unknown.",
                f'Say in {config.path} what they are: [inputs] {ordered.file_type} = "post", or "unused".',
                where=order.path,
            )
        if roles == "unused":
            continue
        if isinstance(roles, str):
            _add(found, spans, roles, ordered, files_of(ordered, order, working))
            continue
        for role, part in zip(roles, _apart(ordered, roles, order), strict=True):
            _add(found, spans, role, part, files_of(part, order, working))
    return found, spans


def _add(
    found: dict[str, list[Location]], spans: Spans, role: str, ordered: OrderedInput, files: tuple[Location, ...]
) -> None:
    listed = found.setdefault(role, [])
    for file in files:
        if file not in listed:  # orders of several tasks repeat them
            listed.append(file)
    spans.setdefault(role, []).extend(
        file.span.start for file in ordered.files if file.span is not None and file.span.start is not None
    )


def _apart(ordered: OrderedInput, roles: list[str], order: JobOrder) -> list[OrderedInput]:
    """The files of an input, one for each role, the earliest first where the order says when they were taken."""
    if len(ordered.files) != len(roles):
        raise InputError(
            f"{order.path} gives {len(ordered.files)} files of the type {ordered.file_type}; they are to be "
            f"{', '.join(roles)}.",
            f"Give {len(roles)} files.",
            where=order.path,
        )
    times = [None if file.span is None else file.span.start for file in ordered.files]
    files = ordered.files
    if all(times):
        files = tuple(file for _, file in sorted(zip(times, files, strict=True), key=lambda each: each[0] or _NEVER))
    return [OrderedInput(ordered.file_type, (file,), ordered.name_type, ordered.input_id) for file in files]


def _dates(order: JobOrder, spans: Spans, files: dict[str, list[Location]]) -> dict[str, datetime]:
    """Times of images: what the order says of their files, or of the product for the image after the event."""
    found = {role: min(spans[role]) for role in _IMAGES if spans.get(role)}
    if "post" in files and order.span.start is not None:
        found.setdefault("post", order.span.start)
    return found


def _parameters(order: JobOrder, task: OrderedTask, config: IpfConfig) -> dict[str, Any]:
    return {
        option: parsed_option(option, task.parameters[name], f"{order.path}: the parameter {name}")
        for name, option in config.parameters.items()
        if task.parameters.get(name, "") != ""
    }
