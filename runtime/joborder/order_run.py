"""Runs a job order: its tasks that are landslip's, each a map, whose products are delivered as it says."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError
from landslip.runtime.joborder.hidden_maps import hidden_folder
from landslip.runtime.joborder.ipf_config import WHOLE, IpfConfig, our_tasks
from landslip.runtime.joborder.option_values import check_option, checked_option
from landslip.runtime.joborder.order_arguments import map_arguments, unused_parameters
from landslip.runtime.joborder.order_resources import check_resources, warn_of_memory
from landslip.runtime.joborder.order_types import JobOrder, OrderedTask
from landslip.runtime.joborder.ordered_names import OrderedProduct, ordered_products
from landslip.runtime.joborder.product_places import check_free, check_places, files_read
from landslip.runtime.joborder.publishing import LIST, publish
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.product_names import FURTHER
from landslip.runtime.shards.map_anywhere import map_scene
from landslip.runtime.system.drafts import output_errors, write_file
from landslip.runtime.system.log_fields import set_log_fields
from landslip.runtime.system.progress import Progress

log = logging.getLogger(__name__)

DONE, WARNED = 0, 1
"""Exit codes of an order that was carried out: as it was, or with something that has to be looked at."""


@dataclass(frozen=True)
class TaskPlan:
    """A task that is ready to be run."""

    task: OrderedTask
    """The task."""
    arguments: dict[str, Any]
    """Arguments of its map."""
    products: tuple[OrderedProduct, ...]
    """Products to deliver."""


def planned_tasks(order: JobOrder, config: IpfConfig, working: Path, only: str | None) -> tuple[TaskPlan, ...]:
    """Check everything that can be checked without opening a file, and lay out each task.

    Args:
        order: the order.
        config: what its names mean.
        working: folder that relative paths start at, and where the list goes.
        only: name of the task to run; None for all of ours.

    Raises:
        InputError: the order or the configuration is wrong, or an input is missing.
        OutputError: the folder of a product cannot be written.
        UsageError: a product has its name already.
    """
    config = replace(config, options=_checked(config))
    plans = []
    for task in our_tasks(order, config):
        if only is not None and task.name != only:
            continue
        products = ordered_products(order, task, config, working)
        arguments = map_arguments(order, task, config, working)
        plans.append(TaskPlan(task, _with_further(arguments, products), products))
    if not plans:
        raise InputError(f"{order.path} has no task {only} of landslip's.", "Name one that it has.", option="task")
    ordered, listed = [product for plan in plans for product in plan.products], working / f"{order.order_id}{LIST}"
    inputs = [path for plan in plans for path in files_read(plan.arguments)]
    check_places(order.path, ordered, listed, [order.path, config.path, config.path.parent / config.model, *inputs])
    check_free(ordered, None if only else listed, overwrite=config.overwrite)
    return tuple(plans)


def run_order(
    order: JobOrder,
    config: IpfConfig,
    working: Path,
    *,
    only: str | None = None,
    check: bool = False,
    progress: Progress | None = None,
) -> int:
    """Carry out a job order.

    Args:
        order: the order.
        config: what its names mean.
        working: folder that relative paths start at, and where the list of products goes.
        only: name of the task to run; None for all of ours. The list is added to, then.
        check: check everything, write nothing.
        progress: told how far the maps are.

    Returns:
        0, or 1 where nothing was observed, or damaged parts of inputs were left out.

    Raises:
        LandslipError: it cannot be carried out; nothing has a final name then.
    """
    _say_what_is_ordered(order, config)
    plans = planned_tasks(order, config, working, only)
    model, warned = config.path.parent / config.model, False
    delivered: list[tuple[OrderedProduct, Path]] = []
    with hidden_folder(working, order) as hidden:
        for number, plan in enumerate(plans):
            set_log_fields(task=plan.task.name)
            for name in unused_parameters(plan.task, config):
                log.info("parameter %s is not in %s, and is not used", name, config.path.name)
            arguments = plan.arguments | _area(order, plan.arguments, hidden)
            out, scene = hidden / f"map-{number}", arguments.pop("scene", None)
            check_resources(plan.task, scene, arguments | {"model": model, "out": out}, always=check)
            if check:
                log.info("checked: %s", ", ".join(str(each.path) for each in plan.products))
                continue
            result = map_scene(scene, model=model, out=out, progress=progress, overwrite=True, keep=False, **arguments)
            warned = _warn(result) or warned
            warn_of_memory(plan.task, result.record.peak_rss_bytes)
            delivered += [(each, _made(each, result)) for each in plan.products]
        if not check:
            listed = working / f"{order.order_id}{LIST}"
            publish(delivered, listed, add=only is not None, overwrite=config.overwrite)
    for product, _ in delivered:
        log.info("delivered: %s %s", product.file_type, product.path)
    return WARNED if warned else DONE


def _say_what_is_ordered(order: JobOrder, config: IpfConfig) -> None:
    kind = f"{order.generation.value}{', a test' if order.test else ''}"
    log.info("job order %s (%s) of %s", order.order_id, kind, order.station or "an unnamed station")
    log.info("configuration: %s", config.path)


def _checked(config: IpfConfig) -> dict[str, Any]:
    """Options of the configuration in their types; its parameters set options that there are."""
    for name in config.parameters.values():
        check_option(name, f"{config.path}: [parameters]")
    return {name: checked_option(name, value, f"{config.path}: [options]") for name, value in config.options.items()}


def _with_further(arguments: dict[str, Any], products: Sequence[OrderedProduct]) -> dict[str, Any]:
    """Arguments that make the products on demand as well that are ordered."""
    switches = {"project", "report", "catalog"}
    wanted = {kind for kind, names in FURTHER.items() if {each.product for each in products} & {*names}}
    also = arguments.get("also", ())
    formats = {*(also.split(",") if isinstance(also, str) else also), *(wanted - switches - {"density"})}
    found = arguments | dict.fromkeys(sorted(wanted & switches), True)
    if "density" in wanted:
        found.setdefault("density", 1000.0)
    return found | ({"also": ",".join(sorted(formats))} if formats else {})


def _area(order: JobOrder, arguments: dict[str, Any], hidden: Path) -> dict[str, Any]:
    """The area of interest of an order, as a file of polygons."""
    if not order.areas:
        return {}
    if "aoi" in arguments:
        raise InputError(f"{order.path} has an AOI, and a file that is one.", "Give one of the two.", where=order.path)
    shapes = [{"type": "Polygon", "coordinates": [ring]} for ring in order.areas]
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    path = hidden / "aoi.geojson"
    with output_errors(path):
        write_file(path, json.dumps({"type": "FeatureCollection", "features": features}))
    return {"aoi": path}


def _made(product: OrderedProduct, result: MapResult) -> Path:
    if product.product == WHOLE:
        return result.out
    path = result.products.get(product.product)
    if path is None:
        raise InputError(
            f"The map has no {product.product}, which is ordered as {product.file_type}.",
            "Order it of a model that tells classes apart.",
        )
    return path


def _warn(result: MapResult) -> bool:
    """Tell whether a map has to be looked at, and say why."""
    damaged = len(result.record.damaged)
    if result.observed_km2 == 0:
        log.warning("nothing was observed: the map is empty")
    if damaged:
        log.warning("%d damaged parts of the inputs were left out; run.json names them", damaged)
    return bool(damaged) or result.observed_km2 == 0
