"""``landslip score``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from landslip.runtime.cli.paths import PATH
from landslip.runtime.cli.scene_options import FILE


@click.command("score", context_settings={"show_default": True})
@click.argument("out", type=PATH)
@click.option("--truth", type=FILE, required=True, metavar="FILE", help="Known landslides: polygons, or points.")
@click.option("--layer", metavar="NAME", help="Layer of the known landslides, where the file has several.")
@click.option(
    "--truth-crs", metavar="CRS", help="Coordinate reference system of a file that states none, or a wrong one."
)
@click.option(
    "--date-field",
    metavar="NAME",
    help="Attribute with the day of each landslide: those outside the interval between the images are left out.",
)
@click.option(
    "--within",
    type=FILE,
    metavar="FILE",
    help="Where the known landslides are complete: polygons, a raster, or W,S,E,N in degrees. Nothing else counts.",
)
@click.option(
    "--tolerance", type=float, default=30.0, help="Metres from a point within which a mapped landslide is it."
)
@click.option("--threshold", type=float, help="Confidence that counts as landslide, 0.01..1.  [default: the map's]")
@click.option("--thresholds", is_flag=True, help="Print the scores of pixels at other thresholds, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the score as JSON.")
@click.option("-o", "output", type=PATH, metavar="FILE", help="Write the score as JSON, too.")
def score_command(out: Path, as_json: bool, thresholds: bool, output: Path | None, **options: Any) -> None:
    """Score a map against landslides that are known.

    OUT is the folder of a finished map, or a confidence.tif alone. Only what was observed counts. Prints how many known
    landslides were found, how many mapped ones are right, by size, and how the pixels agree.
    """
    # Here, so that --help does not wait for GDAL and numba.
    from landslip.runtime.cli.scoring_map import score_and_print  # noqa: PLC0415

    score_and_print(out, options, output, as_json=as_json, thresholds=thresholds)
