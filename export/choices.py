"""What an export can be asked for. Imports nothing heavy, so that the command line can list it."""

from __future__ import annotations

from typing import Literal, get_args

Precision = Literal["fp32"]
"""What the network computes in."""

Target = Literal["onnx"]
"""What kind of file is made."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
TARGETS: tuple[Target, ...] = get_args(Target)
