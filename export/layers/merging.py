"""Layers that make one value of several."""

from __future__ import annotations

from landslip.export.layers import values
from landslip.export.layers.layer_kind import Kind, Shape, Shapes, position
from landslip.export.layers.values import Options


def _read_nothing(_: Options) -> Options:
    return {}


def _read_concatenate(options: Options) -> Options:
    axis = values.axis(options.get("axis", -1))
    return {} if axis == -1 else {"axis": axis}


def broadcast(_: Options, shapes: Shapes) -> Shape:
    """The shape of values of the same size, where a size of 1 goes with any; Keras puts what is missing in front."""
    rank = max(len(shape) for shape in shapes)
    whole = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    return tuple(_common(sizes, shapes) for sizes in zip(*whole, strict=True))


def _common(sizes: tuple[int | None, ...], shapes: Shapes) -> int | None:
    found = {size for size in sizes if size != 1}
    if len(found - {None}) > 1:
        raise ValueError(f"inputs of shapes {', '.join(map(str, shapes))}")
    # An open size goes with a known one only if they turn out equal.
    return next((size for size in found if size is not None), None) if found else 1


def _two(options: Options, shapes: Shapes) -> Shape:
    if len(shapes) != 2:
        raise ValueError(f"{len(shapes)} inputs where two belong")
    return broadcast(options, shapes)


def _joined(options: Options, shapes: Shapes) -> Shape:
    first = shapes[0]
    along = position(options.get("axis", -1), first)
    if any(len(shape) != len(first) for shape in shapes):
        raise ValueError(f"inputs of shapes {', '.join(map(str, shapes))}")
    sizes = [shape[along] for shape in shapes]
    total = None if None in sizes else sum(size for size in sizes if size is not None)
    rest = [shape[:along] + shape[along + 1 :] for shape in shapes]
    others = [_equal(each, shapes) for each in zip(*rest, strict=True)]
    return (*others[:along], total, *others[along:])


def _equal(sizes: tuple[int | None, ...], shapes: Shapes) -> int | None:
    found = {size for size in sizes if size is not None}
    if len(found) > 1:
        raise ValueError(f"inputs of shapes {', '.join(map(str, shapes))}")
    return found.pop() if found else None


_ELEMENTWISE = Kind(_read_nothing, broadcast, merges=True)

KINDS: dict[str, Kind] = {
    "Add": _ELEMENTWISE,
    "Average": _ELEMENTWISE,
    "Concatenate": Kind(_read_concatenate, _joined, merges=True),
    "Maximum": _ELEMENTWISE,
    "Minimum": _ELEMENTWISE,
    "Multiply": _ELEMENTWISE,
    "Subtract": Kind(_read_nothing, _two, merges=True),
}
"""Kinds by Keras class name."""
