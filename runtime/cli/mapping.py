"""Command ``landslip map`` once its options are read."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from landslip.runtime.cli.forecast import forecast_text
from landslip.runtime.cli.printing import files_of, print_json, print_paths
from landslip.runtime.cli.product_flags import products_asked
from landslip.runtime.cli.scene_options import scene_files
from landslip.runtime.errors import UsageError
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.engine_choice import GivenOptions, choose
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.system.progress import progress_for

log = logging.getLogger(__name__)


def make_map(options: dict[str, Any], *, as_json: bool) -> None:
    """Make a map, log what it holds, and print the paths of its files, or its record."""
    on, spool = options.pop("on"), options.pop("spool")
    request = _request(options)
    record = _mapped(request, on, spool)
    for line in _summary(record):
        log.info(line)
    if as_json:
        print_json(record, request.out)
    else:
        print_paths(files_of(request.out, record), request.out)


def foretell(options: dict[str, Any], *, as_json: bool) -> None:
    """Print what mapping takes on this machine, and write nothing."""
    options = {name: value for name, value in options.items() if name not in {"on", "spool"}}
    forecast = dry_run(_request(options))
    click.echo(json.dumps(forecast, indent=2) if as_json else forecast_text(forecast))


def _mapped(request: MapRequest, on: str | None, spool: Path | None) -> dict[str, Any]:
    """Make a map, in this process or with the help of others."""
    progress = progress_for(sys.stderr)
    if on is None:
        if spool is not None:
            raise UsageError("`spool` is for workers: say who they are with `on`.", option="spool")
        return map_scene(request, progress=progress)
    # Here, because hardly any map needs them.
    from landslip.runtime.shards.sharded_map import map_in_shards  # noqa: PLC0415

    return map_in_shards(request, on, spool, progress=progress)


def _request(options: dict[str, Any]) -> MapRequest:
    files = scene_files(options)
    given = GivenOptions(**{field.name: options.pop(field.name) for field in fields(GivenOptions)})
    resumed = options["out"] if options["resume"] else None
    model, engine = choose(options.pop("model"), given, resumed)
    products = products_asked(options)
    return MapRequest(model=model, files=files, engine=engine, products=products, **options)


def _summary(record: dict[str, Any]) -> Iterator[str]:
    tiles, seconds = record["tiles"], record["seconds"]["total"]
    yield (
        f"{record['landslides']} landslide{'s' * (record['landslides'] != 1)}, {record['landslide_km2']:.3f} km2 of "
        f"{record['observed_km2']:.2f} km2 observed; "
        f"{tiles['predicted']} of {tiles['total']} tiles in {seconds:.1f} s"
    )
    for each in record.get("classes", ()):
        yield f"{each['name']}{' (landslide)' * each['landslide']}: {each['km2']:.3f} km2"
