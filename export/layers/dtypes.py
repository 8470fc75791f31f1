"""Reads the number types of saved layers.

Everything is rebuilt in floating point. A layer that computes with whole numbers wraps around and truncates, which no
rebuilt one does.
"""

from __future__ import annotations

from typing import Any

from landslip.export.layers.values import Options
from landslip.runtime.untrusted.printable import shown

_FLOATS = frozenset({"bfloat16", "float16", "float32", "float64", "mixed_bfloat16", "mixed_float16"})
_INFERRED = frozenset({"_infer", "infer"})
"""TensorFlow 2.0: the type of what goes in, which is checked where it comes from."""
_INTEGERS = frozenset({"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"})


def check_floating(options: Options) -> None:
    """Refuse a layer that computes with anything but floating-point numbers."""
    name = _name(options.get("dtype"))
    if name not in _FLOATS | _INFERRED:
        raise ValueError(f"dtype {shown(options['dtype'])}")


def takes_integers(options: Options) -> bool:
    """Tell whether an input layer takes whole numbers, and not floating-point ones."""
    name = _name(options.get("dtype"))
    if name in _INTEGERS:
        return True
    check_floating(options)
    return False


def _name(value: Any) -> Any:
    """A type is saved as its name, or as a policy with a name; many files leave it out, or have null."""
    if isinstance(value, dict):
        config = value.get("config")
        value = config.get("name") if isinstance(config, dict) else value
    return "float32" if value is None else value if isinstance(value, str) else ""
