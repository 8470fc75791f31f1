"""SPEC.toml: what a model file does not say, so that ``landslip map`` can run any network that maps landslides.

.. code-block:: toml

    tile = 128                  # pixels; the size the network was trained with
    multiple = 16               # tile sizes have to be multiples of this; that of ``tile`` if not given
    resolution = 10.0           # metres per pixel it was trained with

    [[inputs]]                  # one for each input of the deployed graph, in this order
    role = "post"               # image that bands without a date are of; or a layer of terrain
    feeds = "image"             # the network's input, by name or position; tables that feed one are joined
    bands = ["blue", "green", "red", "nir", "slope", "dem"]
    unit = "reflectance"        # rgb8, reflectance or dn; terrain is in degrees and metres
    divisor = 0.3               # the network gets value / divisor + offset: a number, or one for each band
    offset = 0.0                # for (value - mean) / std give std, and -mean / std

    [[outputs]]
    activation = "softmax"      # where the network gives logits
    classes = ["background", "debris flow", "rock fall"]
    landslide = ["debris flow", "rock fall"]

``docs/reference/spec-toml.md`` explains each key, and ``docs/examples/specs`` has ten files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from landslip.export.specification.description import Description
from landslip.export.specification.spec_inputs import OUTPUT_NAME, inputs_of
from landslip.export.specification.spec_outputs import output_of
from landslip.export.specification.spec_tables import INPUT_KEYS, KEYS, OUTPUT_KEYS, ModelTable
from landslip.runtime.artifacts.channels import ImageBand, leaves
from landslip.runtime.artifacts.spec import InputSpec, ModelSpec
from landslip.runtime.errors import InputError
from landslip.runtime.untrusted.toml_file import read_toml
from landslip.runtime.untrusted.typed_values import UnfitError, typed

__all__ = ["INPUT_KEYS", "KEYS", "OPEN", "OUTPUT_KEYS", "read_description"]

OPEN = "?"
"""Value of what is still to be filled in, in a file that ``landslip describe`` printed."""

_DEEPEST = 6
"""Tables and lists within each other; those of a description are fewer."""
_FEW = 6
"""Places of open values that a message names."""


def read_description(path: Path, model: Path) -> Description:
    """Read what feeds a network and what its answer means.

    Args:
        path: the file.
        model: the file of the network it describes, whose name is used where the description gives none.

    Raises:
        InputMissingError: there is no such file.
        InputError: a key is unknown or missing, or its value is out of range.
    """
    raw = read_toml(path, "a model", "tile = 256")
    try:
        _check_filled(raw)
        table: ModelTable = typed(raw, ModelTable, plain=True)
        served, classes, band = output_of(table)
        spec = _spec(table, model, classes)
        spec.check()
    except UnfitError as error:
        raise InputError(f"{path}: {error}", where=path) from error
    except ValueError as error:
        raise InputError(f"{path}: {error}.", where=path) from error
    return Description(spec, tuple(entry.feeds for entry in table.inputs), band, served)


def _spec(table: ModelTable, model: Path, classes: Any) -> ModelSpec:
    multiple = table.tile if table.multiple is None else table.multiple
    if multiple > table.tile:
        raise UnfitError(f"multiple is {multiple}; give a whole number from 1 to {table.tile}.")
    inputs = inputs_of(table.inputs)
    return ModelSpec(
        name=model.stem if table.name is None else table.name,
        inputs=inputs,
        output=OUTPUT_NAME,
        tile=table.tile,
        multiple=multiple,
        resolution=table.resolution,
        threshold=table.threshold,
        meaning=_meaning(inputs) if table.meaning is None else table.meaning,
        source=f"exported from {model.name}" if table.source is None else table.source,
        notice=table.notice or "",
        classes=classes,
    )


def _meaning(inputs: tuple[InputSpec, ...]) -> str:
    """Meaning of the output where the file does not say it: only who sees both images knows when a slope failed."""
    shown = [leaf for entry in inputs for channel in entry.shows for leaf in leaves(channel)]
    dates = {leaf.date for leaf in shown if isinstance(leaf, ImageBand)}
    return "confidence that the slope failed between the two images" if len(dates) == 2 else "confidence of a landslide"


def _check_filled(raw: dict[str, Any]) -> None:
    places = list(dict.fromkeys(_open(raw, "")))
    if places:
        more = f" and {len(places) - _FEW} more" if len(places) > _FEW else ""
        raise UnfitError(
            f"{', '.join(places[:_FEW])}{more} {'is' if len(places) == 1 else 'are'} still {OPEN!r}; fill in what the "
            "network was trained with."
        )


def _open(value: Any, where: str, depth: int = 0) -> Iterator[str]:
    """Places of values that are still to be filled in."""
    if value == OPEN:
        yield where
    elif isinstance(value, dict) and depth < _DEEPEST:
        for key in (*KEYS, *INPUT_KEYS, *OUTPUT_KEYS):
            yield from _open(value.get(key), f"{where}.{key}".removeprefix("."), depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for number, inner in enumerate(value):
            yield from _open(inner, f"{where}[{number}]", depth + 1)
