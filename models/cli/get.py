"""``landslip get``."""

from __future__ import annotations

from pathlib import Path

import click

from landslip.runtime.cli.paths import PATH


@click.command("get", context_settings={"show_default": True})
@click.option("--aoi", required=True, metavar="W,S,E,N|FILE", help="Area: a box in degrees, or a file of polygons.")
@click.option("--pre-date", metavar="DAY[/DAY]", help="When the image before may have been taken.")
@click.option("--post-date", metavar="DAY[/DAY]", help="When the image after may have been taken.")
@click.option("-o", "--out", required=True, type=PATH, help="Folder for the scene.")
@click.option("--catalog", default="https://earth-search.aws.element84.com/v1", help="Address of a STAC API.")
@click.option("--collection", default="sentinel-2-l2a", help="Its collection of Sentinel-2 L2A.")
@click.option("--dem-collection", default="cop-dem-glo-30", help="Its collection of elevation, or none.")
@click.option(
    "--bands", default="", show_default=False, metavar="NAME,NAME", help="Bands, such as red,nir.  [default: all]"
)
def get(aoi: str, out: Path, bands: str, **options: str) -> None:
    """Fetch Sentinel-2 images and elevation of an area from a STAC catalogue.

    Of each date the products with the fewest clouds that cover the area are taken, and of each file only the part that
    shows it. An interrupted download goes on where it stopped. The folder gets a scene.toml for landslip map --scene.
    """
    from landslip.models.fetching.get_scene import get_scene  # noqa: PLC0415 - rasterio, which the help does without
    from landslip.models.fetching.scene_request import SceneRequest  # noqa: PLC0415

    named = tuple(band.strip() for band in bands.split(",") if band.strip())
    click.echo(get_scene(SceneRequest(aoi, bands=named, **options), out))
