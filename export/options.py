"""Reads the settings of saved layers: each class has a reader that keeps what changes the result and checks it.

What is kept are plain numbers, flags and words from short lists, fit to be passed to a Keras constructor. Everything
else (initialisers, regularisers, constraints, dtypes, keys of other Keras versions) is dropped unread: it has no effect
on a network whose weights are loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Options = dict[str, Any]

_SPATIAL = 64
"""Largest kernel, stride, padding or factor believed."""
_FILTERS = 1 << 14


def _read_input(options: Options) -> Options:
    shape = options["batch_input_shape"]
    if not isinstance(shape, list) or len(shape) != 4:
        raise ValueError(f"input shape {shape}")
    return {"bands": _integer(shape[3], 1, 64, "bands")}


def _read_conv(options: Options) -> Options:
    _only(options, "data_format", "channels_last")
    _only(options, "groups", 1)
    return {
        "filters": _integer(options["filters"], 1, _FILTERS, "filters"),
        "kernel_size": _pair(options, "kernel_size"),
        "strides": _pair(options, "strides"),
        "dilation_rate": _pair(options, "dilation_rate"),
        "padding": _one_of(options, "padding", ("valid", "same")),
        "activation": _one_of(options, "activation", ("linear", "relu", "sigmoid")),
        "use_bias": _flag(options, "use_bias"),
    }


def _read_norm(options: Options) -> Options:
    if options["axis"] not in (3, -1, [3], [-1]):
        raise ValueError(f"axis {options['axis']}")
    epsilon = float(options["epsilon"])
    if not 0 < epsilon < 1:
        raise ValueError(f"epsilon {epsilon}")
    return {"epsilon": epsilon, "center": _flag(options, "center"), "scale": _flag(options, "scale")}


def _read_padding(options: Options) -> Options:
    _only(options, "data_format", "channels_last")
    sides = options["padding"]
    if not isinstance(sides, list) or len(sides) != 2 or any(not isinstance(s, list) or len(s) != 2 for s in sides):
        raise ValueError(f"padding {sides}")
    return {"padding": tuple(tuple(_integer(end, 0, _SPATIAL, "padding") for end in side) for side in sides)}


def _read_pooling(options: Options) -> Options:
    _only(options, "data_format", "channels_last")
    return {
        "pool_size": _pair(options, "pool_size"),
        "strides": _pair(options, "strides"),
        "padding": _one_of(options, "padding", ("valid", "same")),
    }


def _read_upsampling(options: Options) -> Options:
    _only(options, "data_format", "channels_last")
    _only(options, "interpolation", "nearest")
    return {"size": _pair(options, "size")}


def _read_concatenate(options: Options) -> Options:
    if options.get("axis") not in (3, -1):
        raise ValueError(f"axis {options.get('axis')}")
    return {}


def _read_activation(options: Options) -> Options:
    return {"activation": _one_of(options, "activation", ("linear", "relu", "sigmoid"))}


def _read_relu(options: Options) -> Options:
    for key, plain in (("max_value", None), ("negative_slope", 0.0), ("threshold", 0.0)):
        _only(options, key, plain)
    return {}


def _read_nothing(_: Options) -> Options:
    return {}


READERS: dict[str, Callable[[Options], Options]] = {
    "Activation": _read_activation,
    "Add": _read_nothing,
    "BatchNormalization": _read_norm,
    "Concatenate": _read_concatenate,
    "Conv2D": _read_conv,
    "InputLayer": _read_input,
    "MaxPooling2D": _read_pooling,
    "ReLU": _read_relu,
    "UpSampling2D": _read_upsampling,
    "ZeroPadding2D": _read_padding,
}
"""Reader of each layer class that can be rebuilt; KeyError, TypeError or ValueError for what it does not know."""


def _only(options: Options, key: str, value: Any) -> None:
    """A setting that may be missing, as older versions left it out, but must not say anything else."""
    if options.get(key, value) != value:
        raise ValueError(f"{key} {options[key]!r}")


def _one_of(options: Options, key: str, allowed: tuple[str, ...]) -> str:
    value = options[key]
    if value not in allowed:
        raise ValueError(f"{key} {value!r}")
    return str(value)


def _flag(options: Options, key: str) -> bool:
    if not isinstance(options[key], bool):
        raise ValueError(f"{key} {options[key]!r}")  # noqa: TRY004 - the file is at fault, not a caller
    return bool(options[key])


def _pair(options: Options, key: str) -> tuple[int, int]:
    value = options[key]
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{key} {value!r}")
    return _integer(value[0], 1, _SPATIAL, key), _integer(value[1], 1, _SPATIAL, key)


def _integer(value: Any, low: int, high: int, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{what} {value!r}")
    return value
