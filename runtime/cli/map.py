"""``landslip map``."""

from __future__ import annotations

from typing import Any

import click

from landslip.runtime.cli.paths import PATH
from landslip.runtime.cli.product_flags import product_flags
from landslip.runtime.cli.repeated_options import RepeatedOptions
from landslip.runtime.cli.scene_options import scene_options
from landslip.runtime.engines.opening import DEVICES, ENGINES, RUN_PRECISIONS

PROTOCOLS = ("gaussian", "notebook")
"""Keys of :data:`landslip.runtime.tiling.plan.PROTOCOLS`."""

PRESETS = ("faithful", "balanced", "fast")
"""Keys of :data:`landslip.runtime.tiling.presets.PRESETS`, the default first."""


@click.command("map", cls=RepeatedOptions, context_settings={"show_default": True})
@click.option(
    "-m",
    "--model",
    type=PATH,
    required=True,
    help="ONNX file made by landslip export; or their folder, once landslip bench tune has found the fastest.",
)
@scene_options
@click.option("-o", "--out", type=PATH, required=True, help="Folder for the results.")
@click.option("--protocol", type=click.Choice(PROTOCOLS), default="gaussian", help="How tiles make a map.")
@click.option(
    "--preset",
    type=click.Choice(PRESETS),
    default=PRESETS[0],
    help="How tiles are laid: as published, or larger ones up to two or three times the model's own, which need fewer "
    "operations. --tile and --overlap replace what it says.",
)
@click.option("--tile", type=int, help="Edge of a tile in pixels, a multiple of 32.  [default: the preset's]")
@click.option(
    "--overlap", type=float, help="Share of a tile that the next one covers again.  [default: the preset's, or 0.5]"
)
@click.option(
    "--batch",
    type=int,
    help="Tiles of the model's own size per call of the engine; a preset with larger ones takes as many fewer.  "
    "[default: as tuned, or 4]",
)
@click.option("--threshold", type=float, help="Confidence that counts as landslide, 0..1.  [default: the model's own]")
@click.option("--min-area", type=float, default=400.0, help="Smallest landslide polygon in square metres.")
@click.option(
    "--engine", type=click.Choice(ENGINES), default="auto", help="What runs the network; auto = as tuned here."
)
@click.option("--device", type=click.Choice(DEVICES), default="auto", help="Where it runs.")
@click.option(
    "--precision", type=click.Choice(RUN_PRECISIONS), default="auto", help="What to compute in; auto = as exported."
)
@click.option(
    "--threads", type=int, help="Threads of the engine on the CPU; 0 = one for each core.  [default: as tuned, or 0]"
)
@click.option(
    "--share-features",
    is_flag=True,
    help="Compute what the network sees at full resolution once for all tiles that show a place, instead of in each.",
)
@click.option("--title", metavar="TEXT", help="Name of the event, for quicklook.png and run.json: one short line.")
@product_flags
@click.option(
    "--on",
    metavar="WORKERS",
    help="Workers that compute the map: processes:N on this machine, or dask://HOST:PORT.  [default: this process]",
)
@click.option("--spool", type=PATH, help="Folder that all workers reach, for the rows they compute.")
@click.option("--resume", is_flag=True, help="Go on with a run that was interrupted.")
@click.option("--overwrite", is_flag=True, help="Replace the results of an earlier run, and start anew.")
@click.option("--force", is_flag=True, help="Map even where a check objects: the same image twice, hardly any overlap.")
@click.option("--dry-run", "dry", is_flag=True, help="Check everything, say what mapping takes, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the run record as JSON.")
def map_command(as_json: bool, dry: bool, **options: Any) -> None:
    """Map the landslides of an event.

    Give the images and the terrain that the model takes; the published one takes --pre, --post and --dem.
    Files are paths, addresses (https://..., s3://...) or names of GDAL's such as /vsizip/a.zip/b.tif. Options that can
    be repeated take several at once: --dem tiles/*.tif.
    Writes confidence.tif, confidence.qml, landslides.gpkg, quicklook.png, run.json and its STAC Item into the folder.
    """
    # Here, so that --help does not wait for GDAL and numba.
    from landslip.runtime.cli.mapping import foretell, make_map  # noqa: PLC0415

    (foretell if dry else make_map)(options, as_json=as_json)
