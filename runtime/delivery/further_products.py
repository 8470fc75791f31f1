"""Products of a run that is finished: made without its model and engine, and added to its folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from landslip.runtime.access.location import as_location, local_path
from landslip.runtime.delivery.completing import Record, add_products
from landslip.runtime.delivery.deliverables import check_offered
from landslip.runtime.errors import InputMissingError, UsageError
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.inputs.scene_toml import read_scene_file
from landslip.runtime.run.finished_run import FinishedRun, open_finished_run
from landslip.runtime.run.hidden_folder import HiddenFolder, drop_drafts
from landslip.runtime.run.map_result import MapResult
from landslip.runtime.run.product_names import RECORD, ROWS
from landslip.runtime.run.product_options import ProductArguments, ProductOptions
from landslip.runtime.run.record_file import as_stored, read_values
from landslip.runtime.run.record_types import RunRecord
from landslip.runtime.system.endings import Will, bequeath, standing
from landslip.runtime.system.keyword_arguments import check_names
from landslip.runtime.system.progress import NoProgress, Progress
from landslip.runtime.system.safe_writing import is_filled

if TYPE_CHECKING:
    from typing_extensions import Unpack


def make_products(
    out: str | os.PathLike[str],
    *,
    scene: SceneFiles | str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    **options: Unpack[ProductArguments],
) -> MapResult:
    """Make products of a finished map and add them to its folder, as ``landslip products`` does; no model is needed.

    The same products as with the map itself come out, byte by byte, as often as they are asked for. They join the run
    all at once: whatever ends the process, its folder is what it was, or has all of them.

    Args:
        out: folder of the results of :func:`landslip.map_scene`.
        scene: the scene again, as it was mapped, for products that show its images where these lie elsewhere now:
            its files, or SCENE.toml, or a STAC Item, ItemCollection or Catalog. None for those that its record names.
        progress: told what is written.
        options: ``also`` (formats, as ``"geojson,kml"``), ``project``, ``density``, ``report``, ``report_megabytes``,
            ``catalog`` and ``truth``, as for :func:`landslip.map_scene`.

    Returns:
        Where the files lie, and the record that lists them.

    Raises:
        UsageError: nothing is asked for, or what cannot be made; a run is under way or unfinished in the folder; or a
            file that the run has not made has the name of a product.
        InputError: the folder holds no finished map, or files that do not belong together; the message names the file.
        OutputError: a product cannot be written.
        TypeError: an option is unknown.
    """
    check_names(options, ProductArguments.__annotations__, "make_products")
    folder = local_path(out, "out")
    given = scene if scene is None or isinstance(scene, SceneFiles) else read_scene_file(as_location(scene))
    record = add_to_finished(folder, ProductOptions(**options), progress or NoProgress(), given)  # type: ignore[arg-type]
    return MapResult(folder, RunRecord.of(as_stored(record)))


def add_to_finished(out: Path, options: ProductOptions, progress: Progress, given: SceneFiles | None = None) -> Record:
    """Make products of the finished run in a folder, and add them to it.

    Returns:
        The record that lists them.

    Raises:
        LandslipError: as :func:`make_products` says.
    """
    if not options.asked:
        raise UsageError("Nothing is asked for.", "Give `also`, or another product.", option="also")
    check_offered(options)
    if not (out / RECORD).is_file():
        raise InputMissingError(
            f"{out} holds no finished run: there is no {RECORD} in it.", "Give the folder of a map.", where=out / RECORD
        )
    hidden, before = HiddenFolder(out), standing().will
    if is_filled(hidden.path(ROWS)):
        hidden.let_go()
        raise UsageError(
            f"output: {out} holds a run that is not finished.",
            "Finish it with landslip map and resume=True first.",
            where=out,
            option="out",
        )
    bequeath(Will(clear=f"{drop_drafts.__module__}:{drop_drafts.__name__}", arguments=(str(out.absolute()),)))
    try:
        hidden.empty()
        _check_names_are_free(open_finished_run(out), options)
        return add_products(hidden, read_values(out / RECORD), options, progress, given)
    finally:
        hidden.release()
        bequeath(before)


def _check_names_are_free(run: FinishedRun, options: ProductOptions) -> None:
    """Make sure that what is to be made replaces nothing but what the run has made.

    Raises:
        UsageError: a file of others, or a folder, has the name of a product.
    """
    for name in (*options.names, run.item_name):
        path = run.path(name)
        of_the_run = name in run.record.products or name == run.item_name
        if os.path.lexists(path) and (path.is_dir() or not of_the_run):
            raise UsageError(
                f"output: {path} would be replaced, and {run.path(RECORD)} does not list it.",
                "Move it away, or remove it.",
                where=path,
                option="out",
            )
