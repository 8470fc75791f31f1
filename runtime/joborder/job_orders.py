"""Reads a job order of either generation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from landslip.runtime.errors import InputError
from landslip.runtime.joborder.earth_explorer import explorer_order
from landslip.runtime.joborder.generic_ipf import generic_order
from landslip.runtime.joborder.order_types import JobOrder
from landslip.runtime.joborder.order_xml import OrderElement, read_order_xml
from landslip.runtime.untrusted.printable import printable

_READERS: dict[str, Callable[[OrderElement, JobOrder], dict[str, Any]]] = {
    "Ipf_Job_Order": generic_order,
    "Job_Order": explorer_order,
}
"""Reader of each generation, by the name of the root element."""


def read_job_order(path: Path) -> JobOrder:
    """Read a job order.

    Raises:
        InputMissingError: there is no such file.
        InputError: it is no job order, or something in it is missing or makes no sense.
    """
    root = read_order_xml(path)
    if root.tag not in _READERS:
        raise InputError(
            f"{path} is not a job order: its root is {printable(root.tag, 80)}.",
            f"Give an XML file with the root {' or '.join(_READERS)}.",
            where=path,
        )
    bare = JobOrder(path, order_id_of(path))
    order = replace(bare, **_READERS[root.tag](root, bare))
    if not order.tasks:
        raise InputError(f"{path}: the job order has no task.", "Give one that landslip is to run.", where=path)
    return order


def order_id_of(path: Path) -> str:
    """Identifier of an order by the name of its file: ``JobOrder.12345.xml`` is of the order 12345."""
    name = path.name.removesuffix(".xml").removesuffix(".XML")
    return name.removeprefix("JobOrder").removeprefix(".").removeprefix("_") or name
