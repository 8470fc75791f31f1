"""Names of ordered products: as the order has them, or made of its fields where it has a pattern."""

from __future__ import annotations

import fnmatch
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from landslip.runtime.errors import InputError
from landslip.runtime.joborder.ipf_config import WHOLE, IpfConfig, OutputRule
from landslip.runtime.joborder.order_files import folder_of
from landslip.runtime.joborder.order_types import JobOrder, OrderedOutput, OrderedTask
from landslip.runtime.run.product_names import CLASS_PRODUCTS, FURTHER, PRODUCTS
from landslip.runtime.untrusted.printable import shown

_USUAL = "{mission}_{class}_{type}_{start}_{stop}_{baseline}"
"""Name of a product where nobody gives one, as Earth Explorers have it."""
_FIELD = re.compile(r"\{(\w+)\}")
_LONGEST = 200
_PATIENCE = 5.0
"""Seconds that a regular expression may take."""
_DELIVERED = (*PRODUCTS, *CLASS_PRODUCTS, *(name for names in FURTHER.values() for name in names))


@dataclass(frozen=True)
class OrderedProduct:
    """Product that an order asks for."""

    product: str
    """Name of the file of a map; ``folder`` for all of them."""
    path: Path
    """Path of it, in the end."""
    file_type: str
    """Type of it in the order."""


def ordered_products(
    order: JobOrder, task: OrderedTask, config: IpfConfig, working: Path
) -> tuple[OrderedProduct, ...]:
    """Products that a task asks for, with their final names.

    Raises:
        InputError: a type is unknown, two products have one name, or a name does not fit its pattern.
    """
    found: list[OrderedProduct] = []
    for output in task.outputs:
        rule = config.outputs.get(output.file_type)
        if rule is None:
            raise InputError(
                f"{order.path} asks for a product of the type {shown(output.file_type)}, which is unknown.",
                f'Say in {config.path} what it is: [outputs.{output.file_type}] product = "confidence.tif".',
                where=order.path,
            )
        check_rule(output.file_type, rule, config)
        path = _path(order, output, rule, config, working)
        if any(each.path == path for each in found):
            raise InputError(
                f"{order.path} asks for two products with the name {path}.",
                "Give them different names, such as by {type} in the name that landslip-ipf.toml gives.",
                where=order.path,
            )
        found.append(OrderedProduct(rule.product, path, output.file_type))
    if not found:
        raise InputError(f"{order.path}: the task {task.name} asks for no product.", "List its outputs.")
    return tuple(found)


def check_rule(file_type: str, rule: OutputRule, config: IpfConfig) -> None:
    """Refuse a product that landslip does not make, and fields of a name that there are not.

    Raises:
        InputError: the configuration is wrong.
    """
    where = f"{config.path}: [outputs.{file_type}]"
    if rule.product not in {*_DELIVERED, WHOLE}:
        raise InputError(
            f"{where} product is {shown(rule.product)}.", f"Give one of {', '.join((WHOLE, *_DELIVERED))}."
        )
    for field in _FIELD.findall(rule.name or ""):
        if field not in _fields(None, None, config):
            known = ", ".join(f"{{{name}}}" for name in _fields(None, None, config))
            raise InputError(f"{where} name has {{{field}}}, which is unknown.", f"There are {known}.")


def _path(order: JobOrder, output: OrderedOutput, rule: OutputRule, config: IpfConfig, working: Path) -> Path:
    folder = folder_of(output.folder, order, working)
    pattern = output.pattern
    whole = output.name_type in {"Physical", "Logical", "Directory"} or not re.search(r"[*?\[]", pattern)
    if pattern and whole and output.name_type != "Regexp":
        name = pattern
        if output.name_type == "Stem" and rule.product != WHOLE:
            name += _ending(rule)
    else:
        template = rule.name or _USUAL + _ending(rule)
        fields = _fields(order, output, config)
        name = _FIELD.sub(lambda found: fields[found[1]], template)
    _check(name, order, output)
    return folder / name


def _ending(rule: OutputRule) -> str:
    return "" if rule.product == WHOLE else rule.product[rule.product.index(".") :]


def _fields(order: JobOrder | None, output: OrderedOutput | None, config: IpfConfig) -> dict[str, str]:
    """Fields that names may have, by the words in braces."""
    span = None if order is None else order.span
    return {
        "mission": config.mission,
        "class": "" if order is None else order.file_class,
        "type": "" if output is None else output.file_type,
        "start": _time(span.start if span else None),
        "stop": _time(span.stop if span else None),
        "baseline": (output.baseline if output else "") or "01",
        "order_id": "" if order is None else order.order_id,
        "processor": "" if order is None else order.processor,
        "version": "" if order is None else order.version,
    }


def _time(time: datetime | None) -> str:
    return "99999999T999999" if time is None else time.strftime("%Y%m%dT%H%M%S")


def _check(name: str, order: JobOrder, output: OrderedOutput) -> None:
    is_long = len(os.fsencode(name)) > _LONGEST if name.isprintable() else True
    if not name or name in {".", ".."} or "/" in name or "\\" in name or is_long:
        raise InputError(
            f"{order.path}: {shown(name)} is no name for a product of the type {output.file_type}.",
            f"Give one of up to {_LONGEST} bytes and without a slash.",
            where=order.path,
        )
    if _fits(name, output):
        return
    raise InputError(
        f"{order.path} wants products of the type {output.file_type} to be named {shown(output.pattern)}; "
        f"{name} does not fit.",
        f'Say in landslip-ipf.toml how they are named: [outputs.{output.file_type}] name = "…{{start}}…".',
        where=order.path,
    )


def _fits(name: str, output: OrderedOutput) -> bool:
    if not output.pattern or output.name_type in {"Physical", "Logical", "Directory", "Archive"}:
        return True
    if output.name_type == "Regexp":
        return len(output.pattern) <= _LONGEST and _matches(output.pattern, name)
    if output.name_type == "Stem":
        return name.startswith(output.pattern)
    return fnmatch.fnmatchcase(name, output.pattern)


def _matches(pattern: str, name: str) -> bool:
    """Tell whether a regular expression of an order fits the beginning of a name.

    In a process of its own, which ends after some seconds: an expression can make Python try for ages.
    """
    command = [sys.executable, "-I", "-c", "import re, sys; sys.exit(not re.match(sys.argv[1], sys.argv[2]))"]
    try:
        return not subprocess.run(
            [*command, pattern, name], capture_output=True, timeout=_PATIENCE, check=False
        ).returncode
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return False
