"""An engine of ours as those call a network who compute with torch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from landslip.runtime.access import bound_pyogrio  # noqa: F401 - before torch: libraries of peers import TensorFlow
from landslip.runtime.engines import Engine
from landslip.runtime.errors import UsageError

try:
    import torch  # pyright: ignore[reportMissingImports]
except ImportError as error:
    raise UsageError(
        f"The comparison with others needs torch, which is not usable here ({error}). "
        "Install it with: pip install 'landslip[bench-peers]'"
    ) from error

Predictor = Callable[[Any], Any]
"""Function from windows (n, bands, tile, tile) to confidence (n, 1, tile, tile); both torch tensors in float32."""


def use_cores(cores: int) -> None:
    """Let torch compute on that many threads."""
    torch.set_num_threads(cores)


def predictor_of(engine: Engine, batch: int, *, typed: bool = True, kept: bool = False) -> Predictor:
    """An engine as a function of torch tensors.

    Args:
        engine: an open engine.
        batch: tiles per call of the engine; fewer windows are filled up with zeros, as engines take one size.
        typed: turn the windows into the types that its graph takes; an engine without a network can do without.
        kept: the engine keeps what it gives, which is copied then: MONAI multiplies it in place.
    """
    bands = [entry.bands for entry in engine.spec.inputs]

    def predict(windows: Any) -> Any:
        count = len(windows)
        full = windows if count == batch else torch.cat([windows, windows.new_zeros(batch - count, *windows.shape[1:])])
        named = zip(engine.spec.inputs, torch.split(full, bands, dim=1), strict=True)
        arrays: dict[str, NDArray[Any]] = {
            entry.name: (part.to(getattr(torch, entry.dtype)) if typed else part).numpy() for entry, part in named
        }
        confidence = torch.from_numpy(engine.infer(arrays))[:count]
        return confidence.clone() if kept else confidence

    return predict
