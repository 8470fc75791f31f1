"""Layers that lay values out anew, and the inputs, which say how they are laid out at first."""

from __future__ import annotations

import math
from typing import Any

from landslip.export.layers import values
from landslip.export.layers.dtypes import takes_integers
from landslip.export.layers.layer_kind import Kind, Shape, Shapes, known
from landslip.export.layers.values import Options


def _read_input(options: Options) -> Options:
    # Keras 3 calls it batch_shape.
    shape = input_shape(options.get("batch_input_shape", options.get("batch_shape")))
    return {"shape": shape, "integers": takes_integers(options)}


def input_shape(value: Any) -> Shape:
    """A shape that a file gives with its batch, without it; only its last axis has to be known."""
    if not isinstance(value, list) or not 2 <= len(value) <= 4:
        raise ValueError(f"input shape {value}")
    inner = tuple(size if size is None else values.integer(size, 1, values.MAX_UNITS, "size") for size in value[1:-1])
    return (*inner, values.integer(value[-1], 1, values.MAX_UNITS, "bands"))


def _declared(options: Options, _: Shapes) -> Shape:
    shape: Shape = options["shape"]
    return shape


def _read_flatten(options: Options) -> Options:
    values.bands_last(options)
    return {}


def _flat(_: Options, shapes: Shapes) -> Shape:
    return (math.prod(known(shapes[0])),)


def _read_reshape(options: Options) -> Options:
    target = options["target_shape"]
    if not isinstance(target, list) or not 1 <= len(target) <= 4:
        raise ValueError(f"target_shape {target!r}")
    sizes = tuple(values.integer(size, -1, values.MAX_UNITS, "target_shape") for size in target)
    if 0 in sizes or sizes.count(-1) > 1:
        raise ValueError(f"target_shape {target!r}")
    return {"target_shape": sizes}


def _reshaped(options: Options, shapes: Shapes) -> Shape:
    target: tuple[int, ...] = options["target_shape"]
    count, rest = math.prod(known(shapes[0])), math.prod(size for size in target if size != -1)
    if count % rest or (-1 not in target and count != rest):
        raise ValueError(f"target_shape {target} for an input of shape {shapes[0]}")
    return tuple(count // rest if size == -1 else size for size in target)


def _read_permute(options: Options) -> Options:
    dims = options["dims"]
    if not isinstance(dims, list) or not 1 <= len(dims) <= 4 or sorted(dims) != list(range(1, len(dims) + 1)):
        raise ValueError(f"dims {dims!r}")
    return {"dims": tuple(dims)}


def _permuted(options: Options, shapes: Shapes) -> Shape:
    dims = options["dims"]
    if len(dims) != len(shapes[0]):
        raise ValueError(f"dims {dims} for an input of shape {shapes[0]}")
    return tuple(shapes[0][dim - 1] for dim in dims)


KINDS: dict[str, Kind] = {
    "Flatten": Kind(_read_flatten, _flat),
    "InputLayer": Kind(_read_input, _declared),
    "Permute": Kind(_read_permute, _permuted),
    "Reshape": Kind(_read_reshape, _reshaped),
}
"""Kinds by Keras class name."""
