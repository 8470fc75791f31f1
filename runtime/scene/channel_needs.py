"""Needs of a network: which bands of which image it takes in which unit, and which layers of terrain."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from landslip.runtime.artifacts.channels import DATES, RGB, Date, ImageBand, Relief, Terrain, leaves
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.imagery.measured_image import BandInUnit
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.scene.terrain_layer import PUBLISHED


class Described(Protocol):
    """Description of a network's inputs, such as :class:`~landslip.runtime.artifacts.spec.ModelSpec`."""

    @property
    def inputs(self) -> tuple[InputSpec, ...]:
        """Inputs of the network in its order."""
        ...


@dataclass(frozen=True)
class ImageNeeds:
    """Bands that are taken of the image of one date."""

    date: Date
    """Date of it."""
    picture: bool
    """True if red, green and blue of a picture in 8 bits are."""
    in_8_bits: tuple[BandInUnit, ...] = ()
    """Other bands in 8 bits."""
    measured: tuple[BandInUnit, ...] = ()
    """Bands in reflectance, or as the numbers that are stored."""


def image_needs(spec: Described | None, files: SceneFiles) -> tuple[ImageNeeds, ...]:
    """Needs of the images of a scene, in the order of time.

    Args:
        spec: what the network takes; a picture of each date that is given where it is None, or terrain alone: the map
            lies where the images are.
        files: the scene.
    """
    taken = [] if spec is None else [(leaf, unit) for leaf, unit in _leaves(spec) if isinstance(leaf, ImageBand)]
    if not taken:
        return tuple(ImageNeeds(date, picture=True) for date in DATES if date in files.images)
    return tuple(
        _of_date(date, [(leaf.band, unit) for leaf, unit in taken if leaf.date == date], files)
        for date in DATES
        if any(leaf.date == date for leaf, _ in taken)
    )


def terrain_needs(spec: Described | None) -> tuple[Terrain, ...]:
    """Layers of terrain that a network takes, in the order in which it does."""
    if spec is None:
        return PUBLISHED
    return tuple(dict.fromkeys(leaf.kind for leaf, _ in _leaves(spec) if isinstance(leaf, Relief)))


def _leaves(spec: Described) -> Iterable[tuple[ImageBand | Relief, str]]:
    for entry in spec.inputs:
        for channel in entry.shows:
            for leaf in leaves(channel):
                yield leaf, entry.unit


def _of_date(date: Date, bands: Iterable[BandInUnit], files: SceneFiles) -> ImageNeeds:
    each = tuple(dict.fromkeys(bands))
    measured = tuple(band for band in each if band[1] != "8-bit")
    eight = tuple(band for band in each if band[1] == "8-bit")
    others = tuple(band for band in eight if band[0] not in RGB)
    if not others:
        return ImageNeeds(date, bool(eight), (), measured)
    granules = files.granules_of(date)
    if granules is not None and all(granule.true_colour is not None for granule in granules):
        return ImageNeeds(date, len(eight) > len(others), others, measured)
    return ImageNeeds(date, picture=False, in_8_bits=eight, measured=measured)
