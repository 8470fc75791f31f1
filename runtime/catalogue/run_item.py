"""The STAC Item of a run: where and when it looked, what it found, with what, and its files.

STAC 1.1 with the extensions projection 2.0, raster 2.0, file 2.1, processing 1.2, classification 2.0 and version 1.2.
Facts that none of them has a word for begin with ``landslip:``; ``docs/reference/files.md`` explains them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landslip.runtime.catalogue.item_assets import code_of, item_assets
from landslip.runtime.catalogue.media_types import GEOJSON, JSON
from landslip.runtime.catalogue.observed_map import ObservedMap
from landslip.runtime.catalogue.run_dates import dates_of, zulu
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_names import CONFIDENCE, FURTHER
from landslip.runtime.run.record_file import write_json
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.system.digests import multihash
from landslip.runtime.untrusted.printable import printable

Json = dict[str, Any]

STAC_VERSION = "1.1.0"

_EXTENSIONS = (
    "projection/v2.0.0", "raster/v2.0.0", "file/v2.1.0", "processing/v1.2.0", "classification/v2.0.0", "version/v1.2.0",
)  # fmt: skip
_EXTENSION = "https://stac-extensions.github.io/{}/schema.json"
_NAME = 200
"""Most characters of a name that others have given."""


def write_run_item(run: FinishedRun, record_file: Path, target: Path) -> None:
    """Write the Item of a run; the same run gives the same bytes.

    Args:
        run: the run, with all products in its record.
        record_file: the file of that record.
        target: path of the Item.

    Raises:
        InputError: the map cannot be read.
        OutputError: the Item cannot be written.
    """
    write_json(target, run_item(run, record_file))


def run_item(run: FinishedRun, record_file: Path) -> Json:
    """The Item as JSON values; for its arguments and errors see :func:`write_run_item`."""
    record, seen = run.record, ObservedMap.read(run.path(CONFIDENCE))
    outline = seen.footprint
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [_EXTENSION.format(name) for name in _EXTENSIONS],
        "id": item_id(run),
        "geometry": outline and outline.geometry,
        **({"bbox": list(outline.bbox)} if outline else {}),
        "properties": {
            "title": record.title or "Landslides",
            "description": _description(record),
            **dates_of(run),
            "created": zulu(record.finished),
            "license": "other",
            "version": record.landslip,
            "proj:code": code_of(seen),
            **_processing(record),
            **_facts(record),
        },
        "links": [*_catalog_links(record), *_sources(record)],
        "assets": item_assets(record, record_file, seen),
    }


def item_id(run: FinishedRun) -> str:
    """Id of the Item of a run: equal maps have equal ones."""
    return run.item_name.removesuffix(".json")


def _description(record: RunRecord) -> str:
    seen = "" if record.observed_km2 else " Nothing was observed."
    notice = f" {printable(record.model.notice, 1000)}" if record.model.notice else ""
    return (
        f"{record.landslides} landslides on {record.landslide_km2:.4f} km2, of {record.observed_km2:.3f} km2 observed."
        f"{seen} Where nothing was observed, the absence of a landslide means nothing. The licence follows from those "
        f"of the images, the terrain and the model.{notice}"
    )


def _processing(record: RunRecord) -> Json:
    model, engine = record.model, record.engine
    return {
        "processing:level": "L4",
        "processing:software": {"landslip": record.landslip},
        "processing:datetime": zulu(record.finished),
        "processing:lineage": (
            f"The network {printable(model.name, _NAME)} ({model.precision}) was run by {engine.name} on "
            f"{engine.device} in {engine.precision}, on tiles of {record.tile} pixels that overlap by "
            f"{record.overlap:g} (protocol {record.protocol}). Landslides are connected pixels of confidence "
            f"{record.threshold:g} and more, on {record.min_area_m2:g} m2 and more."
        ),
    }


def _facts(record: RunRecord) -> Json:
    """Facts that no extension has words for: what a search may ask for, and what went in."""
    model, engine = record.model, record.engine
    return {
        "landslip:fingerprint": record.fingerprint,
        "landslip:landslides": record.landslides,
        "landslip:landslide_km2": record.landslide_km2,
        "landslip:observed_km2": record.observed_km2,
        "landslip:threshold": record.threshold,
        "landslip:min_area_m2": record.min_area_m2,
        "landslip:confidence_classes": record.confidence_classes,
        "landslip:model": {
            "name": printable(model.name, _NAME),
            "precision": model.precision,
            "file:checksum": model.sha256 and multihash(model.sha256),
        },
        "landslip:engine": {"name": engine.name, "device": engine.device, "precision": engine.precision},
        "landslip:inputs": [
            {
                "role": entry.role,
                "name": printable(_last_part(entry.path), _NAME),
                "item": entry.item and printable(entry.item.id, _NAME),
                "acquired": entry.acquired,
                "file:checksum": entry.sha256 and multihash(entry.sha256),
            }
            for entry in record.inputs
        ],
    }


def _last_part(path: str) -> str:
    """Name of an input without its folders, which are of one machine; a record has addresses without secrets."""
    return path.replace("\\", "/").rstrip("/").rpartition("/")[2] or "?"


def _catalog_links(record: RunRecord) -> list[Json]:
    (name,) = FURTHER["catalog"]
    if record.products.get(name) is None:
        return []
    return [{"rel": rel, "href": f"./{name}", "type": JSON} for rel in ("root", "parent")]


def _sources(record: RunRecord) -> list[Json]:
    """Links to the Items that the run is derived from, each once; those that one machine alone knows have none."""
    items = [entry.item for entry in record.inputs if entry.item is not None]
    known = {item.address: printable(item.id, _NAME) for item in items if item.address is not None}
    if record.model.item is not None:
        known[record.model.item] = printable(record.model.name, _NAME)
    return [
        {"rel": "derived_from", "href": address, "type": GEOJSON, "title": title} for address, title in known.items()
    ]
