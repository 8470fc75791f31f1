"""``landslip package``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.runtime.cli.flags import flag_of
from landslip.runtime.cli.paths import PATH


@click.command("package", context_settings={"show_default": True})
@click.option("-o", "--out", type=PATH, help="File to write, such as landslip.cwl.  [default: standard output]")
@click.option("--image", help="Container image with landslip, for platforms that use one.  [default: landslip:VERSION]")
@click.option("--overwrite", is_flag=True, help="Replace the file if it is there.")
def package(out: Path | None, image: str | None, overwrite: bool) -> None:
    """Write the application package of this version: landslip map as a workflow in CWL.

    It follows the OGC Best Practice for Earth Observation Application Package (20-089): platforms give it a folder with
    a STAC Catalog, and take one with the map and its Item.
    """
    from landslip.runtime.catalogue.application_package import application_package, write_package  # noqa: PLC0415

    if out is None:
        click.echo(application_package(flag_of, image), nl=False)
    else:
        write_package(out, flag_of, image, overwrite=overwrite)
        click.echo(out)
