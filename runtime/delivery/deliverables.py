"""The table of what is made on demand: which function makes what an option asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from landslip.runtime.catalogue.run_catalog import write_catalog
from landslip.runtime.delivery.cems import write_cems
from landslip.runtime.delivery.density import write_density
from landslip.runtime.delivery.kml import write_kml
from landslip.runtime.delivery.qgis_project_file import write_project
from landslip.runtime.delivery.shapefile import write_shapefile
from landslip.runtime.delivery.web_and_gis import write_flatgeobuf, write_geojson
from landslip.runtime.errors import UsageError
from landslip.runtime.report.report_of_run import write_report_of_run
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_names import FURTHER
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.scoring.given_truth import Truth
from landslip.runtime.scoring.inventory_files import read_layer
from landslip.runtime.system.progress import Progress, waiting

Deliverable = Callable[[FinishedRun, Path, ProductOptions], None]
"""Function that makes a product of a run under a path, which has the first of the product's names of
:data:`~landslip.runtime.run.product_names.FURTHER`; its other files go beside it. It replaces what has these names."""

DELIVERABLES: Mapping[str, Deliverable] = {
    "geojson": write_geojson,
    "fgb": write_flatgeobuf,
    "kml": write_kml,
    "shp": write_shapefile,
    "cems": write_cems,
    "project": write_project,
    "catalog": write_catalog,
    "report": write_report_of_run,
    "density": write_density,
}
"""Function of each key of :data:`~landslip.runtime.run.product_names.FURTHER`."""


def check_offered(options: ProductOptions) -> None:
    """Make sure, before anything is done, that all that is asked for can be made, and the truth be read.

    Raises:
        UsageError: something cannot be made.
        InputError: the known landslides cannot be read, or several layers could be meant.
    """
    _check_known(options)
    if options.truth is not None:
        read_layer(Truth(options.truth))


def _check_known(options: ProductOptions) -> None:
    for key in options.asked:
        if key not in DELIVERABLES:
            raise UsageError(f"{FURTHER[key][0]} cannot be made by this version.", "Leave it out.", option=key)


def make_deliverables(run: FinishedRun, folder: Path, options: ProductOptions, progress: Progress) -> tuple[str, ...]:
    """Make all that options ask for, as drafts.

    Args:
        run: the run, with what every run makes.
        folder: where the drafts lie under their final names.
        options: what is asked for.
        progress: told what is written.

    Returns:
        Names of the files that were made.

    Raises:
        LandslipError: a product cannot be made.
    """
    _check_known(options)
    for key in options.asked:
        with waiting(progress, f"writing {FURTHER[key][0]}"):
            DELIVERABLES[key](run.without_further(), folder / FURTHER[key][0], options)
    return options.names
