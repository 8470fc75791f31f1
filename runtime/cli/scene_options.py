"""The options that name the files of a scene and say how to read them, for every command that takes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

import click

from landslip.runtime.access.location import Location, Locations, located
from landslip.runtime.cli.paths import EMPTY
from landslip.runtime.inputs.read_options import DEM_UNITS, ON_ERROR, ReadOptions
from landslip.runtime.inputs.scene_files import FILE_FIELDS, SceneFiles

if TYPE_CHECKING:
    _ParamType = click.ParamType[Location]
    _BandsType = click.ParamType[tuple[int, ...]]
    _NamesType = click.ParamType[tuple[str, ...]]
    _NodataType = click.ParamType[float | str]
else:
    _ParamType = _BandsType = _NamesType = _NodataType = click.ParamType  # generic from click 8.4 on

Command = TypeVar("Command", bound=Callable[..., Any])


class _Location(_ParamType):
    """A path, an address, or a virtual name of GDAL's."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Location:
        if value == "":
            self.fail(EMPTY, param, ctx)
        return located(value) if isinstance(value, str) else value


class _Bands(_BandsType):
    """Band numbers with commas between them."""

    name = "R,G,B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        try:
            return tuple(map(int, value.split(","))) if isinstance(value, str) else value
        except ValueError:
            self.fail(f"{value!r} is not made of band numbers such as 3,2,1.", param, ctx)


class _Names(_NamesType):
    """Names with commas between them."""

    name = "NAME,NAME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        del param, ctx
        return tuple(value.split(",")) if isinstance(value, str) else value


class _Nodata(_NodataType):
    """A number, or ``none``."""

    name = "number|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        try:
            return value if value == "none" else float(value)
        except ValueError:
            self.fail(f"{value!r} is neither a number such as 0 nor the word none.", param, ctx)


FILE = _Location()
"""Type of an option that names a file as GDAL finds it."""

_OPTIONS = (
    click.option(
        "--scene",
        type=FILE,
        help="Scene in a file: SCENE.toml, or a STAC Item, ItemCollection, Catalog or Collection; of a folder its "
        "catalog.json. Options given besides replace what it "
        "says; --mask adds.",
    ),
    click.option(
        "--pre",
        type=FILE,
        multiple=True,
        help="Image before the event: a file, a product of Sentinel-2, PlanetScope or Landsat, three times for red, "
        "green and blue, or repeated for tiles.",
    ),
    click.option("--post", type=FILE, multiple=True, help="Image after the event likewise."),
    click.option(
        "--bands",
        type=_Bands(),
        help="Which bands of the images are red, green, blue.  [default: what the file calls so, or its only three]",
    ),
    click.option(
        "--band-names",
        type=_Names(),
        help="What the bands of the images are, in the order of the file or of files of one band, such as "
        "blue,green,red,nir; - for one without a name.  [default: what the files say]",
    ),
    click.option(
        "--scale",
        type=float,
        help="Reflectance is number * scale + offset, for networks that take it.  [default: what products and files "
        "say]",
    ),
    click.option("--offset", type=float, help="Offset likewise."),
    click.option(
        "--nodata",
        type=_Nodata(),
        help="Number that means unknown in all bands of the images, or none.  [default: what the files say; else a "
        "colour that fills an edge or a large part]",
    ),
    click.option(
        "--rgb-range",
        type=float,
        nargs=2,
        metavar="LO HI",
        help="Values of the images that become 0 and 255.  [default: 8 bits as they are, else percentiles 2 and 98]",
    ),
    click.option(
        "--dem",
        type=FILE,
        multiple=True,
        help="Elevation model; hillshade and slope are computed from it. Repeatable, for tiles.",
    ),
    click.option("--dem-nodata", type=float, help="Elevation that means unknown, where the files do not say so."),
    click.option(
        "--dem-unit", type=click.Choice(DEM_UNITS), help="Unit of the elevation.  [default: what the files state, or m]"
    ),
    click.option("--fill-voids", is_flag=True, help="Fill small voids of the elevation model instead of hiding them."),
    click.option("--hillshade", type=FILE, help="Ready hillshade instead of --dem, as from gdaldem hillshade."),
    click.option("--slope", type=FILE, help="Ready slope in degrees, with --hillshade."),
    click.option(
        "--mask", "masks", type=FILE, multiple=True, help="Raster, nonzero = not usable (cloud, snow). Repeatable."
    ),
    click.option(
        "--mask-values",
        help="Classes of the masks that are not usable, such as 3,8-10.  [default: by their names, else all but 0]",
    ),
    click.option("--mask-bits", help="Bits of the masks that mean not usable, from 0, such as 3,4, or 0-5."),
    click.option("--mask-above", type=float, help="Value above which masks are not usable, as of cloud probabilities."),
    click.option("--mask-below", type=float, help="Value below which masks are not usable, as of shares of clear sky."),
    click.option(
        "--no-product-mask",
        "product_mask",
        is_flag=True,
        flag_value=False,
        default=True,
        help="Map what the masks of products (SCL, QA_PIXEL, UDM2) call clouds, their shadows or snow as well.",
    ),
    click.option(
        "--aoi",
        type=FILE,
        help="Area of interest: polygons, a raster with nonzero = inside, or a box in degrees: WEST,SOUTH,EAST,NORTH.",
    ),
    click.option(
        "--on-error",
        type=click.Choice(ON_ERROR),
        default="stop",
        help="Where a file is damaged: stop, or skip the place, which is not observed then.",
    ),
    click.option("--pre-date", metavar="DATE", help="When --pre was taken, in UTC.  [default: what its files say]"),
    click.option("--post-date", metavar="DATE", help="When --post was taken, likewise."),
    click.option("--crs", help="CRS of the map, in metres.  [default: that of the images, or their UTM zone]"),
    click.option("--resolution", type=float, help="Pixel size of the map in metres.  [default: the model's own]"),
)


def scene_options(command: Command) -> Command:
    """Add the options to a command; :func:`scene_files` makes a scene of what they give."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def scene_files(options: dict[str, Any]) -> SceneFiles:
    """Take the options of a scene out of all options of a command.

    Raises:
        UsageError: they make no scene.
        InputError: the file that describes it is not there or not understood.
    """
    # Imported here, with GDAL: help needs none of it.
    from landslip.runtime.inputs.scene_toml import read_scene_fields, scene_of  # noqa: PLC0415

    reading = {field.name: options.pop(field.name, None) for field in fields(ReadOptions)}
    files = {name: options.pop(name) for name in FILE_FIELDS}
    for role in ("pre", "post", "dem"):
        files[role] = _few(files[role])
    given = {role: named for role, named in files.items() if named not in (None, ())}
    usual = ReadOptions()
    given["reading"] = {name: value for name, value in reading.items() if value not in (None, getattr(usual, name))}
    scene: Location | None = options.pop("scene")
    return scene_of({} if scene is None else read_scene_fields(scene), given)


def _few(given: tuple[Location, ...]) -> Locations:
    return given[0] if len(given) == 1 else given or None
