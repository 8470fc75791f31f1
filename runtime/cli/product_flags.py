"""The options on what is made besides the map, for every command that makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, TypeVar

import click

from landslip.runtime.cli.scene_options import FILE
from landslip.runtime.run.product_options import FORMATS, ProductOptions

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--also",
        multiple=True,
        metavar="FORMATS",
        help=f"Formats in which the landslides are written too: {', '.join(FORMATS)}; several with commas.",
    ),
    click.option("--project", is_flag=True, help="Write a project for QGIS: landslides.qgs."),
    click.option(
        "--density",
        type=float,
        metavar="METRES",
        help="Write the share of the ground that slid in cells of about so many metres, such as 250: density.tif.",
    ),
    click.option("--report", is_flag=True, help="Write a report for any browser, in one file: report.html."),
    click.option("--report-mb", "report_megabytes", type=float, default=20, help="Most megabytes of the report."),
    click.option("--catalog", is_flag=True, help="Write a STAC Catalog of the run: catalog.json."),
    click.option("--truth", type=FILE, help="Landslides that are known, which the report compares the map with."),
)
"""An option for each field of :class:`~landslip.runtime.run.product_options.ProductOptions`."""


def product_flags(command: Command) -> Command:
    """Add the options to a command; :func:`products_asked` takes what they give."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def products_asked(options: dict[str, Any]) -> ProductOptions:
    """Take the options on products out of all options of a command.

    Raises:
        UsageError: one of them is out of range, or names an unknown format.
    """
    return ProductOptions(**{field.name: options.pop(field.name) for field in fields(ProductOptions)})
