"""Inputs of a run as its record names them, so that they can be opened again as the run has opened them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from landslip.runtime.access.location import Location, exists, located
from landslip.runtime.artifacts.channels import ImageBand, Relief, leaves
from landslip.runtime.artifacts.input_spec import InputSpec
from landslip.runtime.declared.mask_choice import MASK_OPTIONS
from landslip.runtime.errors import InputError, InputMissingError, UsageError
from landslip.runtime.inputs.read_options import ReadOptions
from landslip.runtime.inputs.scene_files import SceneFiles
from landslip.runtime.run.finished_run import FinishedRun
from landslip.runtime.run.product_names import RECORD
from landslip.runtime.run.record_types import InputTaken
from landslip.runtime.untrusted.printable import printable

_NAME = 60
_OF_IMAGES = ("pre", "post", "aoi")
"""Roles that decide where a map lies and what its images show."""


def describe_opening(reading: ReadOptions, out: Path, inputs: Sequence[InputSpec] = ()) -> dict[str, Any]:
    """The ``opened`` entry of a record: where relative paths start, and the options that are not the usual ones.

    Args:
        reading: how the inputs were read.
        out: folder of the results.
        inputs: what the network takes; those of images are told where they are no pictures, since they decide what is
            read of which file.
    """
    channels = [entry for entry in inputs if any(isinstance(leaf, ImageBand) for leaf in _leaves(entry))]
    takes = [
        {"name": entry.name, "unit": entry.unit, "channels": list(map(str, entry.shows))}
        for entry in channels
        if any(other.picture is None for other in channels)
    ]
    usual = asdict(ReadOptions())
    try:
        folder = Path(os.path.relpath(Path.cwd(), out.resolve())).as_posix()
    except (OSError, ValueError):  # on Windows, another drive
        folder = str(Path.cwd())
    return {
        "folder": folder,
        "options": {name: value for name, value in asdict(reading).items() if value != usual[name]},
        **({"takes": takes} if takes else {}),
    }


@dataclass(frozen=True)
class TakenInputs:
    """Inputs that a network took of images, by the record of a run."""

    inputs: tuple[InputSpec, ...]
    """Name, unit and channels of each; what else a network has is not known."""


def taken_inputs(run: FinishedRun) -> TakenInputs | None:
    """Inputs that the network of a run took of its images; None where those were pictures.

    Raises:
        InputError: the record is damaged.
    """
    if run.record.opened is None or not run.record.opened.takes:
        return None
    try:
        return TakenInputs(tuple(map(_input_of, run.record.opened.takes)))
    except ValueError as error:
        raise _damaged(run, error) from error


def _input_of(taken: InputTaken) -> InputSpec:
    entry = InputSpec(taken.name, len(taken.channels), "float32", taken.unit, 1.0, 0.0, taken.channels)
    entry.check()
    return entry


def _leaves(entry: InputSpec) -> Iterator[ImageBand | Relief]:
    for channel in entry.shows:
        yield from leaves(channel)


def image_files(run: FinishedRun) -> SceneFiles:
    """Images and area of interest of a run, by the paths in its record.

    Raises:
        InputError: the record does not say how they were read.
    """
    record, path = run.record, run.path(RECORD)
    if record.opened is None:
        raise InputError(
            f"{path} does not say how its images were read: an earlier version has written it.",
            "Give them again with `scene`, or map the scene again.",
            where=path,
        )
    gone = next((entry for entry in record.inputs if entry.role in _OF_IMAGES and entry.in_memory is not None), None)
    if gone is not None and gone.in_memory is not None:
        shape, dtype = " x ".join(map(str, gone.in_memory.shape)), printable(gone.in_memory.dtype, _NAME)
        raise InputMissingError(
            f"{gone.role}: the image of {path} lay in the memory of a program ({printable(gone.path, _NAME)}, "
            f"{shape}, {dtype}), and is gone.",
            "Give the scene again with `scene`, from Python: make_products(out, scene=SceneFiles(…)).",
            where=gone.path,
            option="scene",
        )
    base = run.folder / record.opened.folder
    found: dict[str, list[Location]] = {}
    for entry in record.inputs:
        if entry.role in _OF_IMAGES:
            found.setdefault(entry.role, []).append(_place_of(entry.path, base))
    try:
        return SceneFiles(**_by_role(found), reading=_read_options(run))
    except UsageError as error:
        raise _damaged(run, error) from error


def images_given(run: FinishedRun, files: SceneFiles) -> SceneFiles:
    """Images and area of interest of files that are given again, read as the record says.

    Raises:
        InputError: the record is damaged.
    """
    if run.record.opened is not None:
        options = _read_options(run)
    else:
        options = _of_images({name: value for name, value in asdict(files.reading).items() if name not in _OTHERS})
    # What the model did not take is not among the inputs of the run.
    roles = {entry.role for entry in run.record.inputs}
    return SceneFiles(**{role: getattr(files, role) for role in _OF_IMAGES if role in roles}, reading=options)


_OTHERS = frozenset({"product_mask", "dem_nodata", "dem_unit", "fill_voids", *MASK_OPTIONS})
"""Options that say how to read what is no image."""


def _read_options(run: FinishedRun) -> ReadOptions:
    """Options of a record, those of images alone.

    Raises:
        InputError: they are none, or of a later version.
    """
    try:
        return _parsed({} if run.record.opened is None else run.record.opened.options)
    except (UsageError, ValueError) as error:
        raise _damaged(run, error) from error


def _parsed(stored: Mapping[str, Any]) -> ReadOptions:
    unknown = sorted(stored.keys() - asdict(ReadOptions()).keys())
    if unknown:
        raise UsageError(f"The option {unknown[0]!r} is unknown")
    return _of_images({name: value for name, value in stored.items() if name not in _OTHERS})


def _of_images(wanted: Mapping[str, Any]) -> ReadOptions:
    return msgspec.convert({**wanted, "product_mask": False}, ReadOptions)


def _damaged(run: FinishedRun, error: Exception) -> InputError:
    path, said = run.path(RECORD), printable(str(error), 200)
    return InputError(
        f"{path} names inputs that cannot be opened ({said}): it was damaged or changed, or a later version wrote it.",
        "Copy the folder again, or install the version that it names.",
        where=path,
    )


def _by_role(found: Mapping[str, list[Location]]) -> dict[str, Any]:
    return {role: places[0] if len(places) == 1 else tuple(places) for role, places in found.items()}


def _place_of(text: str, base: Path) -> Location:
    """Place of an input: below the folder where relative paths started, or else below the working directory."""
    place = located(text, base)
    if isinstance(place, Path) and not exists(place) and not Path(text).is_absolute() and exists(Path(text)):
        return Path(text)
    return place
