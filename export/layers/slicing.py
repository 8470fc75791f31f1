"""Slices of values, as Python writes them between square brackets."""

from __future__ import annotations

from typing import Any, NamedTuple

from landslip.export.layers import values
from landslip.export.layers.layer_kind import Kind, Shape, Shapes
from landslip.export.layers.values import Options

_AXES = 5
"""Most axes of a slice, the batch included."""
_REST = "..."
"""Stands for the axes that a slice does not tell of."""


class Span(NamedTuple):
    """Part of an axis, as Python's slice."""

    start: int | None = None
    stop: int | None = None
    step: int | None = None


_WHOLE = Span()


def _read_slice(options: Options) -> Options:
    given = options["key"]
    parts = [_part(each) for each in (given if isinstance(given, list) else [given])]
    if len(parts) > _AXES or parts.count(_REST) > 1:
        raise ValueError(f"key {given!r}")
    batch = parts[0] if parts else _WHOLE
    if batch != _REST and (
        not isinstance(batch, Span) or batch not in {_WHOLE, Span(0), Span(step=1), Span(0, None, 1)}
    ):
        raise ValueError(f"a slice of the batch: {given[0] if isinstance(given, list) else given!r}")
    return {"key": tuple(parts)}


def _part(value: Any) -> Span | int | str | None:
    """A span, the number of a place, the rest, or None for a new axis."""
    if value is None:
        return None
    if isinstance(value, dict) and value.get("class_name") == "__ellipsis__":
        return _REST
    if isinstance(value, dict):
        return _span(value["config"] if value.get("class_name") == "__slice__" else value)
    return values.integer(value, -values.MAX_UNITS, values.MAX_UNITS, "key")


def _span(value: Any) -> Span:
    if not isinstance(value, dict) or set(value) != set(Span._fields):
        raise ValueError(f"key {value!r}")
    most = values.MAX_UNITS
    span = Span(
        *(end if end is None else values.integer(end, -most, most, "key") for end in map(value.get, Span._fields))
    )
    backwards = span.step is not None and span.step < 0
    if span.step == 0 or (backwards and span != Span(step=-1)):
        raise ValueError(f"a step of {span.step}")
    return span


def whole(key: tuple[Span | int | str | None, ...], rank: int) -> list[Span | int | None]:
    """A key that tells of every axis.

    Args:
        key: as read.
        rank: how many axes there are, with the batch.
    """
    told = sum(part is not None and part != _REST for part in key)
    if told > rank:
        raise ValueError(f"a key of {told} axes for an input of {rank}, the batch included")
    rest: list[Span | int | None] = [_WHOLE] * (rank - told)
    spread = key if _REST in key else (*key, _REST)
    at = spread.index(_REST)
    before, after = ([part for part in side if not isinstance(part, str)] for side in (spread[:at], spread[at + 1 :]))
    return [*before, *rest, *after]


def _sliced(options: Options, shapes: Shapes) -> Shape:
    sizes = iter(shapes[0])
    result: list[int | None] = []
    for part in whole(options["key"], len(shapes[0]) + 1)[1:]:
        if part is None:
            result.append(1)
        elif isinstance(part, Span):
            result.append(_left(part, next(sizes)))
        else:
            _check_place(part, next(sizes))
    return tuple(result)


def _left(span: Span, size: int | None) -> int | None:
    if size is None:
        return None
    left = len(range(*slice(*span).indices(size)))
    if not left:
        raise ValueError(f"a slice {span.start}:{span.stop}:{span.step} of {size}, which is empty")
    return left


def _check_place(place: int, size: int | None) -> None:
    if size is not None and not -size <= place < size:
        raise ValueError(f"the place {place} of {size}")


KINDS: dict[str, Kind] = {"Slice": Kind(_read_slice, _sliced)}
"""Kinds by the names that :mod:`landslip.export.topology.operations` gives them."""
