"""Protocol of an engine: what the runtime asks of one."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from landslip.runtime.artifacts.feature_cut import FeatureValue, SharedFeatures
from landslip.runtime.artifacts.spec import ModelSpec

if TYPE_CHECKING:
    from typing_extensions import Self

Device = Literal["cpu", "cuda", "gpu", "npu"]


class Engine(Protocol):
    """A model ready to run on a device; at most :attr:`lanes` threads call it at a time."""

    @property
    def name(self) -> str:
        """Name of the engine, such as ``onnxruntime``."""
        ...

    @property
    def version(self) -> str:
        """Version of the library that runs it."""
        ...

    @property
    def device(self) -> str:
        """Device it runs on: ``cpu``, ``cuda``, or Intel's ``gpu`` or ``npu``."""
        ...

    @property
    def precision(self) -> str:
        """Number format it computes in: ``fp32``, ``fp16``, ``bf16``, ``int8`` or ``int8+bf16``."""
        ...

    @property
    def lanes(self) -> int:
        """Calls of :meth:`infer` that may be under way at once, each from a thread of its own."""
        ...

    @property
    def spec(self) -> ModelSpec:
        """Description of what the model expects."""
        ...

    def infer(self, batch: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Run a batch.

        Args:
            batch: every input of the spec by name: (n, bands, tile, tile) in raw units and the type of the spec.

        Returns:
            Confidence (n, bands, tile, tile) float32, 0..1, as many bands as the spec's ``output_bands``: of landslide,
            or of each class. The caller may keep it.

        Raises:
            EngineError: the engine failed.
        """
        ...

    def close(self) -> None:
        """Free the device."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class SharingEngine(Engine, Protocol):
    """An engine that computes features apart, once for all tiles that show a place.

    The batches of its :meth:`infer` hold these features, too. An engine is one when :func:`sharing` says so.
    """

    @property
    def shared(self) -> SharedFeatures | None:
        """Features that it computes apart; None where it takes the inputs alone, as any engine does."""
        ...

    def features(self, batch: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Compute the features of a batch; one more thread may call it beside those of :meth:`infer`.

        Args:
            batch: every input of the spec by name: (n, bands, tile, tile), as many as a batch of :meth:`infer` has.

        Returns:
            Features by name: (n, bands, tile, tile) in their own type. The caller may keep them.

        Raises:
            EngineError: the engine failed.
        """
        ...


def sharing(engine: Engine) -> SharingEngine | None:
    """The engine as one that computes features apart; None where it does not."""
    return cast(SharingEngine, engine) if getattr(engine, "shared", None) is not None else None


def shared_values(engine: Engine) -> tuple[FeatureValue, ...]:
    """Features that the batches of an engine hold besides the inputs; none but those of :func:`sharing` have any."""
    found = sharing(engine)
    return found.shared.values if found is not None and found.shared is not None else ()
