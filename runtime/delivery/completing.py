"""The end of a run, and additions to one that is finished: what is made on demand, the record, the STAC Item."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landslip.runtime.catalogue.run_item import write_run_item
from landslip.runtime.delivery.deliverables import make_deliverables
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.run.finished_run import FinishedRun, described
from landslip.runtime.run.hidden_folder import HiddenFolder
from landslip.runtime.run.product_names import CLASS_PRODUCTS, FURTHER, MADE, RECORD, item_name, made_by
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.run.record_file import as_stored, write_json
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.scene.scene import Scene
from landslip.runtime.system.progress import Progress

Record = dict[str, Any]
"""JSON-like: what ``run.json`` holds."""


def complete(
    folder: Path, record: Record, scene: Scene, options: ProductOptions, progress: Progress
) -> tuple[Record, tuple[str, ...]]:
    """Complete a run whose map lies in a folder as drafts: make what is asked for, and write its record and its Item.

    Args:
        folder: where the drafts lie under their final names.
        record: all of the record but ``products`` and ``item``.
        scene: the scene of the run, still open.
        options: what is asked for.
        progress: told what is written.

    Returns:
        The whole record, and the names of all products, its own and that of the record left out.

    Raises:
        LandslipError: a product cannot be made.
    """
    made = made_by(classes="classes" in record)
    record = record | {"products": described(folder, made)}
    run = FinishedRun(folder, RunRecord.of(as_stored(record)), scene)
    record, names = _extended(run, folder, record, options, progress)
    return record, (*made, *names)


def add_products(
    hidden: HiddenFolder,
    record: Record,
    options: ProductOptions,
    progress: Progress,
    scene: Scene | SceneFiles | None = None,
) -> Record:
    """Add products to a finished run whose folder is held: all or none, whatever ends the process meanwhile.

    Args:
        hidden: the folder of its drafts.
        record: the record of the run, proven to be that of the files.
        options: what is asked for; where that is nothing, nothing is done.
        progress: told what is written.
        scene: the scene of the run where it is open, or its files where they are given again.

    Returns:
        The record that lists them.

    Raises:
        LandslipError: a product cannot be made; then the run is what it was.
    """
    if not options.asked:
        return record
    drafts = hidden.path(RECORD).parent
    opened, given = (scene, None) if isinstance(scene, Scene) else (None, scene)
    run = FinishedRun(hidden.out, RunRecord.of(as_stored(record)), opened, given)
    record, names = _extended(run, drafts, record, options, progress)
    hidden.publish((*names, RECORD))
    return record


def _extended(
    run: FinishedRun, drafts: Path, record: Record, options: ProductOptions, progress: Progress
) -> tuple[Record, tuple[str, ...]]:
    """Make what is asked for of a run as ``drafts``; the new record, and names of what joins it."""
    names = make_deliverables(run, drafts, options, progress)
    order = (*MADE, *CLASS_PRODUCTS, *(name for further in FURTHER.values() for name in further))
    products = record["products"] | described(drafts, names)
    record = record | {"products": {name: products[name] for name in order if name in products}}
    record = _with_item(run.folder, drafts, record)
    return record, (*names, record["item"])


def _with_item(folder: Path, drafts: Path, record: Record) -> Record:
    """Write a record, and the STAC Item that lists it, as drafts.

    Args:
        folder: where the files of the run lie.
        drafts: where the drafts lie.
        record: the record with all its products.

    Returns:
        The record as it was written.

    Raises:
        InputError: the map cannot be read.
        OutputError: a file cannot be written.
    """
    record = record | {"item": item_name(record["fingerprint"])}
    write_json(drafts / RECORD, record)
    write_run_item(FinishedRun(folder, RunRecord.of(as_stored(record))), drafts / RECORD, drafts / record["item"])
    return record
