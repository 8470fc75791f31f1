"""Normalisation of each value by its neighbours in the same image."""

from __future__ import annotations

from landslip.export.layers import values
from landslip.export.layers.layer_kind import Kind, Shape, Shapes, known, last_axis, position
from landslip.export.layers.values import Options


def _read_norm(options: Options) -> Options:
    epsilon = values.number(options.get("epsilon", 0.001), "epsilon", 0.0, 1.0)
    if not epsilon:
        raise ValueError(f"epsilon {epsilon}")
    return {"epsilon": epsilon, **{key: values.flag(options, key, True) for key in ("center", "scale")}}


def _learnt(options: Options, shape: tuple[int, ...]) -> dict[str, Shape]:
    return {name: shape for name, key in (("gamma", "scale"), ("beta", "center")) if options[key]}


def _read_layer_norm(options: Options) -> Options:
    values.only(options, "rms_scaling", False)
    given = options.get("axis", -1)
    axes = [values.axis(each) for each in (given if isinstance(given, list) else [given])]
    if not axes:
        raise ValueError(f"axis {given!r}")
    return {"axis": axes, **_read_norm(options)}


def _layer_norm_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    places = [position(axis, shape) for axis in options["axis"]]
    if places != sorted(set(places)):
        raise ValueError(f"axis {options['axis']}")
    return _learnt(options, known(tuple(shape[place] for place in places)))


def _layer_normalised(options: Options, shapes: Shapes) -> Shape:
    _layer_norm_weights(options, shapes[0])
    return shapes[0]


def _read_group_norm(options: Options) -> Options:
    groups = values.integer(options.get("groups", 32), -1, values.MAX_FILTERS, "groups")
    if not groups:
        raise ValueError(f"groups {groups}")
    return {"groups": groups, "axis": values.axis(options.get("axis", -1)), **_read_norm(options)}


def _group_norm_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    return _learnt(options, (last_axis(shape),))


def _group_normalised(options: Options, shapes: Shapes) -> Shape:
    bands, groups = last_axis(shapes[0]), options["groups"]
    if position(options["axis"], shapes[0]) != len(shapes[0]) - 1:
        raise ValueError(f"axis {options['axis']}, which are not the bands")
    if groups > 0 and bands % groups:
        raise ValueError(f"groups {groups} of {bands} bands")
    return shapes[0]


KINDS: dict[str, Kind] = {
    "GroupNormalization": Kind(_read_group_norm, _group_normalised, _group_norm_weights),
    "LayerNormalization": Kind(_read_layer_norm, _layer_normalised, _layer_norm_weights),
}
"""Kinds by Keras class name."""
