"""The files of one event, as a user gives them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, get_args

from landslip.runtime.access.degree_box import is_box, parsed_box
from landslip.runtime.access.given_rasters import Given, Givens, given_area, given_location, given_locations
from landslip.runtime.access.location import Location, Locations, several
from landslip.runtime.artifacts.channels import Date, ImageBand, Relief
from landslip.runtime.artifacts.spec import ModelSpec, Role
from landslip.runtime.errors import UsageError
from landslip.runtime.inputs.granules import Granule
from landslip.runtime.inputs.granules_of_date import checked_granules, granules_of_date
from landslip.runtime.inputs.read_options import ReadOptions

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SourceItem:
    """The STAC Item that a file of a scene was found in."""

    location: Location
    """Location of the file."""
    id: str
    """Id of the Item, as messages show it."""
    address: str | None
    """Address of the Item on the web, without secrets; None where it is known on this machine alone."""


@dataclass(frozen=True)
class ItemGranule:
    """Granule that a STAC Item describes, with more bands than the files that are the image in natural colours."""

    role: Date
    """Image it is of."""
    locations: tuple[Location, ...]
    """Files of it that are given as that image."""
    granule: Granule
    """All bands, and the mask."""


@dataclass(frozen=True)
class SceneFiles:
    """Files and options that a user gives: files of any grid, resolution and extent.

    Instead of the name of a file, an open dataset of rasterio or a :class:`landslip.RasterArray` is taken; what is
    copied of it is kept as long as this.
    """

    pre: Locations = None
    """RGB image before the event: one file, a product of Sentinel-2, PlanetScope or Landsat, three files for red, green
    and blue, or tiles."""
    post: Locations = None
    """RGB image after the event likewise."""
    dem: Locations = None
    """Elevation, one file or tiles on one grid, in metres where the files state no other unit; hillshade and slope are
    computed from it. Or give those."""
    hillshade: Location | None = None
    """Ready hillshade, 0 to 255 as from ``gdaldem hillshade``; 0 is unknown where the file or the slope says so."""
    slope: Location | None = None
    """Ready slope, in degrees where the file states no other unit."""
    masks: tuple[Location, ...] = ()
    """Masks, nonzero = not usable: clouds, shadows, snow."""
    aoi: Location | None = None
    """Area of interest: polygons in any vector format, a raster, nonzero = inside, or a box in degrees as the text
    ``WEST,SOUTH,EAST,NORTH``, for which a list of these four numbers is taken, too."""
    reading: ReadOptions = field(default_factory=ReadOptions)
    """Options for reading them."""
    sources: tuple[SourceItem, ...] = ()
    """STAC Items that files were found in; those of files that are not in the scene say nothing."""
    item_granules: tuple[ItemGranule, ...] = ()
    """Granules that STAC Items describe; those of files that are not in the scene say nothing."""

    if TYPE_CHECKING:  # what may be given is more than what the fields hold

        def __init__(
            self,
            pre: Givens | None = None,
            post: Givens | None = None,
            dem: Givens | None = None,
            hillshade: Given | None = None,
            slope: Given | None = None,
            masks: Givens | None = (),
            aoi: Given | Sequence[float] | None = None,
            reading: ReadOptions = ...,
            sources: tuple[SourceItem, ...] = (),
            item_granules: tuple[ItemGranule, ...] = (),
        ) -> None: ...

    def __post_init__(self) -> None:
        """Take names as programs write them, and check what would be wrong for any model."""
        for role in ("pre", "post", "dem", "masks"):
            object.__setattr__(self, role, given_locations(getattr(self, role), role))
        object.__setattr__(self, "aoi", None if self.aoi is None else given_area(self.aoi))
        for role in ("hillshade", "slope"):
            given = getattr(self, role)
            object.__setattr__(self, role, None if given is None else given_location(given, role))
        object.__setattr__(self, "masks", several(self.masks))
        if isinstance(self.aoi, str) and is_box(self.aoi):
            parsed_box(self.aoi)
        if self.pre is None and self.post is None:
            raise UsageError(
                "An image is missing: the map lies where the images are.", "Give `post`, `pre`, or both.", option="post"
            )
        if self.dem is not None and (self.hillshade is not None or self.slope is not None):
            raise UsageError("Give either an elevation model (`dem`) or hillshade and slope, not both.", option="dem")
        if self.dem is None and self.reading.of_elevation:
            raise UsageError(
                "`dem_nodata`, `dem_unit` and `fill_voids` say how to read an elevation model: give one with `dem`.",
                option="dem",
            )
        for role, date in (("pre", self.reading.pre_date), ("post", self.reading.post_date)):
            if date is not None and getattr(self, role) is None:
                raise UsageError(
                    f"`{role}_date` says when an image was taken: give the image with `{role}`.", option=role
                )
        if not self.masks and (chosen := self.reading.mask_choice) is not None:
            raise UsageError(f"`{chosen.option}` says what masks mean: give one with `masks`.", option="masks")

    @property
    def images(self) -> dict[Role, tuple[Location, ...]]:
        """The images that are given, in the order of time: the last one leads where the map grid is laid."""
        given: tuple[tuple[Role, Locations], ...] = (("pre", self.pre), ("post", self.post))
        return {role: several(locations) for role, locations in given if locations is not None}

    def roles(self) -> Iterator[tuple[str, Location]]:
        """Every file with its role in the scene."""
        for role in ("pre", "post", "dem", "hillshade", "slope", "aoi"):
            for location in several(getattr(self, role)):
                yield role, location
        for location in self.masks:
            yield "mask", location

    def granules_of(self, role: Date) -> tuple[Granule, ...] | None:
        """Granules of the products that are given as an image; None where it is given as rasters, or not at all.

        Raises:
            InputMissingError: a product is not there.
            InputError: a product is damaged, or they do not go together as one image.
        """
        given, name = several(getattr(self, role)), f"{role}-event image"
        described = [each for each in self.item_granules if each.role == role and {*each.locations} & {*given}]
        if described and {*given} <= {location for each in described for location in each.locations}:
            return checked_granules(tuple(each.granule for each in described), name)
        return granules_of_date(given, name)

    def source_of(self, location: Location) -> SourceItem | None:
        """The STAC Item that a file was found in; None where it was given by its name."""
        return next((source for source in self.sources if source.location == location), None)

    def for_model(self, spec: ModelSpec) -> SceneFiles:
        """The files a model takes; the others are left out with a warning, so that they cannot hide parts of the map.

        Raises:
            UsageError: a file the model takes is missing.
        """
        takes = {leaf.date if isinstance(leaf, ImageBand) else leaf.kind for leaf in spec.leaves}
        missing = [role for role in _TAKEN if role in takes and not self._gives(role)]
        if missing:
            raise UsageError(
                f"The model {spec.name} takes {_listed(missing)}, {_complaint(missing, self)}.",
                f"Give {_remedy(missing, self)}.",
                option=missing[0] if missing[0] in get_args(Role) else "dem",
            )
        # Where it takes terrain alone, the map still lies where the images are.
        kept = takes if takes & {"pre", "post"} else {*takes, "pre", "post"}
        unused = [role for role in get_args(Role) if role not in kept and getattr(self, role) is not None]
        unused += ["dem"] if self.dem is not None and not takes & _TERRAIN else []
        if unused:
            log.warning("The model %s takes no %s: what was given is not used.", spec.name, ", ".join(unused))
        self._warn_of_options(spec)
        nothing: dict[str, Any] = dict.fromkeys(unused)
        left: dict[str, Any] = {
            f"{role}_{what}": None for role in unused if role in {"pre", "post"} for what in ("date", "nodata")
        }
        if "dem" in unused:
            left |= {"dem_nodata": None, "dem_unit": None, "fill_voids": False}
        return replace(self, **nothing, reading=replace(self.reading, **left))

    def _warn_of_options(self, spec: ModelSpec) -> None:
        """Warn of ways to read an image that hold for no input of the model."""
        of_images = {entry.unit for entry in spec.inputs for shown in entry.shows if not isinstance(shown, Relief)}
        given = [
            (("scale", self.reading.scale), "reflectance"),
            (("offset", self.reading.offset), "reflectance"),
            (("rgb_range", self.reading.rgb_range), "8-bit"),
        ]
        for (option, value), unit in given:
            if value is not None and unit not in of_images:
                log.warning("The model %s takes no image in %s: `%s` is not used.", spec.name, unit, option)

    def _gives(self, role: str) -> bool:
        return self.dem is not None if role in _HEIGHTS else getattr(self, role) is not None or self._computes(role)

    def _computes(self, role: str) -> bool:
        return role in _TERRAIN and self.dem is not None


OF_ITEMS = ("sources", "item_granules")
"""Fields that say what STAC Items say of files."""

FILE_FIELDS = tuple(each.name for each in fields(SceneFiles) if each.name not in {"reading", *OF_ITEMS})
"""Fields that name files, in their order."""

_READY = ("hillshade", "slope")
"""Layers of terrain that a user may have ready."""
_HEIGHTS = ("dem", "aspect")
"""Layers of terrain that nothing but an elevation model gives."""
_TERRAIN = frozenset({*_READY, *_HEIGHTS})
_TAKEN = ("pre", "post", *_READY, *_HEIGHTS)
"""Roles and layers that a model may take, in the order of messages."""


def _complaint(missing: Sequence[str], files: SceneFiles) -> str:
    ready = [role for role in _READY if getattr(files, role) is not None]
    if ready and {*missing} & {*_HEIGHTS}:
        return f"and a ready {_listed(ready)} does not say how high ground is, nor which way it faces"
    return "which is missing" if len(missing) == 1 else "which are missing"


def _remedy(missing: Sequence[str], files: SceneFiles) -> str:
    """The options that give what is missing; an elevation model gives all terrain there is."""
    images = [f"`{role}`" for role in missing if role not in _TERRAIN]
    ready = _listed([f"`{role}`" for role in missing if role in _READY])
    if {*missing} & {*_HEIGHTS}:
        given = [f"`{role}`" for role in _READY if getattr(files, role) is not None]
        return _listed([*images, f"`dem` instead of {_listed(given)}" if given else "`dem`"])
    return _listed([*images, *([f"`dem` (or {ready})"] if ready else [])])


def _listed(names: Sequence[str]) -> str:
    *first, last = names or [""]
    return f"{', '.join(first)} and {last}" if first else last
