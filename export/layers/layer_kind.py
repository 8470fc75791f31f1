"""Knowledge of a layer class: how to read its settings, what it gives, and which weights it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from landslip.export.layers.values import Options

Shape = tuple[int | None, ...]
"""Dimensions of a value without the batch: (rows, cols, bands) of an image. None is open."""

Shapes = Sequence[Shape]


class SizeNeededError(ValueError):
    """A layer is made for one size, and the size is open."""


def _no_weights(_: Options, __: Shape) -> dict[str, Shape]:
    return {}


def same(_: Options, shapes: Shapes) -> Shape:
    """The shape of what goes in."""
    return shapes[0]


@dataclass(frozen=True)
class Kind:
    """A layer class that can be rebuilt. All functions raise ValueError, TypeError or KeyError for what they refuse."""

    read: Callable[[Options], Options]
    """Reader that turns the saved config into checked constructor arguments: numbers, flags, words that change results.
    Everything else (initialisers, regularisers, dtypes, keys of other Keras versions) is dropped unread."""
    result: Callable[[Options, Shapes], Shape] = same
    """Shape of the result, from checked options and the shapes that go in."""
    weights: Callable[[Options, Shape], dict[str, Shape]] = _no_weights
    """Name and shape of each weight, in the order in which Keras keeps them."""
    merges: bool = False
    """True if the layer takes two or more values, and not one."""
    weights_are_arguments: bool = False
    """True if the weights are passed to the constructor under their names, and not set later."""
    initializers: tuple[str, ...] = ()
    """Constructor arguments to set to zeros: the cheapest start, as the weights are set right after."""


def image(shape: Shape) -> tuple[int | None, int | None, int]:
    """The rows, columns and bands of an image."""
    if len(shape) != 3 or shape[2] is None:
        raise ValueError(f"an input of shape {shape}, which is no image")
    return shape[0], shape[1], shape[2]


def known(shape: Shape) -> tuple[int, ...]:
    """A shape without open dimensions.

    Raises:
        SizeNeededError: one is open.
    """
    sizes = tuple(size for size in shape if size is not None)
    if len(sizes) != len(shape):
        raise SizeNeededError(f"an input of open size {shape}")
    return sizes


def last_axis(shape: Shape) -> int:
    """The size of the last axis."""
    if not shape or shape[-1] is None:
        raise SizeNeededError(f"an input of open size {shape}")
    return shape[-1]


def position(axis: int, shape: Shape) -> int:
    """An axis that counts the batch, or counts from the end, as a position in a shape without the batch."""
    found = axis - 1 if axis > 0 else len(shape) + axis
    if axis == 0 or not 0 <= found < len(shape):
        raise ValueError(f"axis {axis} of an input of shape {shape}")
    return found
