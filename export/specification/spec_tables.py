"""Tables of SPEC.toml: their keys, and what each may hold. ``docs/reference/spec-toml.md`` explains every key."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

from landslip.export.specification.description import Activation
from landslip.runtime.artifacts.channels import MAX_BAND, Date, Terrain
from landslip.runtime.artifacts.spec import LARGEST, MAX_BANDS, MAX_CLASSES, MAX_INPUTS, MAX_TEXT, MAX_TILE, Dtype

Text = Annotated[str, Meta(max_length=MAX_TEXT, description=f"a text of up to {MAX_TEXT} characters on one line")]
Number = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Numbers = Annotated[
    Number | tuple[Number, ...], Meta(description=f"a number, or a list of one for each band, up to {LARGEST:g}")
]
Clip = Annotated[
    tuple[Number | tuple[Number, ...], ...],
    Meta(
        min_length=1,
        max_length=MAX_BANDS,
        description="the smallest and the largest value, as [0.0, 0.3], or a list of such pairs, one for each band",
    ),
]
Place = Annotated[
    Annotated[int, Meta(ge=0)] | str, Meta(description="the name or position (0, 1 …) of an input of the network")
]
OutputPlace = Annotated[
    Annotated[int, Meta(ge=0)] | str, Meta(description="the name or position (0, 1 …) of an output of the network")
]
Band = Annotated[
    Annotated[int, Meta(ge=1, le=MAX_BAND)] | str,
    Meta(description=f"the name of a band, its number in the file from 1 to {MAX_BAND}, or a formula"),
]
Bands = Annotated[
    Annotated[int, Meta(ge=1, le=MAX_BANDS)] | tuple[Band, ...],
    Meta(description=f"their number from 1 to {MAX_BANDS}, or a list of bands"),
]
FeedRole = Annotated[Date | Terrain, Meta(description="'pre', 'post', 'hillshade', 'slope', 'dem' or 'aspect'")]
Unit: TypeAlias = Literal["rgb8", "8-bit", "reflectance", "dn", "degree", "metre"]
UnitOfInput = Annotated[
    Unit,
    Meta(
        description="for bands of images 'rgb8' (a picture of 0 to 255), 'reflectance' (0 to 1) or 'dn' (the numbers "
        "of the file); landslip feeds slope and aspect in 'degree', elevation in 'metre'"
    ),
]
OutputBand = Annotated[int, Meta(ge=0, le=MAX_BANDS - 1)]


@dataclass(frozen=True)
class InputTable:
    """Table of an input."""

    role: FeedRole | None = None
    feeds: Place = 0
    bands: Bands | None = None
    name: Text | None = None
    unit: UnitOfInput | None = None
    dtype: Dtype | None = None
    divisor: Numbers | None = None
    offset: Numbers | None = None
    clip: Clip | None = None


@dataclass(frozen=True)
class OutputTable:
    """Table of the output."""

    output: OutputPlace | None = None
    activation: Activation = "none"
    classes: (
        Annotated[
            tuple[Text, ...],
            Meta(min_length=2, max_length=MAX_CLASSES, description=f"a list of 2 to {MAX_CLASSES} names"),
        ]
        | None
    ) = None
    landslide: (
        Annotated[Text | tuple[Text, ...], Meta(description="the name of a class, or a list of names")] | None
    ) = None
    class_map: bool | None = None
    band: OutputBand | None = None


Inputs = Annotated[
    tuple[InputTable, ...],
    Meta(min_length=1, max_length=MAX_INPUTS, description=f"from one to {MAX_INPUTS} tables [[inputs]]"),
]
Outputs = Annotated[
    tuple[OutputTable, ...],
    Meta(min_length=1, max_length=1, description="one table [[outputs]]: landslip maps one output of a network"),
]


@dataclass(frozen=True, kw_only=True)
class ModelTable:
    """Table of a model: the whole file."""

    name: Text | None = None
    meaning: Text | None = None
    source: Text | None = None
    notice: Text | None = None
    tile: Annotated[int, Meta(ge=1, le=MAX_TILE)]
    multiple: Annotated[int, Meta(ge=1, le=MAX_TILE)] | None = None
    resolution: Annotated[float, Meta(ge=0.01, le=10_000.0)]
    threshold: Annotated[float, Meta(ge=0.001, le=0.999)] = 0.5
    output_band: OutputBand | None = None
    inputs: Inputs
    outputs: Outputs | None = None


KEYS = tuple(field.name for field in fields(ModelTable))
"""Keys that a file may give for a model."""
INPUT_KEYS = tuple(field.name for field in fields(InputTable))
"""Keys that a file may give for an input."""
OUTPUT_KEYS = tuple(field.name for field in fields(OutputTable))
"""Keys that a file may give for the output."""
