"""SPEC.toml: what a model file does not say, so that ``landslip map`` can run any network that maps landslides.

.. code-block:: toml

    tile = 256                  # pixels; the size the network was trained with
    multiple = 16               # tile sizes have to be multiples of this; that of ``tile`` if not given
    resolution = 10.0           # metres per pixel it was trained with
    output_band = 1             # of a softmax over two classes, the band that means landslide

    [[inputs]]                  # one for each raster, in this order
    role = "pre"                # pre, post, hillshade or slope
    feeds = "image"             # the network's input, by name or position; rasters that feed one are joined
    divisor = [58.4, 57.1, 57.4]    # the network gets value / divisor + offset: a number, or one for each band
    offset = [-2.12, -2.04, -1.80]  # for (value - mean) / std give std, and -mean / std

    [[inputs]]
    role = "slope"
    feeds = "terrain"
    divisor = 90.0

Also: ``name``, ``threshold`` (0.5), ``meaning`` and ``source`` (texts), and ``notice``, a sentence that is said with
every map. What is fed is the same for every network: images of three bands and hillshade as 8-bit numbers from 0 to
255, slope in degrees. ``bands``, ``dtype`` and ``unit`` of an input may repeat that; anything else is refused, since
the map would be made from other values.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from landslip.export.specification.description import Description
from landslip.runtime.artifacts.spec import (
    FED,
    LARGEST,
    MAX_BANDS,
    MAX_TEXT,
    MAX_TILE,
    Dtype,
    InputSpec,
    ModelSpec,
    PerBand,
    Role,
)
from landslip.runtime.errors import InputError
from landslip.runtime.untrusted.printable import shown
from landslip.runtime.untrusted.toml_file import read_toml
from landslip.runtime.untrusted.typed_values import UnfitError, typed

Text = Annotated[str, Meta(max_length=MAX_TEXT, description=f"a text of up to {MAX_TEXT} characters on one line")]
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Numbers = Annotated[
    Number | tuple[Number, ...], Meta(description=f"a number, or a list of one for each band, up to {LARGEST:g}")
]
InputOfNetwork = Annotated[
    Annotated[int, Meta(ge=0)] | str, Meta(description="the name or position (0, 1 …) of an input of the network")
]


@dataclass(frozen=True)
class InputTable:
    """Table of an input in a file; the docstring of this module explains each key."""

    role: Role
    feeds: InputOfNetwork = 0
    bands: Annotated[int, Meta(ge=1, le=MAX_BANDS)] | None = None
    dtype: Dtype | None = None
    unit: Text | None = None
    divisor: Numbers | None = None
    offset: Numbers | None = None


Inputs = Annotated[
    tuple[InputTable, ...],
    Meta(min_length=1, max_length=len(FED), description=f"from one to {len(FED)} tables [[inputs]]"),
]


@dataclass(frozen=True, kw_only=True)
class ModelTable:
    """Table of a model in a file."""

    name: Text | None = None
    meaning: Text = "confidence that the slope failed between the two images"
    source: Text | None = None
    notice: Text | None = None
    tile: Annotated[int, Meta(ge=1, le=MAX_TILE)]
    multiple: Annotated[int, Meta(ge=1, le=MAX_TILE)] | None = None
    resolution: Annotated[float, Meta(ge=0.01, le=10_000.0)]
    threshold: Annotated[float, Meta(ge=0.001, le=0.999)] = 0.5
    output_band: Annotated[int, Meta(ge=0, le=MAX_BANDS - 1)] | None = None
    inputs: Inputs


KEYS = tuple(field.name for field in fields(ModelTable))
"""Keys that a file may give for a model."""
INPUT_KEYS = tuple(field.name for field in fields(InputTable))
"""Keys that a file may give for an input."""


def read_description(path: Path, model: Path) -> Description:
    """Read what feeds a network and what its answer means.

    Args:
        path: the file.
        model: the Keras file it describes, whose name is used where the file gives none.

    Raises:
        InputMissingError: there is no such file.
        InputError: a key is unknown or missing, or its value is out of range.
    """
    raw = read_toml(path, "a model", "tile = 256")
    try:
        table: ModelTable = typed(raw, ModelTable, plain=True)
        spec = _spec(table, model)
        spec.check()
    except UnfitError as error:
        raise InputError(f"{path}: {error}", where=path) from error
    except ValueError as error:
        raise InputError(f"{path}: {error}.", where=path) from error
    return Description(spec, tuple(entry.feeds for entry in table.inputs), table.output_band)


def _spec(table: ModelTable, model: Path) -> ModelSpec:
    multiple = table.tile if table.multiple is None else table.multiple
    if multiple > table.tile:
        raise UnfitError(f"multiple is {multiple}; give a whole number from 1 to {table.tile}.")
    return ModelSpec(
        name=model.stem if table.name is None else table.name,
        inputs=tuple(_input(entry, f"inputs[{number}]") for number, entry in enumerate(table.inputs)),
        output="confidence",
        tile=table.tile,
        multiple=multiple,
        resolution=table.resolution,
        threshold=table.threshold,
        meaning=table.meaning,
        source=f"exported from {model.name}" if table.source is None else table.source,
        notice=table.notice or "",
    )


def _input(table: InputTable, where: str) -> InputSpec:
    usual = FED[table.role]
    bands = usual.bands if table.bands is None else table.bands
    divisor = _per_band(table.divisor, bands, usual.divisor, f"{where}.divisor")
    if 0 in (divisor if isinstance(divisor, tuple) else (divisor,)):
        raise UnfitError(
            f"{where}.divisor is {shown(divisor)}; give numbers other than 0, which values are divided by."
        )
    entry = InputSpec(
        table.role,
        bands,
        table.dtype or usual.dtype,
        table.unit or usual.unit,
        divisor,
        _per_band(table.offset, bands, usual.offset, f"{where}.offset"),
    )
    if entry.objection is not None:
        raise UnfitError(f"{where}: {entry.objection}.")
    return entry


def _per_band(stated: PerBand | None, bands: int, usual: PerBand, where: str) -> PerBand:
    if isinstance(stated, tuple) and len(stated) != bands:
        raise UnfitError(f"{where} is {shown(stated)}; give a number, or a list of {bands} numbers.")
    return usual if stated is None else stated
