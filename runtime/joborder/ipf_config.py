"""Meaning of a facility's file types and parameters to landslip: ``landslip-ipf.toml``.

.. code-block:: toml

    model = "M_ALL_006.fp32.onnx"   # beside this file
    tasks = ["LANDSLIDE_MAP"]       # of an order with several; a single one is ours

    [inputs]                        # a file type, or an Input_ID, and what its files are
    S2_PRE = "pre"
    S2_POST = "post"
    AUX_DEM = "dem"

    [parameters]                    # a processing parameter, and the option of landslip map it sets
    Threshold = "threshold"

    [options]                       # options of each map
    engine = "onnxruntime"

    [outputs.LSC_MAP]               # a file type, and the product that is delivered as it
    product = "confidence.tif"
    name = "{mission}_{class}_{type}_{start}_{stop}_{baseline}.tif"
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import platformdirs

from landslip.runtime.errors import InputError, InputMissingError
from landslip.runtime.joborder.order_types import JobOrder, OrderedTask
from landslip.runtime.untrusted.toml_file import read_toml
from landslip.runtime.untrusted.typed_values import UnfitError, typed

CONFIG = "landslip-ipf.toml"
"""Name of the file."""

WHOLE = "folder"
"""Name of the product that is the folder of all files of a map."""

Role = Literal["scene", "pre", "post", "dem", "hillshade", "slope", "masks", "aoi", "unused"]
"""Role of a file in a map; ``unused`` files are left alone."""


@dataclass(frozen=True)
class OutputRule:
    """Rule by which a type of products is made."""

    product: str
    """Name of a file of a map, such as confidence.tif, or ``folder`` for all of them."""
    name: str | None = None
    """Name that it gets, with {type}, {class}, {start} and the like in braces; None for the usual one."""


@dataclass(frozen=True)
class IpfConfig:
    """Meaning of a facility's names, and options of its maps."""

    path: Path
    """The file."""
    model: str
    """The model; a path is relative to the folder of the file."""
    inputs: dict[str, str | list[str]]
    """Role of the files of a type, or of an Input_ID; a list gives the files of one type a role each, the earliest
    first."""
    outputs: dict[str, OutputRule]
    """Product by file type."""
    parameters: dict[str, str] = field(default_factory=dict)
    """Option of a map by the name of a processing parameter."""
    options: dict[str, Any] = field(default_factory=dict)
    """Options of all maps, by their names in Python."""
    tasks: tuple[str, ...] = ()
    """Names of tasks that landslip runs."""
    mission: str = "LSL"
    """Value of {mission} in names."""
    dates: str = "order"
    """``order``: the order says when images were taken, as far as it does; ``files``: their files alone."""
    overwrite: bool = False
    """Replace products that have the names already."""


@dataclass(frozen=True)
class _Table:
    """The file as it is written."""

    model: str
    inputs: dict[str, Role | list[Role]]
    outputs: dict[str, OutputRule]
    parameters: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    tasks: tuple[str, ...] = ()
    mission: str = "LSL"
    dates: Literal["order", "files"] = "order"
    overwrite: bool = False


def config_path(order: JobOrder, working: Path, given: Path | None) -> Path:
    """Path of the configuration: as given, else beside the order, else named by it, else the user's.

    Args:
        order: the order; of its configuration files the one is taken that is called ``landslip-ipf.toml``, or is the
            only one in TOML.
        working: the working folder, which relative paths of the order start at.
        given: the path that a user gives.

    Raises:
        InputMissingError: there is none.
    """
    if given is not None:
        return given
    beside = order.path.parent / CONFIG
    if beside.exists():
        return beside
    files = [*order.config_files, *(name for task in order.tasks for name in task.config_files)]
    named = [working / name for name in dict.fromkeys(files) if name.lower().endswith(".toml")]
    exact = [path for path in named if path.name == CONFIG]
    if exact or len(named) == 1:
        return (exact or named)[0]
    users = platformdirs.user_config_path("landslip") / CONFIG
    if users.exists():
        return users
    raise InputMissingError(
        f"There is no {CONFIG}: neither beside {order.path}, nor in the order, nor as {users}.",
        "Write one of these, or name another with `config`.",
        where=beside,
        option="config",
    )


def read_config(path: Path) -> IpfConfig:
    """Read the configuration.

    Raises:
        InputMissingError: it is not there.
        InputError: it is not understood.
    """
    raw = read_toml(path, "file types and parameters of job orders", 'model = "model.onnx"')
    try:
        table: _Table = typed(raw, _Table)
    except UnfitError as error:
        raise InputError(f"{path}: {error}", where=path) from error
    return IpfConfig(path=path, **vars(table))


def our_tasks(order: JobOrder, config: IpfConfig) -> tuple[OrderedTask, ...]:
    """The tasks of an order that landslip runs.

    Raises:
        InputError: none is, or one is there twice.
    """
    names = [task.name for task in order.tasks]
    ours = tuple(task for task in order.tasks if task.name in config.tasks) if config.tasks else order.tasks
    if len(ours) > 1 and not config.tasks:
        raise InputError(
            f"{order.path} has {len(names)} tasks: {', '.join(names)}.",
            f"Say in {config.path} which ones landslip runs: tasks = {names[:1]!r}.",
            where=order.path,
        )
    if not ours:
        raise InputError(
            f"{order.path} has no task of landslip's, only {', '.join(names)}.",
            f"Order {' or '.join(config.tasks)}, or correct tasks in {config.path}.",
            where=order.path,
        )
    twice = {task.name for task in ours if names.count(task.name) > 1}
    if twice:
        raise InputError(
            f"{order.path} has the task {min(twice)} more than once.", "Give each a name of its own.", where=order.path
        )
    return ours
