"""Command ``landslip map`` once its options are read."""

from __future__ import annotations

import json
import sys
from dataclasses import fields
from typing import Any

import click

from landslip.runtime.cli.forecast import forecast_text
from landslip.runtime.cli.product_flags import products_asked
from landslip.runtime.cli.scene_options import scene_files
from landslip.runtime.mapping.dry_run import dry_run
from landslip.runtime.mapping.engine_choice import GivenOptions, choose
from landslip.runtime.mapping.pipeline import map_scene
from landslip.runtime.mapping.request import MapRequest
from landslip.runtime.run.product_names import CLASSES, CONFIDENCE, LANDSLIDES, QUICKLOOK, RECORD
from landslip.runtime.system.progress import progress_for


def make_map(options: dict[str, Any], *, as_json: bool) -> None:
    """Make a map and print what it holds, or its record."""
    request = _request(options)
    record = map_scene(request, progress=progress_for(sys.stderr))
    click.echo(json.dumps(record, indent=2) if as_json else _summary(record, request))


def foretell(options: dict[str, Any], *, as_json: bool) -> None:
    """Print what mapping takes, and write nothing."""
    forecast = dry_run(_request(options))
    click.echo(json.dumps(forecast, indent=2) if as_json else forecast_text(forecast))


def _request(options: dict[str, Any]) -> MapRequest:
    files = scene_files(options)
    given = GivenOptions(**{field.name: options.pop(field.name) for field in fields(GivenOptions)})
    resumed = options["out"] if options["resume"] else None
    model, engine = choose(options.pop("model"), given, resumed)
    products = products_asked(options)
    return MapRequest(model=model, files=files, engine=engine, products=products, **options)


def _summary(record: dict[str, Any], request: MapRequest) -> str:
    classes = record.get("classes", ())
    names = (LANDSLIDES, CONFIDENCE, *(CLASSES,) * bool(classes), QUICKLOOK, *request.products.names, RECORD)
    tiles, seconds = record["tiles"], record["seconds"]["total"]
    return (
        f"{record['landslides']} landslide{'s' * (record['landslides'] != 1)}, {record['landslide_km2']:.3f} km2 of "
        f"{record['observed_km2']:.2f} km2 observed; "
        f"{tiles['predicted']} of {tiles['total']} tiles in {seconds:.1f} s\n"
        + "".join(f"{each['name']}{' (landslide)' * each['landslide']}: {each['km2']:.3f} km2\n" for each in classes)
        + "\n".join(str(request.out / name) for name in names)
    )
