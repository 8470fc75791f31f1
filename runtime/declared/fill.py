"""Judgement of whether a colour of an image is fill: collars, swath edges and masked clouds that no nodata declares.

Fill is one number in all bands. What tells it from ground that happens to have that colour: it comes in pieces and not
as scattered pixels; beside it the image begins at once, with any of its colours, where clipped sea, shadow, cloud or
snow fade into dark and bright ones; and it mostly lies at an edge of the file. See docs/decisions/fill.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FillVerdict = Literal["fill", "doubtful", "remarkable", "ground"]
"""Unknown; to be asked about; counted as ground with a warning; counted as ground."""

NEVER_MEASURED = (-9999.0, -32768.0, -32767.0, -99999.0, -3.4028234663852886e38)
"""Numbers that stand for unknown and for nothing else."""
REACH = 16
"""Pixels from fill within which lossy compression spoils it: a block of JPEG with halved colours."""
TOLERANCE = 12
"""Difference, of 255, by which compression spoils the fill beside an edge."""

LEAST = 64
"""Pixels: less is left alone."""
RUN = 16
"""Pixels along an edge of the file, without a gap, that make a piece lie at the edge."""
SHARE = 0.02
"""Share of the image: so much in large pieces away from the edges is asked about."""
REMARKABLE = 0.002
"""Share of the image: so much is worth a warning."""
IN_PIECES = 0.7
"""Share of the colour's pixels away from the edges: more are scattered in a picture of strong contrast."""
LIKE_GROUND = 0.2
"""Least share of the image elsewhere that is closer to the colour of fill than the image beside fill is."""
STRAIGHT = 0.8
"""Share of the places along the border of a piece at the edges where it goes straight on."""
FRAME = 0.9
"""Share of straight places along a long border; beside it half of :data:`LIKE_GROUND` is enough."""
PURE = 0.7
"""Share of pixels almost of the colour, joined to an edge: so many have it exactly, even if compression spoiled it."""
FEW_LEVELS = 4
"""Levels between the colour and half of the image: in so dark a picture ground has the colour of fill."""
SCATTERED = 0.0005
"""Share of the image: so many white pixels away from a white edge are doubtful: they may be cloud, snow or scars."""


@dataclass(frozen=True)
class Fill:
    """A number that means unknown where all bands of an image have it."""

    value: float
    """The number as it is stored."""
    tolerance: float = 0.0
    """Pixels within :data:`REACH` of fill are fill, too, where no band is further from the number than this."""
    any_band: bool = False
    """A pixel is unknown where one of the bands has the number: it is no colour."""


@dataclass
class Evidence:
    """Evidence on one colour, added up over the windows that were looked at."""

    value: float
    """The number in all bands."""
    bright: bool = False
    """True for the largest number that there is: white."""
    looked: int = 0
    """Known pixels."""
    count: int = 0
    """Pixels of the colour among these."""
    joined: int = 0
    """Pixels of the colour that straight lines of it join to an edge of the file."""
    reached: int = 0
    """Pixels joined to an edge that have the colour or almost have it."""
    run: int = 0
    """The longest of them along an edge."""
    long: bool = False
    """True if they are along half of an edge of a window, or more."""
    lines: int = 0
    """Places along their borders, ..."""
    straight: int = 0
    """... and those of them where the border goes straight on."""
    scattered: int = 0
    """Pixels of the colour that are not joined to an edge, in windows at the edges."""
    large: int = 0
    """Pixels of the colour in pieces of 9 x 9 and more that are not joined to an edge."""
    near: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Pixels almost of the colour and all other pixels, beside pieces; and the same elsewhere."""
    near_edge: list[NDArray[np.float64]] = field(default_factory=list)
    """Distances from the colour of pixels beside what is joined to an edge: a sample."""
    near_large: list[NDArray[np.float64]] = field(default_factory=list)
    """Distances of pixels beside large pieces."""
    ground: list[NDArray[np.float64]] = field(default_factory=list)
    """Distances of all pixels that have another colour."""

    @property
    def share(self) -> float:
        """Share of the valid pixels that have the colour: 0 to 1."""
        return self.count / self.looked if self.looked else 0.0

    @property
    def tolerance(self) -> float:
        """Distance from the colour that spoiled fill may have; 0 where nothing is spoiled."""
        close, others, far_close, far_others = self.near
        if close < LEAST:
            return 0.0
        rate, elsewhere = close / (close + others), far_close / max(1, far_close + far_others)
        return float(TOLERANCE) if rate >= 4 * elsewhere else 0.0

    @property
    def at_edge(self) -> bool:
        """Tell whether pieces at the edges of the file border on the image as fill does."""
        framed = self.long and self.straight >= FRAME * self.lines
        least = LIKE_GROUND / 2 if framed else LIKE_GROUND
        return self.run >= RUN and self.joined >= LEAST and _abrupt(self.near_edge, self.ground, least)

    @property
    def goes_straight(self) -> bool:
        """Tell whether their borders are as straight as those of what was cut off or turned."""
        return self.straight >= STRAIGHT * self.lines


def candidates(dtype: np.dtype[Any]) -> tuple[Evidence, ...]:
    """The colours that may be fill in an image of a type, before anything was seen."""
    if dtype.kind == "f":
        return tuple(Evidence(value) for value in (0.0, *NEVER_MEASURED))
    least, most = (float(limit) for limit in (np.iinfo(dtype).min, np.iinfo(dtype).max))
    usual = [value for value in (0.0, *NEVER_MEASURED) if least <= value <= most]
    return (*(Evidence(value) for value in usual), Evidence(most, bright=True))


def judged(evidence: Evidence) -> FillVerdict:
    """Judge whether a colour is fill."""
    if evidence.value in NEVER_MEASURED:
        return "fill" if evidence.count else "ground"
    if evidence.at_edge and (found := _at_edge(evidence)) != "ground":
        return found
    if evidence.count == evidence.looked > LEAST and not evidence.bright:
        return "fill"
    inner = evidence.count - evidence.joined
    if evidence.large < max(LEAST, IN_PIECES * inner) or not _abrupt(evidence.near_large, evidence.ground):
        return "ground"
    if evidence.large >= SHARE * evidence.looked:
        return "remarkable" if evidence.bright else "doubtful"
    return "remarkable" if evidence.large >= REMARKABLE * evidence.looked and not evidence.bright else "ground"


def _at_edge(evidence: Evidence) -> FillVerdict:
    """Judge a colour whose pieces lie at the edges of the file."""
    if evidence.bright:
        if not evidence.goes_straight:
            return "doubtful" if evidence.long else "ground"
        return "fill" if evidence.scattered <= SCATTERED * evidence.looked else "doubtful"
    ground = _joined(evidence.ground)
    if ground.size and np.median(ground) <= FEW_LEVELS:
        return "fill" if evidence.long and evidence.goes_straight else "ground"
    if evidence.joined < PURE * evidence.reached:
        return "doubtful" if evidence.long else "ground"
    return "fill" if evidence.long or evidence.goes_straight else "ground"


def _abrupt(
    near: Sequence[NDArray[np.float64]], ground: Sequence[NDArray[np.float64]], least: float = LIKE_GROUND
) -> bool:
    """Tell whether the image begins at once beside pieces, with any of its colours; they may fill windows, too."""
    found, usual = _joined(near), _joined(ground)
    if found.size < RUN or not usual.size:
        return True
    middle = np.median(found)
    # Half of those that are as far count as nearer: in dark pictures most pixels have one of a few levels.
    return bool(np.mean(usual < middle) + np.mean(usual == middle) / 2 >= least)


def _joined(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.concatenate(parts) if parts else np.empty(0)
