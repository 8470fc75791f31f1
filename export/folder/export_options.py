"""Options of an export. This module imports nothing heavy, so that the command line can list them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

if TYPE_CHECKING:
    from landslip.runtime.artifacts.parity import Gate

Precision = Literal["fp32", "fp16", "int8"]
"""Number format that the network computes in."""

Target = Literal["onnx", "openvino", "tensorrt"]
"""Backend that is to run it; ``onnx`` for ONNX Runtime, and for any other that takes such a file."""

PRECISIONS: tuple[Precision, ...] = get_args(Precision)
TARGETS: tuple[Target, ...] = get_args(Target)

RUN_PRECISIONS = {
    "int8+bf16": "int8+bf16 is what an engine computes in, not what a file holds. Export int8 for target openvino, and "
    "run that with: landslip map --engine openvino --precision int8+bf16.",
    "bf16": "bf16 is what an engine computes in, not what a file holds. Export fp32, and run that with: "
    "landslip map --engine openvino --precision bf16.",
}
"""Precisions of a run that are no precisions of an artifact, and what to do instead."""


@dataclass(frozen=True)
class ExportOptions:
    """Options for making artifacts; the defaults suit the published network."""

    targets: tuple[Target, ...] = ("onnx",)
    """Backends. fp32 and fp16 artifacts are the same for all, and are checked with each; int8 has one for each."""
    calibrate: Path | None = None
    """SCENE.toml to calibrate int8 on and to judge by; None for generated scenes."""
    gates: Mapping[str, Gate] | None = None
    """Gate of each precision; None for :data:`landslip.runtime.artifacts.parity.GATES`."""
    reduced_range: bool = False
    """7-bit weights, for CPUs without VNNI."""
    build: bool = True
    """Build the engines of target ``tensorrt`` on this machine; otherwise the ONNX files for it are all."""
    workspace: int | None = None
    """Most scratch memory of a layer of such an engine, bytes; None for all there is."""
