"""Landslides over a picture of the whole map as SVG: what is seen on paper, and where no script runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from landslip.runtime.cartography.scale_bar import scale_bar
from landslip.runtime.report.html_parts import Markup, element, joined
from landslip.runtime.report.landslide_data import CLASS, LandslideData, UnseenData
from landslip.runtime.report.landslide_kinds import PageKind
from landslip.runtime.report.outlines import rings_of
from landslip.runtime.report.tile_places import Pyramid

MOST_DRAWN = 5000
"""Landslides that the picture shows, the largest."""

_NUMBERED = 12
"""Landslides that have their number beside them."""

_LEAST = 3.0
"""Edge in pixels of the picture of the smallest mark that can be seen."""


def drawing(
    pyramid: Pyramid,
    landslides: LandslideData,
    unseen: UnseenData | None,
    pixel_metres: float,
    north: float | None,
    kinds: Sequence[PageKind] = (),
) -> Markup:
    """SVG over a picture of the whole map, in map pixels.

    Args:
        pyramid: levels over the map.
        landslides: what is drawn.
        unseen: what was not observed.
        pixel_metres: metres on the ground of a map pixel.
        north: degrees clockwise from the top of the map to true north; None where that is unknown.
        kinds: of the landslides; empty where none are told apart, which are coloured by their confidence then.
    """
    height, width = pyramid.height, pyramid.width
    step = max(1.0, max(height, width) / 1600)
    parts = [_hatch(step)]
    if unseen is not None:
        hatched = "".join(_paths(unseen.shapes, step))
        parts.append(element("path", d=hatched, class_="unseen", fill="url(#hatch)", fill_rule="evenodd"))
    largest = landslides.by_size[:MOST_DRAWN]
    if kinds:
        parts += _of_kinds(landslides, kinds, largest, step)
    else:
        parts += [_of_class(landslides, name, largest, step) for name in _classes(landslides)]
    parts += [_number(landslides, index, pyramid) for index in reversed(largest[:_NUMBERED])]
    parts += [_bar(height, width, pixel_metres)]
    parts += [] if north is None else [_arrow(width, height, north)]
    return element(
        "svg", *parts, viewBox=f"0 0 {width} {height}", preserveAspectRatio="none", aria_hidden="true",
    )  # fmt: skip


def _classes(landslides: LandslideData) -> Sequence[str | None]:
    """Classes from the least to the most certain, so that the latter are drawn on top."""
    return ("possible", "probable", "likely") if CLASS in landslides.fields else (None,)


def _of_class(landslides: LandslideData, name: str | None, largest: Sequence[int], step: float) -> Markup:
    classes: Sequence[Any] = landslides.fields.get(CLASS, [None] * landslides.shown)
    chosen = [index for index in largest if classes[index] == name]
    path = "".join(_paths(landslides.shapes[chosen], step))
    return element("path", d=path, class_=f"slide {name or 'likely'}", fill_rule="evenodd")


def _of_kinds(
    landslides: LandslideData, kinds: Sequence[PageKind], largest: Sequence[int], step: float
) -> Iterator[Markup]:
    drawn = set(largest)
    for kind in reversed(kinds):
        path = "".join(_paths(landslides.shapes[[index for index in kind.places if index in drawn]], step))
        yield element("path", d=path, class_="slide", fill=kind.colour, fill_rule="evenodd")


def _paths(shapes: NDArray[Any], step: float) -> Iterator[str]:
    """Paths of polygons, simplified to pixels of the picture, those that are too small to be seen as squares."""
    bounds = shapely.bounds(shapes) if len(shapes) else np.empty((0, 4))
    sizes = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    small = sizes < _LEAST * step
    simple = shapely.simplify(shapes, step, preserve_topology=False) if step > 1 else shapes
    simple = np.where(shapely.is_empty(simple), shapes, simple)
    edge = math.ceil(_LEAST * step)
    rings = iter(rings_of(simple[~small]))
    for is_small, box in zip(small.tolist(), bounds.tolist(), strict=True):
        if is_small:
            x, y = (box[0] + box[2] - edge) / 2, (box[1] + box[3] - edge) / 2
            yield f"M{x:g} {y:g}h{edge}v{edge}h-{edge}z"
        else:
            yield "".join(f"M{ring[0]} {ring[1]}l{_steps(ring[2:])}z" for ring in next(rings))


def _steps(steps: Sequence[int]) -> str:
    return " ".join(map(str, steps))


def _hatch(step: float) -> Markup:
    lines = element("path", d="M0 0V8", class_="hatch-line")
    pattern = element(
        "pattern", element("rect", width=8, height=8, class_="hatch-ground"), lines, id="hatch", width=8, height=8,
        patternUnits="userSpaceOnUse", patternTransform=f"scale({step:.4g}) rotate(45)",
    )  # fmt: skip
    return element("defs", pattern)


def _number(landslides: LandslideData, index: int, pyramid: Pyramid) -> Markup:
    """Number above a landslide, which it leaves to be seen; below it at the upper edge of the map."""
    left, top, right, bottom = shapely.bounds(landslides.shapes[index]).tolist()
    size = pyramid.width / 48
    x = min(max((left + right) / 2, size), pyramid.width - size)
    y = top - size * 0.3 if top > size * 1.3 else min(bottom + size * 1.1, pyramid.height - size * 0.3)
    number = landslides.fields["id"][index] if "id" in landslides.fields else index + 1
    return element("text", number, x=f"{x:.0f}", y=f"{y:.0f}", font_size=f"{size:.1f}", class_="number")


def _bar(height: int, width: int, pixel_metres: float) -> Markup:
    """Scale bar in the lower left corner."""
    bar = scale_bar(pixel_metres, width / 4)
    size = width / 48
    x, y = size, height - size
    path = f"M{x:.1f} {y - size / 2:.1f}v{size / 2:.1f}h{bar.pixels:.1f}v-{size / 2:.1f}"
    return joined(
        [
            element("path", d=path, class_="bar-halo"),
            element("path", d=path, class_="bar"),
            element(
                "text",
                bar.label,
                x=f"{x + bar.pixels / 2:.1f}",
                y=f"{y - size * 0.4:.1f}",
                font_size=f"{size:.1f}",
                class_="bar-text",
            ),
        ]
    )


def _arrow(width: int, height: int, north: float) -> Markup:
    """Arrow to true north in the upper right corner."""
    size = min(width, height) / 16
    place = f"translate({width - size:.1f} {size:.1f}) rotate({north:.2f}) scale({size / 20:.4f})"
    return element(
        "g",
        element("path", d="M0 -16L9 14L0 8L-9 14z", class_="arrow-halo"),
        element("path", d="M0 -16L9 14L0 8z", class_="arrow-dark"),
        element("path", d="M0 -16L-9 14L0 8z", class_="arrow-light"),
        transform=place,
    )
