"""Readers of single settings: each gives a checked plain value, or says with a ValueError what it found instead."""

from __future__ import annotations

import math
from typing import Any

Options = dict[str, Any]
"""Settings of a layer: as saved, or as they are passed to a Keras constructor."""

_LARGEST = 1e30
"""Largest number believed; float32 ends at 3e38."""
MAX_SPATIAL = 64
"""Largest kernel, stride, dilation or factor believed."""
MAX_SIZE = 1 << 14
"""Most rows or columns that are resized to."""
MAX_MARGIN = 1024
"""Most pixels that are padded or cut off at a side."""
MAX_FILTERS = 1 << 14
"""Most bands of a convolution."""
MAX_CONSTANT = 1 << 16
"""Most numbers in a constant that stands in the description of a network."""
MAX_UNITS = 1 << 20
"""Most units of a dense layer, or largest dimension of a reshaped value."""

ACTIVATIONS = frozenset(
    {
        "elu",
        "exponential",
        "gelu",
        "hard_sigmoid",
        "leaky_relu",
        "linear",
        "mish",
        "relu",
        "relu6",
        "selu",
        "sigmoid",
        "silu",
        "softmax",
        "softplus",
        "softsign",
        "swish",
        "tanh",
    }
)
"""Activations by the name Keras 2 saves."""


def only(options: Options, key: str, *plain: Any) -> None:
    """A setting that may be missing, as other versions leave it out, but must not say anything else."""
    if options.get(key, plain[0]) not in plain:
        raise ValueError(f"{key} {options[key]!r}")


def bands_last(options: Options) -> None:
    """The layout of Keras on CPUs, which is also meant where the file says nothing."""
    only(options, "data_format", "channels_last", None)


def one_of(options: Options, key: str, *allowed: str, default: str | None = None) -> str:
    """A word from a short list."""
    value = options[key] if default is None else options.get(key, default)
    if value not in allowed:
        raise ValueError(f"{key} {value!r}")
    return str(value)


def activation(options: Options) -> str:
    """One of :data:`ACTIVATIONS`."""
    value = options.get("activation") or "linear"
    if not isinstance(value, str) or value not in ACTIVATIONS:
        raise ValueError(f"activation {value!r}")
    return value


def flag(options: Options, key: str, default: bool | None = None) -> bool:
    """True or false."""
    value = options[key] if default is None else options.get(key, default)
    if not isinstance(value, bool):
        raise ValueError(f"{key} {value!r}")  # noqa: TRY004 - the file is at fault, not a caller
    return value


def integer(value: Any, low: int, high: int, what: str) -> int:
    """A whole number from ``low`` to ``high``."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{what} {value!r}")
    return value


def number(value: Any, what: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number from ``low`` to ``high``."""
    # Keras 2.2 wrote numpy scalars as {"type": "ndarray", "value": 6.0}.
    plain = value.get("value") if isinstance(value, dict) else value
    # Compared before it becomes a float: a whole number can be too large for that.
    if (
        isinstance(plain, bool)
        or not isinstance(plain, int | float)
        or not max(low, -_LARGEST) <= plain <= min(high, _LARGEST)
    ):
        raise ValueError(f"{what} {value!r}")
    return float(plain)


def numbers(value: Any, what: str) -> float | list[float]:
    """A finite number, or a list of them."""
    if isinstance(value, list) and 0 < len(value) <= MAX_FILTERS:
        return [number(each, what) for each in value]
    return number(value, what)


Array = float | list[Any]
"""A number, or a list of lists of numbers."""


def array(value: Any, what: str) -> Array:
    """A constant: a finite number, or lists of lists of them that make up an array of at most four axes."""
    if isinstance(value, dict) and value.get("class_name") in {"__numpy__", "__tensor__"}:
        config = value.get("config")
        value = config.get("value") if isinstance(config, dict) else None
    found = _array(value, what, 4)
    if math.prod(extent(found)) > MAX_CONSTANT:
        raise ValueError(f"{what} of {extent(found)} numbers")
    return found


def _array(value: Any, what: str, axes: int) -> Array:
    if not isinstance(value, list):
        return number(value, what)
    parts = [_array(each, what, axes - 1) for each in value] if 0 < len(value) <= MAX_CONSTANT and axes else []
    if not parts or len({extent(part) for part in parts}) > 1:
        raise ValueError(f"{what} {value!r}")
    return parts


def extent(value: Array) -> tuple[int, ...]:
    """The shape of a constant."""
    return (len(value), *extent(value[0])) if isinstance(value, list) else ()


def pair(options: Options, key: str, default: tuple[int, int] | None = None, least: int = 1) -> tuple[int, int]:
    """Two whole numbers from ``least`` on, of rows and columns."""
    value = options[key] if default is None else options.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"{key} {value!r}")
    return integer(value[0], least, MAX_SPATIAL, key), integer(value[1], least, MAX_SPATIAL, key)


def margins(options: Options, key: str) -> tuple[tuple[int, int], tuple[int, int]]:
    """Pixels above and below, left and right."""
    value = options[key]
    if not isinstance(value, list) or len(value) != 2 or any(not isinstance(s, list) or len(s) != 2 for s in value):
        raise ValueError(f"{key} {value!r}")
    (top, bottom), (left, right) = ([integer(end, 0, MAX_MARGIN, key) for end in side] for side in value)
    return (top, bottom), (left, right)


def axis(value: Any, what: str = "axis") -> int:
    """An axis; Keras writes a single one as a number or as a list of one."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return integer(value, -4, 4, what)
