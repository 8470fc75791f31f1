"""Data that the script of the page works with: plain values, as JSON has them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from landslip.runtime.report.landslide_data import CLASS, CLASS_FIELDS, DECIMALS, FIELDS, LandslideData, UnseenData
from landslip.runtime.report.landslide_kinds import PageKind
from landslip.runtime.report.map_place import Mesh
from landslip.runtime.report.run_facts import reason_text
from landslip.runtime.report.texts import Language
from landslip.runtime.report.tile_places import TILE, Pyramid, TilePlace
from landslip.runtime.styles.palette import CLASS_COLOURS, NOT_OBSERVED_FILL, NOT_OBSERVED_HATCH, RIM, hexadecimal

_SPOKEN = (
    "unknown", "yes", "no", "likely", "probable", "possible", "not_observed", "none_left", "page_of", "shown_of",
    "table_help", "edge_note", *(f"field_{name}" for name in FIELDS),
)  # fmt: skip
"""Keys of the texts that the script says."""


def map_data(pyramid: Pyramid, metres: float, north: float | None, mesh: Mesh | None) -> dict[str, Any]:
    """The map: its size, its place, its directions."""
    return {
        "width": pyramid.width,
        "height": pyramid.height,
        "pixel": metres,
        "north": None if north is None else round(north, 2),
        "mesh": mesh,
        "tile": TILE,
        "top": pyramid.top,
    }


def landslide_values(landslides: LandslideData, kinds: Sequence[PageKind] = ()) -> dict[str, Any]:
    """Landslides: fields by column, outlines, classes that occur, or kinds where the map tells them apart."""
    found = set(landslides.fields.get(CLASS, ["likely"]))
    sure = [name for name in CLASS_COLOURS if name in found]
    by_kind = {"kinds": [kind.name for kind in kinds], "sure": sure if CLASS in landslides.fields else []}
    absent = set(CLASS_FIELDS) - set(landslides.fields)
    return {
        "count": landslides.count,
        "fields": dict(landslides.fields),
        "shown": list(landslides.fields),
        "decimals": {name: count for name, count in DECIMALS.items() if name not in absent},
        "outlines": landslides.outlines.rings,
        "classes": [kind.key for kind in kinds] or sure,
        **(by_kind if kinds else {}),
    }


def unseen_values(unseen: UnseenData | None, language: Language) -> dict[str, Any] | None:
    """Layer of what was not observed: words for the reasons, and outlines."""
    if unseen is None:
        return None
    return {
        "reasons": [reason_text(language, reason) for reason in unseen.reasons],
        "outlines": unseen.outlines.rings,
    }


def picture_values(tags: Mapping[str, str], tiles: Sequence[TilePlace]) -> dict[str, Any]:
    """Pictures: roles with what stands on them, and the tiles that there are."""
    return {
        "roles": list(tags),
        "tags": dict(tags),
        "tiles": [[place.level, place.row, place.col] for place in tiles],
    }


def words_and_colours(
    language: Language, fields: Collection[str] = FIELDS, kinds: Sequence[PageKind] = ()
) -> dict[str, Any]:
    """Texts that the script says, those for the fields of landslides among them, and colours that it draws in."""
    names = {kind.key: kind.name or language.text("no_kind") for kind in kinds}
    spoken_of_kinds = {"sureness": language.text("sureness"), **names} if kinds else {}
    further = [f"field_{name}" for name in CLASS_FIELDS if name in fields]
    return {
        "texts": {key: language.texts[key] for key in (*_SPOKEN, *further)} | spoken_of_kinds,
        "colours": {
            **{name: hexadecimal(colour) for name, colour in CLASS_COLOURS.items()},
            **{kind.key: kind.colour for kind in kinds},
            "rim": hexadecimal(RIM),
            "ground": hexadecimal(NOT_OBSERVED_FILL),
            "hatch": hexadecimal(NOT_OBSERVED_HATCH),
        },
    }
