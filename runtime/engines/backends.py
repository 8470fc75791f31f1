"""The backends there are, and what each can do: plain facts, without importing any of them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from landslip.runtime.errors import EngineError

if TYPE_CHECKING:
    from landslip.runtime.artifacts.onnx_file import OnnxFile

PRECISIONS = ("fp32", "fp16", "bf16", "int8", "int8+bf16")
"""Number formats that a network can be computed in; ``int8+bf16`` is INT8, with bf16 for what that leaves in float."""


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
    only_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Devices that compute in some of ``precisions``, for those that not all of ``devices`` do."""
    computes: str | None = None
    """Function that tells whether a device of this machine has the arithmetic of a precision: ``module:function``,
    called with device and precision. None where that is seen only when a model is opened."""
    shares_features: bool = False
    """True if its engines can compute the features apart that overlapping tiles share, on the CPU."""
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
        if device not in ("auto", *self.only_on.get(precision, self.devices)):
            places = " or ".join(self.only_on[precision])
            return (
                f"{self.name} computes in {precision} on the {places} alone, as its other devices take fp16 for what "
                f"is not quantised. Run with `device` {places}, or with `precision` {file.precision}."
            )
        return None

    def precision_for(self, file: OnnxFile, requested: str, device: str = "auto") -> str:
        """Number format to compute an artifact in; see :meth:`objection`.

        Raises:
            EngineError: it cannot run the artifact, or not in that precision or on that device.
        """
        if objection := self.objection(file, requested, device):
            raise EngineError(objection)
        return file.precision if requested == "auto" else requested

    def computed_on(self, device: str) -> tuple[str, ...]:
        """Number formats of :data:`PRECISIONS` that a device of this machine computes in, as far as the library tells.

        Raises:
            EngineError: it is not installed, or does not load.
        """
        known = {each for run_in in self.precisions.values() for each in run_in}
        here = [each for each in PRECISIONS if each in known and device in self.only_on.get(each, self.devices)]
        if self.computes is None:
            return tuple(here)
        computes = self._loaded(self.computes)
        return tuple(each for each in here if computes(device, each))

    def load(self) -> Any:
        """Import the class of its engine.

        Raises:
            EngineError: it is not installed, or does not load.
        """
        return self._loaded(self.engine)

    def _loaded(self, place: str) -> Any:
        module, name = place.split(":")
        try:
            return getattr(importlib.import_module(module), name)
        except ImportError as error:
            if isinstance(error, ModuleNotFoundError) and error.name == self.package:
                raise EngineError(f"{self.missing}.") from error
            raise EngineError(
                f"{self.name} is installed but does not load ({error}).",
                "Install it again, or the libraries it asks for.",
            ) from error


def run_precisions(backend: Backend, file: OnnxFile, device: str = "auto") -> tuple[str, ...]:
    """Number formats that a backend can compute an artifact in on this machine, as far as that is known before.

    Args:
        backend: the library.
        file: the artifact.
        device: one of its devices, or ``auto`` for the usual one.

    Returns:
        Some of :data:`PRECISIONS`, the artifact's own first; none where it does not run the artifact, or is not
        installed.

    Raises:
        EngineError: it does not load.
    """
    if not backend.installed or backend.objection(file, device=device) is not None:
        return ()
    computed = backend.computed_on(backend.devices[0] if device == "auto" else device)
    return tuple(each for each in backend.precisions[file.precision] if each in computed)


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
            "export --precision, or take `engine` openvino for bf16 and int8+bf16.",
            shares_features=True,
        ),
        Backend(
            name="openvino",
            engine="landslip.runtime.engines.open_vino:OpenVinoEngine",
            package="openvino",
            extra="openvino",
            devices=("cpu", "gpu", "npu"),
            targets=("onnx", "openvino"),
            precisions={
                "fp32": ("fp32", "bf16", "fp16"),
                "fp16": ("fp16", "fp32", "bf16"),
                "int8": ("int8", "int8+bf16"),
            },
            advice="int8 and int8+bf16 need an artifact that was quantised (landslip export --precision int8), and "
            "that one computes in nothing else.",
            only_on={"int8+bf16": ("cpu",)},
            computes="landslip.runtime.engines.open_vino:computes",
            shares_features=True,
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
