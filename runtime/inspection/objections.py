"""Objections to making a map, judged from figures alone; :mod:`landslip.runtime.inspection.inspect` measures them.

Each function gives the sentence to say, or None where there is nothing to say. What is left to the user's judgement is
an error that ``force`` turns into a warning (:class:`Objections`); what is only worth knowing is a warning.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from landslip.runtime.declared.acquired import Acquired
from landslip.runtime.errors import InputError
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.inputs.granules import Granule
from landslip.runtime.inspection.registration import Registration
from landslip.runtime.tiling.tile_grid import TileGrid

log = logging.getLogger(__name__)

_LANDSAT = re.compile(r"^Landsat [89]")
"""Satellites with the same bands."""
LEAST_OVERLAP = 0.1
"""Share of the smaller image that both images have to show."""

WHOLE = 0.99
"""Share from which on an input counts as covering everything: outlines rarely end on a pixel of the map."""

LARGEST_SHIFT = 1.0
"""Pixels of the map by which images may be out of place before that is said."""

TRAINED_METRES = {"image": 10.0 / 6.0, "terrain": 30.0 / 6.0}
"""Pixel sizes of what the published network was trained on, in pixels of its map."""

COARSE, FAR_TOO_COARSE = 2.0, 5.0
"""Ratios by which an input may be coarser before that is said, and before it is an objection."""

_FEWEST_PIXELS = 64
"""Fewer pixels may be the same in two images by chance."""


class Objections:
    """Objections to making a map: each is an error, or a warning where the user wants the map all the same."""

    def __init__(self, *, force: bool) -> None:
        """Begin without any; ``force`` turns errors into warnings."""
        self._force = force
        self.overruled: list[str] = []
        """The objections that were only warned of, for the run record."""

    def add(self, sentence: str | None) -> None:
        """Raise an objection, if there is one.

        Raises:
            InputError: it is not overruled.
        """
        if sentence is None:
            return
        if not self._force:
            raise InputError(f"{sentence} Or map it all the same with force=True.")
        log.warning("%s Mapped all the same, as force=True says.", sentence)
        self.overruled.append(sentence)


def of_two_kinds(before: Sequence[Granule], after: Sequence[Granule]) -> str | None:
    """Warn of products of two levels or satellites: they differ by haze and bands all over, as if much had changed.

    Args:
        before: granules of the image before the event; none where it is no product.
        after: granules of the image after it likewise.
    """
    kinds = [each[0].kind for each in (before, after) if each]
    if len({_LANDSAT.sub("Landsat", kind) for kind in kinds}) < 2:
        return None
    return (
        f"The image before the event is of {kinds[0]} and the one after it of {kinds[1]}, which differ even "
        "where nothing has changed. Give products of one kind for both dates."
    )


def hardly_overlapping(share: float | None, pre: str, post: str) -> str | None:
    """Object to two images that have too little in common.

    Args:
        share: of the smaller image that both show; None where that is not known.
        pre: the image before the event, as messages name it.
        post: the image after it.
    """
    if share is None or share >= LEAST_OVERLAP:
        return None
    return (
        f"The {pre} and the {post} share only {_percent(share)} of the smaller one, and nothing else can be mapped. "
        "Check that they belong together."
    )


def same_file(inputs: Sequence[Mapping[str, object]], pre: str, post: str) -> str | None:
    """Object to images that are one file, or share one of their tiles, by their checksums.

    Args:
        inputs: the ``inputs`` of the run record.
        pre: the files before the event, as messages name them.
        post: the files after it.
    """
    before, after = ({entry["sha256"]: entry for entry in inputs if entry["role"] == role} for role in ("pre", "post"))
    shared = [entry["path"] for sha256, entry in after.items() if sha256 is not None and sha256 in before]
    if not shared:
        return None
    if before.keys() == after.keys():
        return _same(f"The pre-event image {pre} and the post-event image {post} are the same image.")
    return _same(f"The pre-event image {pre} and the post-event image {post} share a file: {shared[0]}.")


def same_pixels(equal: bool, pixels: int, pre: str, post: str) -> str | None:
    """Object to images that show the same, in different files.

    Args:
        equal: every pixel that was looked at is the same in both, and they are not all of one value.
        pixels: how many were looked at.
        pre: the image before the event, as messages name it.
        post: the image after it.
    """
    if not equal or pixels < _FEWEST_PIXELS:
        return None
    return _same(f"The {pre} and the {post} are the same image in two files: {pixels} pixels were compared.")


def taken_in_reverse(before: Acquired | None, after: Acquired | None, pre: str, post: str) -> str | None:
    """Object to an image before the event that was taken after the other one.

    Args:
        before: when the image before the event was taken; None where nothing says so.
        after: when the image after it was.
        pre: the image before the event, as messages name it.
        post: the image after it.
    """
    if before is None or after is None or not before.after(after) or not (before.certain and after.certain):
        return None
    return (
        f"The {pre} is of {before.text} ({_origin(before)}), later than the {post}, which is of {after.text} "
        f"({_origin(after)}): what has grown over since would be mapped as landslides. Exchange them, or say when "
        "they were taken with `pre_date` and `post_date`."
    )


def _origin(time: Acquired) -> str:
    return "as given" if time.source == "given" else f"by its {time.source}"


def written_in_reverse(before: Acquired | None, after: Acquired | None, pre: str, post: str) -> str | None:
    """Object where only the tag of a TIFF says so, which may be of the day when the file was written."""
    if before is None or after is None or not before.after(after) or (before.certain and after.certain):
        return None
    return (
        f"The {pre} says {before.text}, later than the {post}, which says {after.text}; such a tag may be the date of "
        "the file and not of the picture. If the images are exchanged, the map is wrong."
    )


def taken_on_several_days(times: Sequence[Acquired | None], name: str) -> str | None:
    """Object to files of one image, its tiles or its colours, that are of different days.

    Args:
        times: when each file was taken; None where nothing says so.
        name: the image, as messages name it.
    """
    certain = sorted((time for time in times if time is not None and time.certain), key=lambda time: time.start)
    if not certain or certain[-1].start - certain[0].start < timedelta(days=1):
        return None
    return (
        f"The {name} is made of files of several days ({certain[0].text} to {certain[-1].text}): what changed between "
        "them may be mapped as landslides, or hidden. Give files of one day where there are any."
    )


def nothing_observed(hiding: Sequence[str]) -> str:
    """Object to a map that would be empty.

    Args:
        hiding: the sources that leave no pixel by themselves, as messages name them.
    """
    if hiding:
        reason = f"the {' and the '.join(hiding)} {'leaves' if len(hiding) == 1 else 'leave'} no pixel of the map"
    else:
        reason = "no pixel of the map is left by all the inputs together"
    return (
        f"Nothing would be observed: {reason}. Check that masks mark what is not usable (nonzero; of class maps "
        "`mask_values` says what is not, such as 3,8-11 of Sentinel-2's, of bit fields `mask_bits`), and that nodata "
        "values and the area of interest are right."
    )


def without_tiles(tiles: TileGrid, protocol: str) -> str | None:
    """Object to a map that is too small for any tile."""
    if len(tiles):
        return None
    return (
        f"Nothing would be observed: the map of {tiles.width} x {tiles.height} pixels is too small for tiles of "
        f"{tiles.tile} pixels in the {protocol} protocol. Use the gaussian protocol, or smaller tiles."
    )


def smaller_than_a_tile(tiles: TileGrid) -> str | None:
    """Warn that the network sees reflections because the map is narrower or lower than a tile."""
    if min(tiles.height, tiles.width) >= tiles.tile:
        return None
    return (
        f"The map of {tiles.width} x {tiles.height} pixels is smaller than a tile of {tiles.tile}: the network sees it "
        "continued by reflection. Results near its edges are less certain."
    )


def partly_covering(name: str, share: float | None) -> str | None:
    """Warn of an input that leaves out a part of the map, by its outline.

    Args:
        name: the input, as messages name it.
        share: of the map that it covers; None where that is not known.
    """
    if share is None or share >= WHOLE:
        return None
    return f"The {name} covers {_percent(share)} of the map: the rest is not observed."


def area_outside(path: str, share: float | None) -> str | None:
    """Warn of an area of interest that reaches beyond the images.

    Args:
        path: its file.
        share: of it that lies in the images; None where that is not known.
    """
    if share is None or share >= WHOLE:
        return None
    return f"The images show {_percent(share)} of the area of interest {path}: the rest is not mapped."


def too_coarse(name: str, kind: str, metres: float | None, grid: MapGrid) -> tuple[str | None, str | None]:
    """Judge whether an input is too coarse to show landslides: an objection, and a warning.

    Args:
        name: the input, as messages name it.
        kind: ``image`` or ``terrain``.
        metres: size of its pixels; None where that is not known.
        grid: the map.
    """
    if metres is None or kind not in TRAINED_METRES:
        return None, None
    usual = TRAINED_METRES[kind] * grid.resolution
    # A hundredth for pixels in degrees, whose size depends on the place.
    if metres <= COARSE * usual * 1.01:
        return None, None
    found = (
        f"The {name} has pixels of {metres:.3g} m, and networks for maps of {grid.resolution:g} m are trained with "
        f"some {usual:.3g} m"
    )
    if metres <= FAR_TOO_COARSE * usual * 1.01:
        return None, f"{found}: smaller landslides may be missed."
    return f"{found}: it cannot show landslides. Give a finer one.", None


def light_off_north(name: str, degrees: float, largest: float) -> str | None:
    """Warn of a ready hillshade on a grid whose north-west is not the true one.

    Args:
        name: it, as messages name it.
        degrees: by how much.
        largest: how much goes without saying.
    """
    if degrees <= largest:
        return None
    return (
        f"The {name} lies on a grid whose north is {degrees:.0f} degrees beside the true one. If it was made there, "
        "it is lit from the wrong side: give the elevation model with `dem` instead."
    )


def misregistered(found: Registration | None, grid: MapGrid, pre: str, post: str) -> str | None:
    """Object to images that are out of place against each other by more than :data:`LARGEST_SHIFT`.

    Args:
        found: what was measured, in pixels of the map; None where nothing could be told.
        grid: the map.
        pre: the image before the event, as messages name it.
        post: the image after it.
    """
    if found is None or found.shift.length <= LARGEST_SHIFT:
        return None
    metres = found.shift.length * grid.resolution
    return (
        f"The {post} lies {found.shift.length:.1f} pixels ({metres:.0f} m) away from the {pre} "
        f"({_towards(found.shift.dx, 'east', 'west')}, {_towards(found.shift.dy, 'south', 'north')}; "
        f"{found.windows} windows agree): edges may be mapped as landslides. Register the images to each other first."
    )


def _same(sentence: str) -> str:
    return f"{sentence} Give one from before and one from after the event."


def _towards(pixels: float, ahead: str, behind: str) -> str:
    return f"{abs(pixels):.1f} {ahead if pixels >= 0 else behind}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 or share == 0 else "less than 1 %"
