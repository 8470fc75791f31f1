"""Layers that change each value by itself: activations and normalisation."""

from __future__ import annotations

from landslip.export.layers import values
from landslip.export.layers.layer_kind import Kind, Shape, Shapes, SizeNeededError, last_axis, position
from landslip.export.layers.values import Options


def _read_activation(options: Options) -> Options:
    return {"activation": values.activation(options)}


def _read_relu(options: Options) -> Options:
    read: Options = {
        "negative_slope": values.number(options.get("negative_slope", 0.0), "negative_slope", 0.0),
        "threshold": values.number(options.get("threshold", 0.0), "threshold", 0.0),
    }
    ceiling = options.get("max_value")
    return read if ceiling is None else {**read, "max_value": values.number(ceiling, "max_value", 0.0)}


def _read_leaky(options: Options) -> Options:
    # Keras 3 calls it negative_slope.
    return {"alpha": values.number(options.get("alpha", options.get("negative_slope", 0.3)), "alpha")}


def _read_elu(options: Options) -> Options:
    return {"alpha": values.number(options.get("alpha", 1.0), "alpha")}


def _read_thresholded(options: Options) -> Options:
    return {"theta": values.number(options.get("theta", 1.0), "theta", 0.0)}


def _read_softmax(options: Options) -> Options:
    return {"axis": values.axis(options.get("axis", -1))}


def _softmax(options: Options, shapes: Shapes) -> Shape:
    position(options["axis"], shapes[0])
    return shapes[0]


def _read_prelu(options: Options) -> Options:
    axes = options.get("shared_axes") or []
    if not isinstance(axes, list):
        raise ValueError(f"shared_axes {axes!r}")  # noqa: TRY004 - the file is at fault, not a caller
    return {"shared_axes": [values.integer(axis, 1, 3, "shared_axes") for axis in axes] or None}


def _prelu_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    shared = options["shared_axes"] or ()
    if any(axis > len(shape) for axis in shared):
        raise ValueError(f"shared_axes {shared} of an input of shape {shape}")
    alpha = tuple(1 if number in shared else size for number, size in enumerate(shape, start=1))
    if None in alpha:
        raise SizeNeededError(f"an input of open size {shape}")
    return {"alpha": alpha}


def _prelu(options: Options, shapes: Shapes) -> Shape:
    _prelu_weights(options, shapes[0])
    return shapes[0]


def _read_norm(options: Options) -> Options:
    epsilon = values.number(options["epsilon"], "epsilon", 0.0, 1.0)
    if not epsilon:
        raise ValueError(f"epsilon {epsilon}")
    axis = values.axis(options.get("axis", -1))
    read: Options = {"epsilon": epsilon, **{key: values.flag(options, key) for key in ("center", "scale")}}
    return read if axis == -1 else {**read, "axis": axis}


def _normalised(options: Options, shapes: Shapes) -> Shape:
    if position(options.get("axis", -1), shapes[0]) != len(shapes[0]) - 1:
        raise ValueError(f"axis {options['axis']}, which are not the bands")
    return shapes[0]


def _norm_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    learnt = [name for name, key in (("gamma", "scale"), ("beta", "center")) if options[key]]
    return dict.fromkeys([*learnt, "moving_mean", "moving_variance"], (last_axis(shape),))


def _read_rescaling(options: Options) -> Options:
    return {
        "scale": values.numbers(options["scale"], "scale"),
        "offset": values.numbers(options.get("offset", 0.0), "offset"),
    }


def _rescaled(options: Options, shapes: Shapes) -> Shape:
    _check_bands(options, ("scale", "offset"), last_axis(shapes[0]))
    return shapes[0]


def _check_bands(options: Options, keys: tuple[str, ...], bands: int) -> None:
    for key in keys:
        if isinstance(options.get(key), list) and len(options[key]) != bands:
            raise ValueError(f"{key} of {len(options[key])} values for {bands} bands")


def _read_standardising(options: Options) -> Options:
    read: Options = {"axis": values.axis(options.get("axis", -1)), "invert": values.flag(options, "invert", False)}
    if options.get("mean") is None:
        return read
    return {**read, **{key: values.numbers(options[key], key) for key in ("mean", "variance")}}


def _standardised(options: Options, shapes: Shapes) -> Shape:
    _check_bands(options, ("mean", "variance"), last_axis(shapes[0]))
    return _normalised(options, shapes)


def _standardising_weights(options: Options, shape: Shape) -> dict[str, Shape]:
    # The third one that Keras saves counts the samples that were seen; it changes nothing.
    return {} if "mean" in options else dict.fromkeys(("mean", "variance"), (last_axis(shape),))


KINDS: dict[str, Kind] = {
    "Activation": Kind(_read_activation),
    "BatchNormalization": Kind(_read_norm, _normalised, _norm_weights),
    "ELU": Kind(_read_elu),
    "LeakyReLU": Kind(_read_leaky),
    "Normalization": Kind(_read_standardising, _standardised, _standardising_weights, weights_are_arguments=True),
    "PReLU": Kind(_read_prelu, _prelu, _prelu_weights),
    "ReLU": Kind(_read_relu),
    "Rescaling": Kind(_read_rescaling, _rescaled),
    "Softmax": Kind(_read_softmax, _softmax),
    "ThresholdedReLU": Kind(_read_thresholded),
}
"""Kinds by Keras class name."""
