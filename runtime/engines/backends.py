"""The backends there are, and what each can do: plain facts, without importing any of them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from landslip.runtime.errors import EngineError

if TYPE_CHECKING:
    from landslip.runtime.artifacts.onnx_file import OnnxFile

PRECISIONS = ("fp32", "fp16", "bf16", "int8")
"""Number formats that a network can be computed in."""


@dataclass(frozen=True)
class Backend:
    """A library that runs models."""

    name: str
    """Name a user asks for it by."""
    engine: str
    """Class of its :class:`~landslip.runtime.engines.Engine`: ``module:class``, made as ``Class(model, options)``."""
    package: str
    """Package that has to be importable."""
    extra: str
    """Extra of landslip that installs it."""
    devices: tuple[str, ...]
    """Devices it runs on, the usual first."""
    targets: tuple[str, ...]
    """``landslip.target`` of the artifacts it runs."""
    precisions: Mapping[str, tuple[str, ...]]
    """Number formats it can compute an artifact of each precision in, the artifact's own first."""
    advice: str
    """Advice where none of ``precisions`` is the wanted one."""
    automatic: bool = True
    """True if it may be chosen for an artifact that any backend runs without being asked for."""

    @property
    def installed(self) -> bool:
        """Tell whether its package is there; it may still fail to load."""
        return importlib.util.find_spec(self.package) is not None

    @property
    def missing(self) -> str:
        """Sentence on what to do when it is not installed."""
        return f"{self.name} is not installed. Install it with: pip install 'landslip[{self.extra}]'"

    def objection(self, file: OnnxFile, precision: str = "auto", device: str = "auto") -> str | None:
        """Reason why it cannot run an artifact, in a sentence; None if it can.

        Args:
            file: the artifact.
            precision: what is to be computed in: one of :data:`PRECISIONS`, or ``auto`` for the artifact's own.
            device: where, or ``auto``.
        """
        if device not in ("auto", *self.devices):
            places = " or ".join(self.devices)
            return f"{self.name} does not run on {device}. Run with `device` {places}, or take another engine."
        if file.target not in self.targets:
            return (
                f"{file.path} is made for {file.target}, and {self.name} would compute something else from it. "
                "Take the engine it is made for, or another artifact."
            )
        if precision not in ("auto", *self.precisions[file.precision]):
            return f"{self.name} cannot compute {file.path}, which is {file.precision}, in {precision}: {self.advice}"
        return None

    def precision_for(self, file: OnnxFile, requested: str, device: str = "auto") -> str:
        """Number format to compute an artifact in; see :meth:`objection`.

        Raises:
            EngineError: it cannot run the artifact, or not in that precision or on that device.
        """
        if objection := self.objection(file, requested, device):
            raise EngineError(objection)
        return file.precision if requested == "auto" else requested

    def load(self) -> Any:
        """Import the class of its engine.

        Raises:
            EngineError: it is not installed, or does not load.
        """
        module, name = self.engine.split(":")
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError as error:
            if isinstance(error, ModuleNotFoundError) and error.name == self.package:
                raise EngineError(f"{self.missing}.") from error
            raise EngineError(
                f"{self.name} is installed but does not load ({error}).",
                "Install it again, or the libraries it asks for.",
            ) from error


_AS_EXPORTED = {"fp32": ("fp32",), "fp16": ("fp16",), "int8": ("int8",)}

BACKENDS: dict[str, Backend] = {
    backend.name: backend
    for backend in (
        Backend(
            name="onnxruntime",
            engine="landslip.runtime.engines.onnx_runtime:OnnxRuntimeEngine",
            package="onnxruntime",
            extra="cpu",
            devices=("cpu", "cuda"),
            targets=("onnx",),
            precisions=_AS_EXPORTED,
            advice="it computes an artifact in the precision it was exported in. Export another one with landslip "
            "export --precision, or take `engine` openvino for bf16.",
        ),
        Backend(
            name="openvino",
            engine="landslip.runtime.engines.open_vino:OpenVinoEngine",
            package="openvino",
            extra="openvino",
            devices=("cpu", "gpu", "npu"),
            targets=("onnx", "openvino"),
            precisions={"fp32": ("fp32", "bf16", "fp16"), "fp16": ("fp16", "fp32", "bf16"), "int8": ("int8",)},
            advice="int8 needs an artifact that was quantised (landslip export --precision int8), and that one "
            "computes in nothing else.",
        ),
        Backend(
            name="tensorrt",
            engine="landslip.runtime.engines.tensor_rt:TensorRtEngine",
            package="tensorrt",
            extra="tensorrt",
            devices=("cuda",),
            targets=("onnx", "tensorrt"),
            precisions=_AS_EXPORTED,
            advice="it computes an artifact in the precision it was exported in. Export another one with landslip "
            "export --precision.",
            automatic=False,
        ),
    )
}
"""Backends by name, in the order they are chosen."""
