"""A scene from a STAC catalogue: images of two dates, elevation and a scene.toml, for an area."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import shapely

from landslip.models.fetching.acquisitions import chosen
from landslip.models.fetching.gotten import Gotten, open_record
from landslip.models.fetching.raster_part import copy_part
from landslip.models.fetching.scene_request import NO_DEM, SceneRequest
from landslip.models.fetching.sentinel2_assets import assets_by_label, metadata_text, product_name, radiometry_of
from landslip.models.fetching.sentinel2_assets import tile_and_time as tile_of
from landslip.models.fetching.stac_search import FoundItem, search
from landslip.runtime.access.degree_box import DegreeBox
from landslip.runtime.access.location import shown
from landslip.runtime.artifacts.channels import Date
from landslip.runtime.errors import InputError
from landslip.runtime.system.drafts import draft_of, output_errors

log = logging.getLogger(__name__)

SCENE = "scene.toml"

_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
_ELEVATION = ("data", "dem", "elevation")
"""Keys of the asset with elevation."""


def get_scene(request: SceneRequest, out: Path) -> Path:
    """Fetch a scene, or the rest of one.

    Args:
        request: what to fetch.
        out: folder for it; made if needed. Files in it that are complete are kept.

    Returns:
        The scene.toml.

    Raises:
        UsageError: something that was asked for is none, or the folder holds another scene.
        InputError: the catalogue has nothing for the area and time, or answers with something else.
        ConnectionLostError: the connection broke; the same call goes on.
        OutputError: the folder cannot be written.
    """
    spans, box, labels = request.spans(), request.box(), request.labels()
    record = open_record(out, {**vars(request), "bands": list(request.bands), "box": list(box)})
    images: dict[Date, list[FoundItem]] = {}
    for date, span in spans.items():
        images[date] = _products(record, request, date, span, box)
    elevation = _elevation_items(record, request, box)
    record.write()  # only now: what cannot be chosen leaves nothing behind
    names: dict[str, list[str]] = {}
    for date, items in images.items():
        names[date] = [_get_product(record, item, date, labels, box) for item in items]
    names["dem"] = [name for item in elevation for name in _get_elevation(record, item, box)]
    scene = out / SCENE
    with output_errors(scene), draft_of(scene) as draft:
        draft.write_text(_scene_text(request, names, box), encoding="utf-8")
    return scene


def _remembered(
    record: Gotten, what: str, found: Sequence[FoundItem], choose: Callable[[], Sequence[FoundItem]]
) -> list[FoundItem]:
    """Items that were chosen when the folder was begun; the catalogue may have more by now."""
    known = record.chosen.get(what)
    if known is None:
        items = list(choose())
        record.chosen[what] = [item.id for item in items]
        return items
    by_id = {item.id: item for item in found}
    missing = [name for name in known if name not in by_id]
    if missing:
        raise InputError(
            f"The catalogue has {missing[0]} no more, of which {record.folder} has a part.", "Choose another folder."
        )
    return [by_id[name] for name in known]


def _products(record: Gotten, request: SceneRequest, date: Date, span: str, box: DegreeBox) -> list[FoundItem]:
    found = search(request.catalog, request.collection, box, span)
    where, area = f"{shown(request.catalog)}: {request.collection}", shapely.box(*box)
    return _remembered(record, date, found, lambda: chosen(found, area, date, where).items)


def _elevation_items(record: Gotten, request: SceneRequest, box: DegreeBox) -> list[FoundItem]:
    if request.dem_collection == NO_DEM:
        return []
    found = search(request.catalog, request.dem_collection, box, "")
    area = shapely.box(*box)
    touching = [item for item in found if item.footprint.intersection(area).area > 0]
    if not touching:
        raise InputError(
            f"{shown(request.catalog)}: {request.dem_collection} has no elevation of the area.",
            f"Give another collection, or {NO_DEM} for a scene without elevation.",
            option="dem_collection",
        )
    return _remembered(record, "dem", touching, lambda: touching)


def _get_product(record: Gotten, item: FoundItem, date: Date, labels: set[str], box: DegreeBox) -> str:
    """Fetch the bands of a product; the name of its folder."""
    folder = f"{date}/{product_name(item)}"
    keys = {label: key for label, key in assets_by_label(item).items() if label in labels}
    lacking = sorted(labels - keys.keys() - {"B10"})  # L2A has no cirrus
    if lacking:
        log.warning("%s: %s has no %s", date, item.id, ", ".join(lacking))
    with output_errors(record.folder / folder):
        (record.folder / folder).mkdir(parents=True, exist_ok=True)
    rule = radiometry_of(item, keys)
    if rule is not None:
        text = metadata_text(item, rule)
        path = record.folder / folder / "MTD_MSIL2A.xml"
        with output_errors(path), draft_of(path) as draft:
            draft.write_text(text, encoding="utf-8")
    for label, key in keys.items():
        _get_file(record, f"{folder}/T{tile_of(item)}_{label}.tif", item, key, f"{date} {label}", box)
    return folder


def _get_elevation(record: Gotten, item: FoundItem, box: DegreeBox) -> list[str]:
    key = next((key for key in _ELEVATION if key in item.assets), None)
    if key is None or not _NAME.fullmatch(item.id):
        raise InputError(f"{item.id} has no asset {' or '.join(_ELEVATION)}.", "Give another collection of elevation.")
    with output_errors(record.folder / "dem"):
        (record.folder / "dem").mkdir(exist_ok=True)
    name = f"dem/{item.id}.tif"
    return [name] if _get_file(record, name, item, key, "elevation", box) else []


def _get_file(record: Gotten, name: str, item: FoundItem, key: str, role: str, box: DegreeBox) -> bool:
    """Fetch a part of a file, where it is not there; False where the file does not reach the area."""
    if record.has(name):
        return True
    location = item.location(key)
    if not copy_part(location, role, box, record.folder / name):
        return False
    record.add(name, shown(location))
    log.info("%s: %.1f MB", name, record.files[name]["bytes"] / 1e6)
    return True


def _scene_text(request: SceneRequest, names: dict[str, list[str]], box: DegreeBox) -> str:
    lines = [f"# Fetched by landslip get from {shown(request.catalog)}; get.json says which products."]
    lines += [
        f"{key} = [{', '.join(f'{chr(34)}{name}{chr(34)}' for name in found)}]" for key, found in names.items() if found
    ]
    lines += [f"aoi = [{', '.join(f'{number:.9g}' for number in box)}]", ""]
    return "\n".join(lines)
