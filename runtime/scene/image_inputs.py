"""Images of a scene, opened as what a network takes of them: pictures, and bands in the units of its description."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from landslip.runtime.access.location import Location
from landslip.runtime.artifacts.channels import RGB, Date, ImageBand
from landslip.runtime.geo.gridded import Outlined
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.imagery.band_sources import Opener, Wanted
from landslip.runtime.imagery.image import Image
from landslip.runtime.imagery.image_files import open_image
from landslip.runtime.imagery.measured_image import BandInUnit, MeasuredImage, open_measured
from landslip.runtime.imagery.rendering import rendered_apart
from landslip.runtime.imagery.stretch import Stretch
from landslip.runtime.imagery.stretch_limits import Ground, prepared
from landslip.runtime.imagery.undeclared_fill import without_fill
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.rasters.raster import Raster
from landslip.runtime.scene.channel_needs import ImageNeeds
from landslip.runtime.scene.date_pictures import DatePicture
from landslip.runtime.scene.layers import Layer, StackedLayer
from landslip.runtime.scene.layers_behind import BehindLayer, layer_of
from landslip.runtime.scene.network_inputs import Leaf, Plane, picture_places


@dataclass(frozen=True)
class DateImage:
    """Image of one date: a picture, other bands in 8 bits, and measured bands, as far as they are taken."""

    date: Date
    """Date of it."""
    picture: Image | None = None
    """Red, green and blue in 8 bits."""
    bands: tuple[MeasuredImage, ...] = ()
    """Other bands in 8 bits, and measured ones."""

    @property
    def image(self) -> Image:
        """Picture, else the files of its bands."""
        return self.bands[0].image if self.picture is None else self.picture

    @property
    def rasters(self) -> tuple[Outlined, ...]:
        """Outlines of what it shows, the one with the smallest pixels last: it leads where the map grid is laid."""
        of_picture = () if self.picture is None else self.picture.rasters
        if not self.bands:
            return of_picture
        shown = [*(raster for bands in self.bands for raster in bands.rasters), *of_picture]
        return tuple(sorted(shown, key=lambda raster: -abs(raster.transform.determinant)))

    def prepared(self, ground: Ground, reading: ReadOptions) -> DateImage:
        """The image with what is fill in it, and with what brings it to 8 bits.

        Raises:
            InputError: a file cannot be what is taken of it.
        """
        found = self.picture and prepared(without_fill(self.picture, ground, reading), ground, reading.rgb_range)
        return replace(self, picture=found, bands=tuple(bands.prepared(ground, reading) for bands in self.bands))

    @property
    def facts(self) -> dict[str, Any]:
        """Facts on how it is read, for the run record."""
        of_bands = [bands.facts for bands in self.bands]
        channels = [channel for facts in of_bands for channel in facts["channels"]]
        found: dict[str, Any] = {key: value for facts in of_bands for key, value in facts.items()}
        found |= {"channels": channels} if channels else {}
        return found | (self.picture.facts if self.picture else {})

    @property
    def doubts(self) -> tuple[str, ...]:
        """Doubts about it, for the user to judge."""
        images = [self.picture] if self.picture else []
        images += [bands.image for bands in self.bands]
        return tuple(dict.fromkeys(doubt for image in images for doubt in image.doubts))

    def layers(self, grid: MapGrid) -> Iterator[Layer]:
        """Layers that read it on the map grid; what is read together is one."""
        if self.picture is not None:
            yield layer_of(self.picture, grid)
        for bands in self.bands:
            name = self._name(bands)
            groups = [StackedLayer(name, inputs, grid) for inputs in bands.inputs]
            yield groups[0] if len(groups) == 1 else BehindLayer(groups)

    @property
    def places(self) -> dict[Leaf, Plane]:
        """Places of its bands in what these layers read."""
        found = {} if self.picture is None else picture_places(self.date)
        for bands in self.bands:
            for index, (band, unit) in enumerate(bands.bands):
                found[ImageBand(self.date, band), unit] = Plane(self._name(bands), index)
        return found

    def shown(self, layers: Sequence[Layer], ground: Ground) -> DatePicture:
        """Picture of it for people: its own, else red, green and blue of its bands, else three or one of them."""
        if self.picture is not None:
            return DatePicture(self.date, layers[0])
        bands, chosen = next(
            (
                (bands, [band for colour in RGB for band in bands.bands if band[0] == colour][:3])
                for bands in self.bands
                if {*RGB} <= {band for band, _ in bands.bands}
            ),
            (self.bands[0], _first(self.bands[0].bands)),
        )
        planes = tuple(self.places[ImageBand(self.date, band), unit] for band, unit in chosen)
        layer = layers[self.bands.index(bands)]
        if bands.in_8_bits:
            return DatePicture(self.date, layer, planes)
        low, high = zip(*(bands.limits(band, ground) for band in chosen), strict=True)
        return DatePicture(self.date, layer, planes, Stretch(low, high, (1.0,) * len(low), (0.0,) * len(low)))

    def _name(self, bands: MeasuredImage) -> str:
        return f"{self.date} {'in 8 bits' if bands.in_8_bits else 'measured'}"


def open_images(needs: Sequence[ImageNeeds], files: SceneFiles, opened: Opener) -> tuple[DateImage, ...]:
    """Open what is taken of the images of a scene, in the order of time.

    Args:
        needs: what is taken of each.
        files: the scene.
        opened: opens a raster in a role, as messages name it.

    Raises:
        UsageError: an option does not fit the files.
        InputMissingError: a file is not there.
        InputError: a file cannot give what is taken of it.
    """
    return tuple(_open(need, files, _once(opened)) for need in needs)


def doubts_of(images: Sequence[DateImage], reading: ReadOptions) -> list[str]:
    """Doubts about the images of a scene, and about what they are beside one another."""
    found = [doubt for image in images for doubt in image.doubts]
    pictures = [image.picture for image in images if image.picture is not None]
    return found + ([] if reading.rgb_range is not None else rendered_apart(pictures))


def _open(need: ImageNeeds, files: SceneFiles, opened: Opener) -> DateImage:
    picture = open_image(need.date, files.images[need.date], files.reading, opened) if need.picture else None
    bands = [
        open_measured(need.date, files, wanted, opened, in_8_bits=in_8_bits)
        for wanted, in_8_bits in ((need.in_8_bits, True), (need.measured, False))
        if wanted
    ]
    return DateImage(need.date, picture, tuple(bands))


def _once(opened: Opener) -> Opener:
    """Opener that opens each file of a date once, whatever is taken of it."""
    rasters: dict[Location, Raster] = {}

    def found(location: Location, role: str) -> Raster:
        if location not in rasters:
            rasters[location] = opened(location, role)
        return rasters[location]

    return found


def _first(bands: Sequence[BandInUnit]) -> list[BandInUnit]:
    """The first three bands, or the first one where there are fewer."""
    each: dict[Wanted, BandInUnit] = {}
    for band in bands:
        each.setdefault(band[0], band)
    return list(each.values())[: len(RGB) if len(each) >= len(RGB) else 1]
