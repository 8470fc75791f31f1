"""A STAC Catalog of one run, beside its Item: what catalogues and platforms take a folder by."""

from __future__ import annotations

from pathlib import Path

from landslip.runtime.catalogue.media_types import GEOJSON, JSON
from landslip.runtime.catalogue.run_item import STAC_VERSION, item_id
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.run.record_file import write_json


def write_catalog(run: FinishedRun, target: Path, options: ProductOptions | None = None) -> None:
    """Write a Catalog with the Item of a run; the same run gives the same bytes.

    Its links are relative, so that the folder can be moved, and it says of no address that it lies there.

    Args:
        run: the run.
        target: path of the Catalog.
        options: nothing of these is of use here.

    Raises:
        OutputError: it cannot be written.
    """
    del options
    title = run.record.title or "Landslides"
    catalog = {
        "type": "Catalog",
        "stac_version": STAC_VERSION,
        "id": f"{item_id(run)}-catalog",
        "title": title,
        "description": "A landslide map made by landslip, with its Item.",
        "links": [
            {"rel": "root", "href": f"./{target.name}", "type": JSON, "title": title},
            {"rel": "item", "href": f"./{run.item_name}", "type": GEOJSON, "title": title},
        ],
    }
    write_json(target, catalog)
