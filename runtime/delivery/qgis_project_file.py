"""Project for QGIS of a finished run, which lies beside its files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import rasterio
from affine import Affine
from rasterio.crs import CRS

from landslip.runtime.artifacts.spec import ClassSpec
from landslip.runtime.cartography.scale_bar import ground_metres, round_length
from landslip.runtime.cartography.wording import period, shown_area
from landslip.runtime.confidence import level_of
from landslip.runtime.geo.map_grid import MapGrid
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_options import ProductOptions
from landslip.runtime.run.record_types import GridLaid
from landslip.runtime.styles.map_sheet import ImageShown, MapSheet, SystemUsed
from landslip.runtime.styles.qgis_layout import room_for_bar
from landslip.runtime.styles.qgis_project import project_text
from landslip.runtime.system.digests import sha256_of
from landslip.runtime.system.drafts import PARTIAL, output_errors, write_file
from landslip.runtime.untrusted.printable import printable

_NAME, _LINE, _NOTICE = 60, 160, 300
"""Most characters of a name, a line, and a notice."""
_KINDS = {".tif", ".tiff", ".jp2", ".png", ".jpg"}
"""Endings of images that QGIS opens by their path alone, and that are one file."""
_DEPTH = 32
"""Most folders above a file that are looked for."""


def write_project(run: FinishedRun, target: Path, options: ProductOptions) -> None:
    """Write the project; the same run makes the same bytes.

    Args:
        run: the run whose files it shows.
        target: ends in ``.qgs``; the files are to lie beside it.
        options: not asked for anything.

    Raises:
        OutputError: the file cannot be written.
    """
    del options
    with output_errors(target):
        write_file(target, project_text(sheet_of(run)))


def sheet_of(run: FinishedRun) -> MapSheet:
    """Facts and texts that a project shows of a run."""
    record, grid = run.record, _grid_of(run.record.grid)
    system = _system_of(grid.crs)
    return MapSheet(
        title=printable(record.title or "Landslides", _LINE),
        subtitle=" · ".join(_dates(run)),
        findings=_findings(run),
        provenance=_provenance(run, system.code or "a CRS without a code"),
        notice=printable(record.model.notice, _NOTICE),
        level=level_of(record.threshold),
        bounds=grid.bounds,
        system=system,
        bar_metres=round_length(room_for_bar(grid.bounds) * ground_metres(grid) / grid.resolution),
        image=_image_inside(run),
        classes=tuple(ClassSpec(printable(each.name, _NAME), each.landslide) for each in record.classes),
    )


def _system_of(crs: CRS) -> SystemUsed:
    code = crs.to_epsg()
    return SystemUsed(crs.to_wkt(), f"EPSG:{code}" if code else "")


def _grid_of(grid: GridLaid) -> MapGrid:
    return MapGrid(CRS.from_user_input(grid.crs), Affine(*grid.transform), grid.height, grid.width)


def _dates(run: FinishedRun) -> Iterator[str]:
    if run.date_from is None and run.date_to is None:
        yield "Dates of the images: unknown" if len(run.dates) > 1 else "Date of the image: unknown"
        return
    words = {"pre": "Image before", "post": "image after" if "pre" in run.dates else "Image after"}
    for role, date in run.dates.items():
        yield f"{words[role]}: {printable(period((date,)) or 'date unknown', _NAME)}"


def _findings(run: FinishedRun) -> tuple[str, ...]:
    count, area = run.record.landslides, run.record.landslide_km2
    found = f"{count:,} landslide{'s' * (count != 1)}: {shown_area(area)}" if count else "No landslide"
    observed, unseen = run.record.observed_km2, run.record.not_observed_km2
    missing = (f"Not observed: {shown_area(sum(unseen.values()))}",) if unseen else ()
    return found, f"Observed: {shown_area(observed)}", *missing


def _provenance(run: FinishedRun, crs: str) -> str:
    record, model = run.record, run.record.model
    digest = f", SHA-256 {printable(model.sha256[:12], 12)}" if model.sha256 else ""
    return (
        f"Mapped by a neural network and not checked on the ground: landslip {printable(record.landslip, _NAME)}, "
        f"model {printable(model.name, _NAME)} ({printable(model.precision, _NAME)}{digest}). Landslides: confidence "
        f"of {level_of(record.threshold)} % and more, from {record.min_area_m2:,.0f} m² on. Pixels of "
        f"{record.grid.transform[0]:g} m in {crs}. Where nothing was observed, landslides may be."
    )


def _image_inside(run: FinishedRun) -> ImageShown | None:
    """Image of after the event, where it is one file inside the folder of the results: both are moved as a whole."""
    images = [entry for entry in run.record.inputs if entry.role == "post"]
    if len(images) != 1 or images[0].sha256 is None:
        return None
    try:
        used = msgspec.convert(run.record.reading, _ReadingUsed).images["post"]
    except (msgspec.ValidationError, KeyError):
        return None  # of several files, or in one colour
    # Results that are not complete yet lie in a folder inside that of the results.
    folder = run.folder.parent if run.folder.name == PARTIAL else run.folder
    path = _path_inside(folder, images[0].path, images[0].sha256)
    if path is None:
        return None
    with rasterio.open(folder / path) as image:  # which was read before, as its digest says
        crs = image.crs
    return (
        ImageShown(path, _system_of(crs), used.bands, used.stretch.low or (), used.stretch.high or ()) if crs else None
    )


def _path_inside(folder: Path, recorded: str, sha256: str) -> str | None:
    """Path in a folder of the very file that a record names: by the longest end of its path that there is."""
    parts = recorded.replace("\\", "/").split("/")[-_DEPTH:]
    for first in range(len(parts)):
        end = parts[first:]
        if {"", ".", ".."}.isdisjoint(end) and Path(end[-1]).suffix.lower() in _KINDS:
            found = folder.joinpath(*end)
            if found.is_file() and sha256_of(found) == sha256:
                return "/".join(end)
    return None


class _StretchUsed(msgspec.Struct):
    """Limits of an image, in the units of its values; none where it was taken as it is."""

    low: tuple[float, float, float] | None = None
    high: tuple[float, float, float] | None = None


class _ImageUsed(msgspec.Struct):
    """Facts of how an image was read."""

    bands: tuple[int, int, int]
    stretch: _StretchUsed


class _ReadingUsed(msgspec.Struct):
    """Facts of how the images were read."""

    images: dict[str, _ImageUsed]
