"""Values of a request as plain JSON, and back: of a closed list of classes, so that reading them runs nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from landslip.runtime.access.held_raster import HeldRaster
from landslip.runtime.access.location import is_networked, located
from landslip.runtime.declared.acquired import Acquired
from landslip.runtime.engines import EngineOptions
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.granules import BandFile, Granule, ProductMask
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import ItemGranule, SceneFiles, SourceItem
from landslip.runtime.mapping.request import MapRequest

_CLASSES = {
    each.__name__: each
    for each in (
        Acquired, BandFile, EngineOptions, Granule, ItemGranule, MapRequest, ProductMask, ReadOptions, SceneFiles,
        SourceItem,
    )
}  # fmt: skip
_LEAVES: dict[str, Callable[[Any], Any]] = {"float": float, "path": Path, "time": datetime.fromisoformat}
_LEFT_OUT = frozenset({"products"})
"""Fields that decide nothing of what a worker computes."""


def plain(value: Any) -> Any:
    """A value as JSON has it; paths become absolute, so that they hold in any working folder.

    Raises:
        UsageError: it lies in the memory of this process, where workers cannot read it.
    """
    if value is None or isinstance(value, bool | int | str | float | Path | datetime):
        return _plain_leaf(value)
    if isinstance(value, Mapping):
        return {"table": [[plain(key), plain(entry)] for key, entry in value.items()]}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if is_dataclass(value) and type(value).__name__ in _CLASSES:
        given = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in _LEFT_OUT}
        return {"class": type(value).__name__, "fields": {name: plain(entry) for name, entry in given.items()}}
    raise UsageError(
        f"A {type(value).__name__} cannot be sent to other workers.", "Give files by name, or leave out `on`.",
        option="on",
    )  # fmt: skip


def parsed(value: Any) -> Any:
    """The value that :func:`plain` made JSON of; lists become tuples.

    Raises:
        ValueError: it made none such.
    """
    if isinstance(value, list):
        return tuple(map(parsed, value))
    if not isinstance(value, dict):
        return value
    (kind, content), *rest = value.items()
    try:
        if kind == "table":
            return {parsed(key): parsed(entry) for key, entry in content}
        if kind in _LEAVES:
            return _LEAVES[kind](content)
        return _CLASSES[content](**{name: parsed(entry) for name, entry in dict(rest)["fields"].items()})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{error} is not understood") from error


def _plain_leaf(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, Path):
        return {"path": str(value.absolute())}
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    if isinstance(text, HeldRaster) or text.startswith("/vsimem/"):
        raise UsageError(
            "An input lies in the memory of this process, where other workers cannot read it.",
            "Write it to a file that all workers can read, or leave out `on`.",
            option="on",
        )
    # NETCDF:"file.nc":variable names a path, too.
    return text if is_networked(text) or ":" not in text else str(located(text, Path.cwd())) if _names(text) else text


def _names(text: str) -> bool:
    """Tell whether a text is the name of one raster in a container."""
    return isinstance(located(text), str) and not text.startswith("/vsi")
