"""Single operations that are no layers of Keras: sums and the like, with values or constants, and types."""

from __future__ import annotations

from landslip.export.layers import values
from landslip.export.layers.dtypes import check_floating
from landslip.export.layers.layer_kind import Kind, Shape, Shapes, image
from landslip.export.layers.merging import broadcast
from landslip.export.layers.resampling import RESIZING
from landslip.export.layers.values import Options

BINARY = ("add", "divide", "maximum", "minimum", "multiply", "subtract")
"""Functions of two values."""
SIDES = ("x", "y")
"""The first and second of them; the one that is a constant is among the options."""


def _read_arithmetic(options: Options) -> Options:
    constants = {side: values.array(options[side], side) for side in SIDES if side in options}
    return {"function": values.one_of(options, "function", *BINARY), **constants}


def _computed(options: Options, shapes: Shapes) -> Shape:
    constants = [values.extent(options[side]) for side in SIDES if side in options]
    if len(shapes) + len(constants) != len(SIDES):
        raise ValueError(f"{len(shapes)} inputs and {len(constants)} constants")
    rank = len(shapes[0])
    # TensorFlow adds missing axes in front of the batch, so that the batch would meet the rows.
    if any(len(shape) != rank for shape in shapes):
        raise ValueError(f"inputs of shapes {', '.join(map(str, shapes))}")
    for extent in constants:
        if len(extent) > rank + 1 or (len(extent) == rank + 1 and extent[0] != 1):
            raise ValueError(f"a constant of shape {extent} for an input of shape {shapes[0]}")
    return broadcast(options, [*shapes, *(extent[-rank:] if extent else () for extent in constants)])


def _read_nothing(_: Options) -> Options:
    return {}


def _read_cast(options: Options) -> Options:
    check_floating(options)
    return {}


def _read_blocks(options: Options) -> Options:
    values.one_of(options, "data_format", "NHWC", "channels_last", default="NHWC")
    return {"block_size": values.integer(options["block_size"], 2, values.MAX_SPATIAL, "block_size")}


def _unpacked(options: Options, shapes: Shapes) -> Shape:
    (rows, cols, bands), block = image(shapes[0]), options["block_size"]
    if bands % block**2:
        raise ValueError(f"blocks of {block} x {block} for {bands} bands")
    return rows if rows is None else rows * block, cols if cols is None else cols * block, bands // block**2


KINDS: dict[str, Kind] = {
    "Absolute": Kind(_read_nothing),
    "Arithmetic": Kind(_read_arithmetic, _computed),
    "Cast": Kind(_read_cast),
    "DepthToSpace": Kind(_read_blocks, _unpacked),
    "Resize": RESIZING,
}
"""Kinds by the names that :mod:`landslip.export.topology.operations` gives them."""
